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
"""In a crisis it is nobody's until the person has acknowledged the message about help."""


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
    """Personas the person asked that have not begun to answer. A further message takes no ask back; once
    the floor is the person's again nobody owes an answer."""
    muted: frozenset[str] = frozenset()
    pace: Pace = "reading"
    speaking: Directive | None = None
    """The directive being carried out."""
    answering: bool = False
    """Whether the one who is speaking was asked to."""
    said: str = ""
    """What the one who is speaking has said so far."""
    began: int = 0
    """Index in `turns` where the utterance being said belongs."""
    failed: int = 0
    """How often somebody was to speak, and could not, since anything was last said."""

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
                asked = (*event.addressed, *_without(self.asked, *event.addressed))
                return replace(self._new_round(), turns=turns, asked=asked, failed=0)
            case Asked():
                asked = (*_without(self.asked, event.agent), event.agent)
                return replace(self._given_the_floor(), asked=asked)
            case WentOn():
                return self._new_round(least_turns=2)
            case Muted():
                muted = self.muted | {event.agent} if event.muted else self.muted - {event.agent}
                return replace(self, muted=muted)
            case PaceSet():
                return replace(self, pace=event.pace)
            case Directive():
                # From here on no longer asked: whoever is asked while speaking is asked to speak once more.
                asked, answering = _without(self.asked, event.agent), event.agent in self.asked
                begun = replace(self, asked=asked, answering=answering)
                return replace(begun, speaking=event, said="", began=len(self.turns))
            case Speech():
                return replace(self, said=self.said + event.text)
            case Utterance():
                return self._spoken(Turn(event.agent, event.text))
            case Interrupted():
                owes = self.answering and not event.text and event.reason != "failure"
                asked = (event.agent, *_without(self.asked, event.agent)) if owes else self.asked
                failed = self.failed + (event.reason == "failure") if not event.text else 0
                cut = self._spoken(Turn(event.agent, event.text, interrupted=True))
                return replace(cut, asked=asked, failed=failed)
            case Yielded():
                floor = "crisis" if self.floor == "crisis" else "user"
                return replace(self, floor=floor, asked=(), answering=False)
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
            speaking=None,
            answering=False,
            said="",
            failed=0,
        )


def _without(agents: tuple[str, ...], *others: str) -> tuple[str, ...]:
    return tuple(agent for agent in agents if agent not in others)


def fold(events: Iterable[Event]) -> Transcript:
    """The transcript of a list of events that begins with `Opened`."""
    return reduce(Transcript.after, events, Transcript())
