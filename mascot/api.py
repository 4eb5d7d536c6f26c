"""A conversation with the group in a few lines of Python: what `from mascot import Conversation` gives."""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from mascot.conversation.events import Event, Speech
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Transcript, fold
from mascot.director.select import POLICIES
from mascot.engines.base import Engine
from mascot.errors import InputError
from mascot.live.service import Defaults
from mascot.settings import Settings, read_settings
from mascot.studio import open_studio


class Conversation:
    """One person and the group, as on the page: the same director, guards, crisis path and journal.

    Args:
        engine: where words come from; None is the model that the settings choose, loaded now.
        cast: who sits at the table; None is the paper's four and the cards in the settings' home.
        policy: who directs: "model", "round-robin", "random" or "mention".
        max_turns: most persona turns before the floor goes back to the person, 1 to 20.
        seed: same seed, same engine, same messages: same conversation. None draws one.
        settings: instead of those of the environment.
        store: a database URL in which the conversation is kept; empty keeps it until `close`.

    Raises:
        MascotError: the model, the store or a card cannot be used; one line says which and why.

    `notice` is one line where something could not be had. With an engine of your own and no sentence embedder
    in `home/models`, it says that crises are recognised by patterns alone, which miss more of them.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        cast: Cast | None = None,
        policy: str = "model",
        max_turns: int = 4,
        seed: int | None = None,
        settings: Settings | None = None,
        store: str = "",
    ) -> None:
        if not 1 <= max_turns <= 20:
            raise InputError(f"max_turns={max_turns} is not possible: give a number from 1 to 20")
        if policy not in POLICIES:
            raise InputError(f"unknown policy {policy!r}: choose one of {', '.join(POLICIES)}")
        self._folder = None if store else tempfile.TemporaryDirectory(prefix="mascot-talk-")
        url = store or f"sqlite:///{self._folder.name if self._folder else ''}/talk.db"
        chosen = (settings or read_settings()).model_copy(update={"store": url})
        self._studio = open_studio(chosen, Defaults(policy, max_turns, "immediate"), engine, cast)
        self._live = self._studio.live
        self.cast = self._live.cast
        self.notice = self._studio.notice
        self.id = self._live.open("python", seed)

    def say(self, text: str) -> list[Event]:
        """Say something and wait until the person has the floor again.

        Returns:
            What happened, `text` itself first: directives, utterances, and what ended the round, which is a
            `Yielded`, or a `Crisis`, after which the group is silent.

            An engine that cannot answer is no error: the round ends, and the line of `Yielded` says why.

        Raises:
            InputError: an empty text, or one of more than 4,000 characters.
        """
        return list(self.stream(text))

    def stream(self, text: str) -> Iterator[Event]:
        """As `say`, each event as it happens; whoever stops reading stops the group."""
        return self._until_floor(lambda: self._live.say(self.id, text))

    def ask(self, agent: str) -> list[Event]:
        """Have a persona speak first, by its id. Raises InputError if it does not sit at the table."""
        return list(self._until_floor(lambda: self._live.ask(self.id, agent)))

    def go_on(self) -> list[Event]:
        """Let the group go on among themselves for a round."""
        return list(self._until_floor(lambda: self._live.go_on(self.id)))

    @property
    def events(self) -> list[Event]:
        """Everything that happened so far."""
        return [entry.event for entry in self._live.entries(self.id)]

    @property
    def transcript(self) -> Transcript:
        """What it adds up to: the turns, and whose the floor is."""
        return fold(self.events)

    def close(self) -> None:
        """Give back the engine; a conversation without a store is gone."""
        self._studio.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _until_floor(self, deed: Callable[[], object]) -> Iterator[Event]:
        news: queue.SimpleQueue[None] = queue.SimpleQueue()
        seen = self._live.entries(self.id)
        talk, seq = fold(entry.event for entry in seen), seen[-1].seq
        unsubscribe = self._live.listen(self.id, lambda: news.put(None))
        try:
            deed()
            while True:
                for entry in self._live.entries(self.id, seq):
                    seq, talk = entry.seq, talk.after(entry.event)
                    if not isinstance(entry.event, Speech):
                        yield entry.event
                if talk.floor != "group":
                    return
                news.get()
        finally:
            unsubscribe()
            self._live.stop(self.id)
            self._live.wait(self.id)
