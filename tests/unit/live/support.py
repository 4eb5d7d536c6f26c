"""A table to try: a real journal in a file, a scripted model, a recogniser that knows one sentence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from mascot.conversation.events import Event, Speech
from mascot.conversation.personas import Cast, load_cast
from mascot.engines.base import Engine, Piece, Request
from mascot.engines.scripted import ScriptedEngine
from mascot.live.journal import Journal
from mascot.live.limits import Limits
from mascot.live.service import Defaults, Live, Room
from mascot.live.speaker import Manner, Speaker

CRISIS = "I want to die"
WAIT = 10.0
"""Seconds after which a thing that was waited for will not happen any more."""
MANNER = Manner()
"""Streams from the first sentence on."""


@dataclass(frozen=True)
class FakeVerdict:
    crisis: bool
    kind: str | None
    score: float


class FakeRecogniser:
    """Fires on one sentence only."""

    def check(self, text: str) -> FakeVerdict:
        crisis = CRISIS in text
        return FakeVerdict(crisis, "suicide" if crisis else None, float(crisis))


def all_different(request: Request) -> str:
    """Two sentences no two of which are alike."""
    n = f"{request.sampling.seed or 0}"
    return " ".join(f"w{n}x{i}" for i in range(5)) + ". " + " ".join(f"v{n}x{i}" for i in range(4)) + "."


class StepEngine(ScriptedEngine):
    """Says "first part. " and then waits until the test lets it go on, or until it is cancelled."""

    def __init__(self) -> None:
        super().__init__(all_different)
        self.go = threading.Event()
        self.cancelled = threading.Event()

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        self._accept(request)
        first, second = all_different(request).split(". ")
        yield Piece(first + ". ", 5)
        while not self.go.wait(0.005):
            if cancel is not None and cancel.is_set():
                self.cancelled.set()
                yield Piece("", 5, "cancelled")
                return
        yield Piece(second, 9, "stop")


def open_live(
    store: Path | Journal,
    engine: Engine | None = None,
    people: Cast | None = None,
    room: Room | None = None,
    limits: Limits | None = None,
    **defaults: Any,
) -> Live:
    journal = store if isinstance(store, Journal) else Journal(f"sqlite:///{store}")
    engine = engine or ScriptedEngine(all_different)
    people = people or load_cast()
    recogniser = cast(Any, FakeRecogniser())
    start = replace(Defaults("round-robin", pace="immediate"), **defaults)
    speaker = Speaker(engine, people, MANNER)
    return Live(journal, people, engine, speaker, recogniser, start, room or Room(), limits)


@contextmanager
def until(live: Live, id: str, happened: Callable[[list[Event]], bool]) -> Iterator[None]:
    """Do something, then wait until the journal shows that it has happened."""
    news = threading.Event()
    unsubscribe = live.listen(id, news.set)
    try:
        yield
        while not happened(events(live, id)):
            assert news.wait(WAIT), f"it never happened; the journal has {events(live, id)}"
            news.clear()
    finally:
        unsubscribe()


def events(live: Live, id: str) -> list[Event]:
    return [entry.event for entry in live.entries(id)]


def types(live: Live, id: str) -> list[str]:
    """What happened, in words; speech is left out."""
    return [event.type for event in events(live, id) if not isinstance(event, Speech)]


def someone_speaks(happened: list[Event]) -> bool:
    return any(isinstance(event, Speech) for event in happened)


def speaking(live: Live) -> str:
    """The id of a conversation in which somebody is in the middle of an utterance."""
    id = live.open("me")
    with until(live, id, someone_speaks):
        live.say(id, "Hello")
    return id
