"""One round of the group for a talk that nobody keeps: the live loop without a journal.

The same director, rules, speakers, guards, line before the engine and day's budget as on the page.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mascot.conversation.events import Directive, Event, Interrupted, Speech, Yielded
from mascot.conversation.transcript import Transcript
from mascot.director.rules import legal
from mascot.live.conversation import Table
from mascot.live.speaker import Manner, Report, Speaker


@dataclass(frozen=True)
class Draw:
    """How words are drawn for this answer; None leaves it as it is on the page."""

    temperature: float | None = None
    top_p: float | None = None
    most_tokens: int | None = None
    """Of the whole answer, names not counted."""
    stop: tuple[str, ...] = ()

    def speaker(self, speaker: Speaker, left: int | None) -> Speaker:
        """The speaker who draws like this, with so many tokens left."""
        return replace(
            speaker, manner=self._manner(speaker.manner, left), trained=self._manner(speaker.trained, left)
        )

    def _manner(self, manner: Manner, left: int | None) -> Manner:
        sampling = manner.sampling
        changed = replace(
            sampling,
            temperature=sampling.temperature if self.temperature is None else self.temperature,
            top_p=self.top_p or sampling.top_p,
            max_tokens=sampling.max_tokens if left is None else min(left, sampling.max_tokens),
            stop=(*sampling.stop, *self.stop),
        )
        return replace(manner, sampling=changed)


class Round:
    """Turn after turn until the floor is the person's again, the tokens are used up, or `cancel` is set.

    Args:
        table: cast, policy, speaker, line and limits of the app.
        talk: the group has the floor in it.
        id: this round's own name in the line.
        session: the conversation's name for the engine's memory, the same from one round to the next.
        cancel: ends it at the next word, and frees its place.
    """

    def __init__(
        self, table: Table, talk: Transcript, draw: Draw, id: str, session: str, cancel: threading.Event
    ) -> None:
        self._table = table
        self._talk = talk
        self._draw = draw
        self._id = id
        self._session = session
        self._cancel = cancel
        self._left = draw.most_tokens

    @property
    def used_up(self) -> bool:
        """Whether the tokens that were allowed are spent."""
        return self._left is not None and self._left <= 0

    def events(self) -> Iterator[Event]:
        """What happens: a directive, words, the utterance, and at the end the yield, if it comes to one.

        Raises:
            BusyError: nobody could answer in time.
            EngineError: the engine cannot answer.
        """
        while self._talk.floor == "group" and not self.used_up and not self._cancel.is_set():
            place = self._table.line.enter(self._id, self._cancel.is_set)
            if place is None:
                return
            try:
                for event in self._turn():
                    self._talk = self._talk.after(event)
                    yield event
            finally:
                place.leave()

    def _turn(self) -> Iterator[Event]:
        move = self._move()
        yield move
        if isinstance(move, Directive):
            self._table.limits.turn()
            yield from self._speak(move)

    def _move(self) -> Directive | Yielded:
        started = time.perf_counter()
        moves = legal(self._talk, self._table.cast)
        if not moves.agents:
            return Yielded(reason=moves.reason)
        made = self._table.policy.decide(self._talk, self._table.cast, moves, self._session)
        if made.agent is None:
            return Yielded(reason="director", score=made.score, weighed=made.weighed)
        seconds = round(time.perf_counter() - started, 3)
        return Directive(
            agent=made.agent,
            action=made.action,
            tone=made.tone,
            score=made.score,
            weighed=made.weighed,
            seconds=seconds,
        )

    def _speak(self, directive: Directive) -> Iterator[Event]:
        report, said = Report(), ""
        speaker = self._draw.speaker(self._table.speaker, self._left)
        for words in speaker.speak(self._before, directive, report, self._session, self._cancel):
            said += words
            yield Speech(agent=directive.agent, text=words)
        if self._left is not None:
            self._left -= report.tokens
        if said:
            yield report.utterance(directive.agent, said)
        else:
            # As in a live conversation: who has nothing to say that may be heard has had their turn.
            yield Interrupted(agent=directive.agent, text="", reason="failure")

    @property
    def _before(self) -> Transcript:
        """The talk as it was before the directive that is being carried out."""
        return replace(self._talk, speaking=None)
