"""What a judge is: something that reads a case and answers one question about it on a scale.

    Criterion   the question, its scale, and what the points of the scale mean
    Case        what was said before, and what is judged
    Verdict     the answer, or why there is none

A judge that answers nonsense, or nothing in its time, gives a verdict without a score. It is counted, and
nothing is ever put in its place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import Field, model_validator

from mascot.conversation.events import Record

Level = Literal["agent", "group", "conversation"]
"""What a criterion is about: one utterance of an agent, a stretch of the group's talk, or the supporter's
part of a whole conversation (the dimensions of published ratings)."""


class Line(Record):
    """Something that was said."""

    speaker: str
    """A name as the judge reads it; the person is `transcript.PERSON`."""
    text: str


class Case(Record):
    """Something to judge."""

    id: str
    """Unique among the cases of a run."""
    heard: tuple[Line, ...] = ()
    """What was said before, in order: read, not judged."""
    said: tuple[Line, ...]
    """What is judged, in order; lines of the person in between are not."""
    persona: str = ""
    """Who the speaker is meant to be, in a sentence; empty where it does not matter."""


class Criterion(Record):
    """A question with a scale."""

    id: str
    title: str
    level: Level
    question: str
    anchors: Mapping[int, str]
    """What points of the scale mean; at least both ends."""
    low: int = 1
    high: int = 5

    @model_validator(mode="after")
    def _has_both_ends(self) -> Criterion:
        if self.low >= self.high or not {self.low, self.high} <= self.anchors.keys():
            raise ValueError(f"{self.id}: a scale needs two ends and an anchor for each")
        return self

    @property
    def points(self) -> tuple[int, ...]:
        """The points of the scale, ascending."""
        return tuple(range(self.low, self.high + 1))

    def shown(self, score: float) -> float:
        """A score as the paper prints it, 0 (worst) to 100."""
        return 100 * (score - self.low) / (self.high - self.low)


class Verdict(Record):
    """What a judge made of a case by one criterion."""

    case: str
    criterion: str
    judge: str
    score: float | None
    """On the criterion's scale; None where the judge gave none."""
    distribution: tuple[float, ...] = ()
    """Probability of each point of the scale, where the judge gives them; `score` is their mean."""
    raw: str = ""
    """What the judge wrote, where it writes."""
    failed: str = ""
    """Why there is no score: `nonsense`, `timed out`, or the engine's own words."""

    @model_validator(mode="after")
    def _has_a_score_or_a_reason(self) -> Verdict:
        if (self.score is None) != bool(self.failed):
            raise ValueError("a verdict has either a score or the reason why it has none")
        return self


class Judge(ABC):
    """Scores cases. May be called from several threads at once."""

    name: str
    """As tables call it; verdicts carry it."""

    @abstractmethod
    def score(self, case: Case, criterion: Criterion) -> Verdict:
        """The verdict; never raises for what the judge does, only for what it cannot be asked.

        Raises:
            InputError: this judge does not know the criterion.
        """

    @abstractmethod
    def knows(self, criterion: Criterion) -> bool:
        """Whether it can be asked this."""


class Preference(Record):
    """Which of several cases a judge prefers, asked in one order of them."""

    judge: str
    shown: tuple[str, ...]
    """Case ids in the order in which they were shown."""
    probabilities: tuple[float, ...] = Field(default=())
    """That each one, in the order shown, is the best; empty where the judge failed."""
    failed: str = ""


def mean_score(verdicts: Iterable[Verdict]) -> float | None:
    """The mean of the scores that there are; None where there is none.

    Over the criteria of one case it is the paper's aggregate (stage 1, step 2).
    """
    scores = [verdict.score for verdict in verdicts if verdict.score is not None]
    return sum(scores) / len(scores) if scores else None


def failures(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts have no score, by reason."""
    counted: dict[str, int] = {}
    for verdict in verdicts:
        if verdict.failed:
            counted[verdict.failed] = counted.get(verdict.failed, 0) + 1
    return counted
