"""What a judge makes of sampled answers: preferences (paper, stage 1, steps 2 and 3).

Every answer is scored on every criterion, its aggregate is the mean, and two answers in one place whose
aggregates differ by at least `DELTA` are a preference. How often this judge errs is measured beside it, on
pairs whose better side is known: expert replies of the *dev* themes and their flawed twins. That is the flip
rate of every one of its preferences. A point between aggregates is one unit of margin (our choice: the paper
states no margin).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Final

from mascot.alignment.preferences import Block, Candidate, Preference
from mascot.alignment.sampling import Place
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON
from mascot.evaluation.judges.base import Case, Criterion, Judge, Line, Verdict, mean_score
from mascot.evaluation.judges.cases import described
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.verdicts import Question, Verdicts

DELTA: Final = 0.5
_GOOD: Final = ("validating_emotions", "encouraging_elaboration", "demonstrating_understanding", "empathy")
"""Of what people rated, that of which more is better whoever speaks, on one scale of 1 to 5."""


def criteria_of(judge: Judge) -> tuple[Criterion, ...]:
    """The paper's five for single replies; of a trained judge, the good ones of those that it knows."""
    asked = paper_criteria("agent")
    if judge.knows(asked[0]):
        return asked
    return tuple(d for d in rated_dimensions() if d.id in _GOOD and judge.knows(d))


def questions(found: Sequence[Place], criteria: Sequence[Criterion], cast: Cast) -> list[Question]:
    """What a judge is asked about every answer."""
    return [
        (_case(_name(place.id, number, place.candidate(number)), place.candidate(number), cast), criterion)
        for place in found
        for number in range(len(place.says))
        for criterion in criteria
    ]


def known_questions(rows: Sequence[Preference], criteria: Sequence[Criterion], cast: Cast) -> list[Question]:
    """What it is asked about pairs whose better side is known; the chosen one is number 0."""
    return [
        (_case(_name(row.id, number, candidate), candidate, cast), criterion)
        for row in rows
        for number, candidate in enumerate(row.candidates)
        for criterion in criteria
    ]


def flip_rate(rows: Sequence[Preference], verdicts: Verdicts) -> float:
    """How often the judge prefers the wrong side of known pairs, 0 to 0.5; a tie is half wrong.

    With one right and one wrong answer added (Laplace), so that few pairs make no judge infallible.
    """
    scores = _aggregates(verdicts)
    wrong, asked = 1.0, 2.0
    for row in rows:
        good, bad = (scores.get(_name(row.id, *numbered)) for numbered in enumerate(row.candidates))
        if good is not None and bad is not None:
            asked += 1
            wrong += 1.0 if bad > good else 0.5 if bad == good else 0.0
    return min(0.5, wrong / asked)


def preferences(found: Sequence[Place], verdicts: Verdicts, delta: float, flips: float) -> list[Preference]:
    """Every two answers of a place whose aggregates are far enough apart.

    Answers to which a judge gave no score by one of the criteria are left out.
    """
    scores = _aggregates(verdicts)
    rows = []
    for place in found:
        scored = [
            (scores[name], number)
            for number in range(len(place.says))
            if (name := _name(place.id, number, place.candidate(number))) in scores
        ]
        for (low, worse), (high, better) in itertools.combinations(sorted(scored), 2):
            if high - low >= delta:
                rows.append(_preference(place, better, worse, high - low, flips))
    return rows


def _preference(place: Place, better: int, worse: int, margin: float, flips: float) -> Preference:
    return Preference(
        **place.model_dump(include={"theme", "persona", "action", "tone"}),
        id=f"{place.id}/{better}-{worse}",
        source="judge",
        context=place.context,
        chosen=place.says[better],
        rejected=place.says[worse],
        margin=margin,
        flip_rate=flips,
    )


def _name(place: str, number: int, candidate: Candidate) -> str:
    """Of the case of an answer: of these words there, so that a verdict on others is none on them."""
    return f"{place}#{number}-{hashlib.sha256(repr(candidate).encode()).hexdigest()[:12]}"


def _aggregates(verdicts: Verdicts) -> dict[str, float]:
    """The mean score of each case that has one on every criterion it was asked about."""
    by_case: dict[str, list[Verdict]] = {}
    for (case, _), verdict in verdicts.items():
        by_case.setdefault(case, []).append(verdict)
    return {
        case: mean
        for case, given in by_case.items()
        if not any(verdict.failed for verdict in given) and (mean := mean_score(given)) is not None
    }


def _case(id: str, candidate: Candidate, cast: Cast) -> Case:
    name = cast[candidate.persona].name
    return Case(
        id=id,
        heard=_heard(candidate.context, cast),
        said=(Line(speaker=name, text=candidate.says),),
        persona=described(cast[candidate.persona]),
    )


def _heard(context: Block, cast: Cast) -> tuple[Line, ...]:
    return tuple(
        Line(speaker=PERSON if turn.speaker == PERSON else cast[turn.speaker].name, text=turn.says)
        for turn in context
        if turn.says
    )
