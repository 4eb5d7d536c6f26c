"""All live conversations of this process."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from weakref import WeakValueDictionary

from mascot.conversation.events import Barge, Opened, Pace
from mascot.conversation.personas import Cast
from mascot.conversation.text import clean
from mascot.conversation.transcript import PERSON
from mascot.director.base import Policy
from mascot.director.select import make_policy
from mascot.engines.base import Engine
from mascot.errors import InputError, NotFoundError
from mascot.live.conversation import Conversation, Table
from mascot.live.journal import Entry, Journal, Listing
from mascot.live.limits import Limits
from mascot.live.speaker import Speaker
from mascot.live.waiting import WaitingLine
from mascot.safety.recogniser import CrisisRecogniser

UNTITLED = "New conversation"
MAX_TITLE = 80
_AWAKE = 256
"""Conversations kept in memory; beyond, silent ones are folded from the journal again when needed."""
_PATIENCE = 2.0
"""Seconds in which whoever is silenced should have noticed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Defaults:
    """What a new conversation starts with."""

    policy: str = "model"
    max_turns: int = 4
    """Most persona turns of a round."""
    pace: Pace = "reading"


@dataclass(frozen=True)
class Room:
    """How many conversations an engine can bear."""

    places: int = 8
    """Turns made at the same time."""
    waiting: int = 64
    """Conversations that may wait for a place; beyond, new messages are kindly refused."""
    patience: float = 600.0
    """Seconds after which a conversation that waits gives the floor back, and says why."""


