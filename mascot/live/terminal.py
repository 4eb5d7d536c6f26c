"""A live conversation in a terminal: the same loop, printed as it happens."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from mascot.conversation.events import (
    Crisis,
    Directive,
    Event,
    Interrupted,
    Speech,
    UserSaid,
    Utterance,
    Yielded,
)
from mascot.conversation.personas import Cast
from mascot.live.service import Live

_SHOWN = (UserSaid, Directive, Utterance, Yielded, Crisis, Interrupted)

Write = Callable[[str], None]


def converse(
    live: Live, id: str, messages: Iterable[str], turns: int | None, write: Write, as_json: bool
) -> bool:
    """Say each message and let the group answer it.

    Args:
        turns: persona turns after each message, exactly so many: when the director yields before, the
            group is told to go on. None leaves the end of the round to the director.
        write: takes one line of output, without its line break.
        as_json: one event per line, the last one a summary; otherwise text to read.

    Returns:
        False if the crisis recogniser fired: the group is silent from there on, and further messages
        are not said.
    """
    printer = _Printer(live, id, write, as_json, turns)
    unsubscribe = live.listen(id, printer.update)
    try:
        for message in messages:
            printer.left = turns
            live.say(id, message)
            live.wait(id)
            for _ in range(turns or 0):
                if printer.crisis or printer.failed or not printer.left:
                    break
                live.go_on(id)
                live.wait(id)
            if printer.crisis:
                break
    finally:
        unsubscribe()
        printer.close()
    return not printer.crisis


class _Printer:
    """Writes events once each, in order, and adds them up."""

    def __init__(self, live: Live, id: str, write: Write, as_json: bool, left: int | None) -> None:
        self._live = live
        self._id = id
        self._write = write
        self._as_json = as_json
        self._lock = threading.Lock()
        self._seq = 0
        self._events: list[Event] = []
        self.crisis = False
        self.failed = False
        """The last round ended because the engine could not answer."""
        self.left = left
        """Persona turns until the group is told that it is enough."""

    def update(self) -> None:
        """Write what the journal has that was not written yet."""
        before = self.left
        self._write_news()
        if before and self.left == 0:
            self._live.enough(self._id)

    def _write_news(self) -> None:
        with self._lock:
            for entry in self._live.entries(self._id, self._seq):
                self._seq = entry.seq
                if isinstance(entry.event, Speech):
                    continue
                self._events.append(entry.event)
                self.crisis = self.crisis or isinstance(entry.event, Crisis)
                if isinstance(entry.event, Yielded):
                    self.failed = entry.event.reason == "failure"
                if isinstance(entry.event, Utterance) and self.left:
                    self.left -= 1
                if isinstance(entry.event, _SHOWN):
                    self._show(entry.event)

    def close(self) -> None:
        """Write the summary."""
        if self._as_json:
            self._write(json.dumps({"type": "summary", **self._summary()}, ensure_ascii=False))

    def _show(self, event: Event) -> None:
        if self._as_json:
            self._write(json.dumps(event.model_dump(mode="json", exclude={"key"}), ensure_ascii=False))
        else:
            for line in _readable(event, self._live.cast):
                self._write(line)

    def _summary(self) -> dict[str, Any]:
        utterances = [event for event in self._events if isinstance(event, Utterance)]
        guards: Counter[str] = Counter()
        for utterance in utterances:
            guards.update(utterance.guards)
        return {
            "utterances": len(utterances),
            "agents": sorted({utterance.agent for utterance in utterances}),
            "tokens": sum(utterance.tokens for utterance in utterances),
            "seconds": round(sum(utterance.seconds for utterance in utterances), 3),
            "director_seconds": round(
                sum(event.seconds for event in self._events if isinstance(event, Directive)), 3
            ),
            "guards": dict(sorted(guards.items())),
            "crisis": self.crisis,
        }


def _readable(event: Event, cast: Cast) -> list[str]:  # noqa: PLR0911 - one arm per event
    match event:
        case UserSaid():
            return ["", f"You: {event.text}"]
        case Directive():
            return ["", f"  ({cast[event.agent].name}: {event.action} · {event.tone})"]
        case Utterance():
            return [f"{cast[event.agent].name}: {event.text}"]
        case Interrupted() if event.text:
            return [f"{cast[event.agent].name}: {event.text} — (interrupted)"]
        case Crisis():
            return ["", f"(This may be an emergency: {event.kind}. The group is silent.)"]
        case Yielded():
            return ["", f"({event.line})" if event.line else "(Your turn.)"]
    return []
