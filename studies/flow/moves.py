"""Everything that can happen on a participant's way, as records, and where they add up to.

Ratings are not in here: they are the store's. A person's way is the list of their moves, and where they
stand is folded from it, so a reload, another device or a restarted server finds them in the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from mascot.conversation.events import Record
from studies.flow.steps import Value

Phase = Literal[
    "consent",
    "instructions",
    "comprehension",
    "rating",
    "questionnaire",
    "debrief",
    "complete",
    "declined",
    "exit",
    "screened",
    "gone",
]
ENDS = ("complete", "declined", "exit", "screened", "gone")


class Entered(Record):
    """The person came, for the first time or with a new submission of the recruiter's."""

    type: Literal["entered"] = "entered"
    language: str
    submission: str = ""
    """Prolific's SESSION_ID, MTurk's assignmentId, SONA's survey_code; empty after it was erased."""


class Answered(Record):
    """An answer outside of the items."""

    type: Literal["answered"] = "answered"
    step: str
    question: str
    value: Value | None
    """None: it was taken back."""


class Consented(Record):
    """The person agreed."""

    type: Literal["consented"] = "consented"


class Instructed(Record):
    """The person has read what is asked."""

    type: Literal["instructed"] = "instructed"


class Tried(Record):
    """An attempt at the comprehension check."""

    type: Literal["tried"] = "tried"
    wrong: tuple[str, ...]


class Missed(Record):
    """An attention check was failed."""

    type: Literal["missed"] = "missed"
    check: str


class Ordered(Record):
    """In which order the person meets the arms was decided."""

    type: Literal["ordered"] = "ordered"
    arms: tuple[str, ...]


class Talked(Record):
    """A talk with an arm has begun."""

    type: Literal["talked"] = "talked"
    arm: str
    conversation: str


class TalkEnded(Record):
    """The talk is over and has become an item."""

    type: Literal["talk-ended"] = "talk-ended"
    conversation: str
    item: str


class TalkLost(Record):
    """The talk is not there any more: it was on a disk that is lost. It counts for nothing."""

    type: Literal["talk-lost"] = "talk-lost"
    conversation: str


class RatedAll(Record):
    """There is nothing more to rate for this person."""

    type: Literal["rated-all"] = "rated-all"


class Told(Record):
    """The questionnaire is done, and handed to the store."""

    type: Literal["told"] = "told"


class Completed(Record):
    """All is committed; the code can be shown."""

    type: Literal["completed"] = "completed"
    code: str


class Left(Record):
    """The person, the recruiter or a check ended it."""

    type: Literal["left"] = "left"
    how: Literal["declined", "distress", "other", "screened", "timed-out", "withdrew"]
    step: str = ""


Move = Annotated[
    Entered
    | Answered
    | Consented
    | Instructed
    | Tried
    | Missed
    | Ordered
    | Talked
    | TalkEnded
    | TalkLost
    | RatedAll
    | Told
    | Completed
    | Left,
    Field(discriminator="type"),
]
MOVE: TypeAdapter[Move] = TypeAdapter(Move)

_ENDED: dict[str, Phase] = {
    "declined": "declined",
    "distress": "exit",
    "other": "exit",
    "screened": "screened",
    "timed-out": "gone",
    "withdrew": "gone",
}


@dataclass(frozen=True)
class Standing:
    """Where a person stands."""

    phase: Phase = "consent"
    language: str = "en"
    submission: str = ""
    began: datetime | None = None
    attempts: int = 0
    """At the comprehension check."""
    wrong: tuple[str, ...] = ()
    """Of the last attempt."""
    misses: int = 0
    given: dict[str, dict[str, Value]] = field(default_factory=dict)
    """Answers outside of the items, by step and question."""
    conversation: str = ""
    """The talk that is going on, or was just had and is to be rated."""
    arm: str = ""
    item: str = ""
    """Made of that talk; empty while it goes on."""
    order: tuple[str, ...] = ()
    """The arms as this person meets them, one talk after the other, and then from the beginning again."""
    talks: int = 0
    """That were begun, but for those that were lost."""
    lost: int = 0
    """Talks that were lost."""
    instead: bool = False
    """Whether the next talk, or the one that is going on, stands in the place of a lost one."""
    code: str = ""
    how: str = ""
    """What ended it."""

    @property
    def ended(self) -> bool:
        return self.phase in ENDS

    @property
    def forgotten(self) -> bool:
        """Whether the person does not take part, or not any more: nothing new may be kept of them."""
        return self.how in ("declined", "withdrew")


@dataclass(frozen=True)
class Dated:
    """A move and when it was committed."""

    at: datetime
    move: Move


def fold(moves: Iterable[Dated], comprehension: bool, questionnaire: bool) -> Standing:
    """Where the moves lead.

    Whoever has come to an end stays there, whatever another tab was about to do; only taking everything back
    is possible from there too.

    Args:
        comprehension: whether there is a check.
        questionnaire: whether there is one.
    """

    def after(now: Standing, dated: Dated) -> Standing:  # noqa: PLR0911 - one arm per move
        match dated.move:
            case Entered(language=language, submission=submission):
                began = now.began or dated.at
                return replace(now, language=language, submission=submission or now.submission, began=began)
            case Answered(step=step, question=question, value=value):
                at_step = {**now.given.get(step, {}), question: value}
                kept = {asked: each for asked, each in at_step.items() if each is not None}
                return replace(now, given={**now.given, step: kept})
            case Consented():
                return replace(now, phase="instructions")
            case Instructed():
                return replace(now, phase="comprehension" if comprehension else "rating")
            case Tried(wrong=wrong):
                phase = "comprehension" if wrong else "rating"
                return replace(now, phase=phase, attempts=now.attempts + 1, wrong=wrong)
            case Missed():
                return replace(now, misses=now.misses + 1)
            case Ordered() | Talked() | TalkEnded() | TalkLost() as move:
                return _after_talk(now, move)
            case RatedAll():
                return replace(now, phase="questionnaire" if questionnaire else "debrief")
            case Told():
                return replace(now, phase="debrief")
            case Completed(code=code):
                return replace(now, phase="complete", code=code)
            case Left(how=how):
                return replace(now, phase=_ENDED[how], how=how)

    def unless_over(now: Standing, dated: Dated) -> Standing:
        return now if now.ended and not _possible_at_the_end(dated.move) else after(now, dated)

    return reduce(unless_over, moves, Standing())


def _after_talk(now: Standing, move: Ordered | Talked | TalkEnded | TalkLost) -> Standing:
    match move:
        case Ordered(arms=arms):
            return replace(now, order=arms)
        case Talked(arm=arm, conversation=conversation):
            return replace(now, arm=arm, conversation=conversation, item="", talks=now.talks + 1)
        case TalkEnded(item=item):
            return replace(now, item=item, instead=False)
        case TalkLost():
            return replace(now, conversation="", talks=now.talks - 1, lost=now.lost + 1, instead=True)


def takes_part(moves: Sequence[Dated], since: datetime) -> bool:
    """Whether somebody has come to the end, or may still do so: they did not leave, and came after `since`.

    Whoever closed the page and did not come back in time holds nothing any more.
    """
    kinds = {type(dated.move) for dated in moves}
    return Left not in kinds and (Completed in kinds or moves[0].at >= since)


def _possible_at_the_end(move: Move) -> bool:
    return isinstance(move, Entered) or (isinstance(move, Left) and move.how == "withdrew")