class Live:
    """Opens, finds and deletes conversations, and passes on what the person does.

    Every method that takes an id raises NotFoundError for a conversation that does not exist.
    """

    def __init__(
        self,
        journal: Journal,
        cast: Cast,
        engine: Engine,
        speaker: Speaker,
        recogniser: CrisisRecogniser,
        defaults: Defaults = Defaults(),
        room: Room = Room(),
        limits: Limits | None = None,
    ) -> None:
        self.cast = cast
        self._journal = journal
        self._engine = engine
        self._speaker = speaker
        self._recogniser = recogniser
        self.defaults = defaults
        self._limits = limits or Limits()
        self._lock = threading.RLock()
        self._awake: OrderedDict[str, Conversation] = OrderedDict()
        # One that was put aside while somebody still holds it is found here: there is never a second of it.
        self._held: WeakValueDictionary[str, Conversation] = WeakValueDictionary()
        self._listeners: dict[str, list[Callable[[], None]]] = {}
        self._policies: dict[str, Policy] = {}
        self._line = WaitingLine(room.places, room.waiting, self._tell, room.patience)
        self._deletions: list[Callable[[Sequence[str]], object]] = []

    def open(self, owner: str, seed: int | None = None, visitor: str = "") -> str:
        """A new conversation of everyone in the cast; returns its id, which is also its secret.

        Raises:
            BusyError: this visitor has begun as many as they may; see `Limits`.
        """
        self._limits.conversation(visitor)
        first = Opened(
            cast=self.cast.ids,
            policy=self.defaults.policy,
            seed=secrets.randbelow(2**31) if seed is None else seed,
            max_turns=self.defaults.max_turns,
            pace=self.defaults.pace,
            engine=self._engine.info.engine,
            model=self._engine.info.model,
        )
        return self._journal.create(owner, UNTITLED, first)

    def conversations(self, owner: str) -> list[Listing]:
        """The owner's conversations, the latest first."""
        return self._journal.listings(owner)

    def title(self, id: str) -> str:
        return self._journal.title(id)

    def rename(self, id: str, title: str) -> None:
        """Raises InputError for an empty title; a long one is cut at 80 characters."""
        title = " ".join(clean(title).split())
        if not title:
            raise InputError("the title is empty: write one")
        self._journal.rename(id, title[:MAX_TITLE])
        self._tell(id)

    def delete(self, *ids: str) -> None:
        """Delete conversations for good, whoever is speaking, and wherever else they are kept.

        Raises:
            NotFoundError: one of them is not there; the others are deleted.
            StoreError: here they are deleted, but a copy elsewhere could not be reached yet.
        """
        missing = None
        for id in ids:
            try:
                self._delete(id)
            except NotFoundError as error:
                missing = error
        for deed in self._deletions:
            deed(ids)
        if missing:
            raise missing

    def also_delete(self, deed: Callable[[Sequence[str]], object]) -> None:
        """Have this done too before a deletion is acknowledged; a StoreError of it is the deletion's."""
        self._deletions.append(deed)

    def say(
        self,
        id: str,
        text: str,
        *,
        key: str = "",
        barge: Barge = "interrupt",
        addressed: Sequence[str] = (),
        visitor: str = "",
    ) -> int:
        """See `Conversation.say`. The first message that tells of no crisis becomes the title."""
        conversation = self._conversation(id)
        seq = conversation.say(text, key, barge, addressed, visitor)
        heard = [turn.text for turn in conversation.transcript.heard if turn.speaker == PERSON]
        if heard and self._journal.title(id) == UNTITLED:
            words = " ".join(heard[0].split())
            self.rename(id, words if len(words) <= 60 else words[:59].rsplit(" ", 1)[0] + "…")
        return seq

    def ask(self, id: str, agent: str, visitor: str = "") -> None:
        self._conversation(id).ask(agent, visitor)

    def go_on(self, id: str, visitor: str = "") -> None:
        self._conversation(id).go_on(visitor)

    def enough(self, id: str) -> None:
        self._conversation(id).enough()

    def stop(self, id: str) -> None:
        self._conversation(id).stop()

    def mute(self, id: str, agent: str, muted: bool) -> None:
        self._conversation(id).mute(agent, muted)

    def set_pace(self, id: str, pace: Pace) -> None:
        self._conversation(id).set_pace(pace)

    def acknowledge(self, id: str) -> None:
        self._conversation(id).acknowledge()

    def wake(self, id: str) -> None:
        self._conversation(id).wake()

    def wait(self, id: str, timeout: float | None = None) -> None:
        """Until the group no longer has the floor, or the time is up."""
        self._conversation(id).join(timeout)

    def entries(self, id: str, after: int = 0) -> list[Entry]:
        """What the journal has after a sequence number."""
        return self._journal.entries(id, after)

    def place_in_line(self, id: str) -> int:
        """1 for the conversation whose turn is made next; 0 for one that waits for nothing."""
        return self._line.place(id)

    def expected_wait(self, id: str) -> float | None:
        """Seconds until its turn is made, about; None where nobody can say, or it waits for nothing."""
        return self._line.expected(id)

    def listen(self, id: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called, from any thread, after each commit; returns the unsubscriber.

        A callback that raises is not called again.
        """
        with self._lock:
            self._listeners.setdefault(id, []).append(callback)
        return partial(self._tell_no_more, id, callback)

    def table(self) -> Table:
        """What a round needs that no journal keeps: it stands in the same line and under the same limits."""
        return self._table(self.defaults.policy)

    def close(self) -> None:
        """Silence every conversation; all of them can be resumed from the journal."""
        with self._lock:
            conversations = list(self._held.values())
            self._awake.clear()
        _silence(conversations)
        self._journal.close()

    def _conversation(self, id: str) -> Conversation:
        with self._lock:
            conversation = self._held.get(id)
            if conversation is None:
                opened = self._journal.entries(id)[0].event
                policy = opened.policy if isinstance(opened, Opened) else self.defaults.policy
                conversation = Conversation(id, self._table(policy), lambda: self._tell(id))
            self._held[id] = self._awake[id] = conversation
            self._awake.move_to_end(id)
            self._make_room()
            return conversation

    def _table(self, policy: str) -> Table:
        if policy not in self._policies:
            self._policies[policy] = make_policy(policy, self._engine)
        return Table(
            self._journal,
            self.cast,
            self._policies[policy],
            self._speaker,
            self._recogniser,
            self._line,
            self._limits,
        )

    def _make_room(self) -> None:
        for id, conversation in list(self._awake.items())[:-1]:
            if len(self._awake) <= _AWAKE:
                return
            if not conversation.busy and id not in self._listeners:
                del self._awake[id]

    def _tell(self, id: str) -> None:
        with self._lock:
            callbacks = list(self._listeners.get(id, ()))
        for callback in callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - what was said is saved: whoever cannot hear it stops nobody
                _log.exception("a listener failed, and hears nothing more of this conversation")
                self._tell_no_more(id, callback)

    def _delete(self, id: str) -> None:
        with self._lock:
            conversation = self._held.get(id)
        if conversation is not None:
            _silence([conversation])
        try:
            self._journal.delete(id)
        finally:
            with self._lock:
                self._awake.pop(id, None)
                self._held.pop(id, None)
        self._tell(id)

    def _tell_no_more(self, id: str, callback: Callable[[], None]) -> None:
        with self._lock:
            callbacks = self._listeners.get(id, [])
            if callback in callbacks:
                callbacks.remove(callback)
            if not callbacks:
                self._listeners.pop(id, None)


def _silence(conversations: Sequence[Conversation]) -> None:
    """Close them all, then wait for them all together: a model that is thinking cannot be hurried."""
    for conversation in conversations:
        conversation.close()
    until = time.monotonic() + _PATIENCE
    for conversation in conversations:
        conversation.join(max(0.0, until - time.monotonic()))
