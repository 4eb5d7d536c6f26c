"""A stand-in for the live service: remembers what it was told and plays back what a test puts in."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from mascot.conversation.events import Event, Opened, UserSaid
from mascot.conversation.personas import load_cast
from mascot.errors import InputError, NotFoundError


@dataclass
class Talk:
    owner: str
    title: str = ""
    last: int = 0
    place: int = 0
    entries: list[Any] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)


class FakeLive:
    """`deeds` are the calls it got, as tuples; `happen` commits an event and tells the listeners."""

    def __init__(self) -> None:
        self.cast = load_cast()
        self.talks: dict[str, Talk] = {}
        self.deeds: list[tuple[Any, ...]] = []
        self.visitors: list[str] = []
        self._lock = threading.RLock()

    def happen(self, id: str, event: Event) -> int:
        with self._lock:
            talk = self._talk(id)
            talk.last += 1
            seq = talk.last
            talk.entries.append(SimpleNamespace(seq=seq, at=datetime.now(UTC), event=event))
            listeners = list(talk.listeners)
        for listener in listeners:
            listener()
        return seq

    def open(self, owner: str, visitor: str = "") -> str:
        id = secrets.token_urlsafe(16)
        self.talks[id] = Talk(owner)
        self.happen(id, Opened(cast=self.cast.ids, policy="model", seed=0, max_turns=4))
        return id

    def conversations(self, owner: str) -> list[Any]:
        now = datetime.now(UTC)
        return [
            SimpleNamespace(id=id, title=talk.title, created_at=now, updated_at=now)
            for id, talk in reversed(self.talks.items())
            if talk.owner == owner
        ]

    def place_in_line(self, id: str) -> int:
        return self._talk(id).place

    def expected_wait(self, id: str) -> float | None:
        return 12.5 * self._talk(id).place or None

    def wait_in_line(self, id: str, place: int) -> None:
        self._talk(id).place = place
        for listener in list(self._talk(id).listeners):
            listener()

    def title(self, id: str) -> str:
        return self._talk(id).title

    def rename(self, id: str, title: str) -> None:
        self._talk(id).title = title

    def delete(self, id: str) -> None:
        listeners = self._talk(id).listeners
        del self.talks[id]
        for listener in list(listeners):
            listener()

    def say(
        self,
        id: str,
        text: str,
        *,
        key: str,
        barge: str,
        addressed: Sequence[str] = (),
        visitor: str = "",
    ) -> int:
        self.visitors.append(visitor)
        if not text.strip():
            raise InputError("there is nothing in this message")
        for entry in self._talk(id).entries:
            if isinstance(entry.event, UserSaid) and entry.event.key == key:
                return entry.seq
        talk = self._talk(id)
        talk.title = talk.title or text[:40]
        return self.happen(id, UserSaid(text=text, key=key, barge=barge, addressed=tuple(addressed)))  # pyright: ignore

    def entries(self, id: str, after: int = 0) -> list[Any]:
        with self._lock:
            return [entry for entry in self._talk(id).entries if entry.seq > after]

    def listen(self, id: str, callback: Callable[[], None]) -> Callable[[], None]:
        listeners = self._talk(id).listeners
        listeners.append(callback)
        return lambda: listeners.remove(callback)

    def wake(self, id: str) -> None:
        self.deeds.append(("wake", id))

    def ask(self, id: str, agent: str, visitor: str = "") -> None:
        self._talk(id)
        self.cast[agent]
        self.deeds.append(("ask", agent))

    def go_on(self, id: str, visitor: str = "") -> None:
        self._did(id, "go-on")

    def enough(self, id: str) -> None:
        self._did(id, "enough")

    def stop(self, id: str) -> None:
        self._did(id, "stop")

    def acknowledge(self, id: str) -> None:
        self._did(id, "acknowledge")

    def mute(self, id: str, agent: str, muted: bool) -> None:
        self._did(id, "mute", agent, muted)

    def set_pace(self, id: str, pace: str) -> None:
        self._did(id, "pace", pace)

    def _did(self, id: str, *deed: Any) -> None:
        self._talk(id)
        self.deeds.append(deed)

    def _talk(self, id: str) -> Talk:
        try:
            return self.talks[id]
        except KeyError:
            raise NotFoundError("this conversation does not exist") from None
