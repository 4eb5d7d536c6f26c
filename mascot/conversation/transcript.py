"""What a conversation's events add up to: who said what, who is speaking, whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

from mascot.conversation.events import (
    Acknowledged,
    Asked,
    Crisis,
    Directive,
    Event,
    Interrupted,
    Muted,
    Opened,
    Pace,
    PaceSet,
    Speech,
    UserSaid,
    Utterance,
    WentOn,
    Yielded,
)

PERSON = "user"
"""The speaker id of the person in front of the page; no persona can have it."""

Floor = Literal["user", "group", "crisis"]


@dataclass(frozen=True)
class Turn:
    """Something that was said."""

    speaker: str
    """A persona's id, or `PERSON`."""
    text: str
    interrupted: bool = False
    withheld: bool = False
    """A message on which the crisis recogniser fired: no persona is ever shown it."""


@dataclass(frozen=True)
class Transcript:
    """The state of a conversation. Turns stand in the order in which they *began*."""

    cast: tuple[str, ...] = ()
    policy: str = "model"
    seed: int = 0
    max_turns: int = 4
    turns: tuple[Turn, ...] = ()
    floor: Floor = "user"
    round: tuple[str, ...] = ()
    """Personas that have spoken since the person last spoke or let the group go on."""
    least_turns: int = 1
    """Before so many turns of the round the floor does not go back."""
    asked: tuple[str, ...] = ()
    """Personas the person asked that have not answered yet."""
    muted: frozenset[str] = frozenset()
    pace: Pace = "reading"
    speaking: Directive | None = None
    """The directive being carried out."""
    said: str = ""
    """What the one who is speaking has said so far."""
    began: int = 0
    """Index in `turns` where the utterance being said belongs."""

    @property
    def last(self) -> Turn | None:
        """The turn that began last."""
        return self.turns[-1] if self.turns else None

    @property
    def heard(self) -> tuple[Turn, ...]:
        """The turns a persona may know of."""
        return tuple(turn for turn in self.turns if not turn.withheld)

    def after(self, event: Event) -> Transcript:  # noqa: PLR0911, PLR0912 - one arm per event
        """The state once the event has happened."""
        match event:
            case Opened():
                return Transcript(event.cast, event.policy, event.seed, event.max_turns, pace=event.pace)
            case UserSaid():
                turns = (*self.turns, Turn(PERSON, event.text))
                return replace(self._new_round(), turns=turns, asked=event.addressed)
            case Asked():
                asked = (*(a for a in self.asked if a != event.agent), event.agent)
                return replace(self._given_the_floor(), asked=asked)
            case WentOn():
                return self._new_round(least_turns=2)
            case Muted():
                muted = self.muted | {event.agent} if event.muted else self.muted - {event.agent}
                return replace(self, muted=muted)
            case PaceSet():
                return replace(self, pace=event.pace)
            case Directive():
                return replace(self, speaking=event, said="", began=len(self.turns))
            case Speech():
                return replace(self, said=self.said + event.text)
            case Utterance():
                return self._spoken(Turn(event.agent, event.text))
            case Interrupted():
                return self._spoken(Turn(event.agent, event.text, interrupted=True))
            case Yielded():
                return replace(self, floor="user", asked=())
            case Crisis():
                withheld = replace(self.turns[-1], withheld=True)
                return replace(self, turns=(*self.turns[:-1], withheld), floor="crisis", asked=())
            case Acknowledged():
                return replace(self, floor="user")

    def _given_the_floor(self) -> Transcript:
        return self if self.floor == "group" else self._new_round()

    def _new_round(self, least_turns: int = 1) -> Transcript:
        """Told to go on among themselves, one line would be no talk: that takes two."""
        return replace(self, floor="group", round=(), least_turns=least_turns)

    def _spoken(self, turn: Turn) -> Transcript:
        """The utterance takes its place; it counts for the round unless the person spoke meanwhile."""
        same_round = self.began == len(self.turns)
        turns = (*self.turns[: self.began], turn, *self.turns[self.began :]) if turn.text else self.turns
        return replace(
            self,
            turns=turns,
            round=(*self.round, turn.speaker) if same_round else self.round,
            asked=tuple(a for a in self.asked if a != turn.speaker) if same_round else self.asked,
            speaking=None,
            said="",
        )


def fold(events: Iterable[Event]) -> Transcript:
    """The transcript of a list of events that begins with `Opened`."""
    return reduce(Transcript.after, events, Transcript())
