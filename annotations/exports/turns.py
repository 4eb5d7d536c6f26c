"""What single turns did: rows for process reward models, and the director's decisions.

Raters say of a turn whether it helped, was neutral or hurt, and who should have spoken in its place. A
process reward model learns the first from the steps of a talk; for the director both are labels of the
decision that led to the turn.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import pyarrow as pa

from annotations.exports.comparisons import Judged
from annotations.exports.format import MESSAGES, Format, Source, evidence_of_values, row_name
from annotations.exports.speech import Told, decision, line
from annotations.exports.survey import Survey, pairwise_agreement
from annotations.exports.tables import Row, column
from annotations.records import Choice, Rated

CONTRIBUTION: Final = {"helped": 1, "neutral": 0, "hurt": -1}
"""What a choice among these three counts."""


@dataclass(frozen=True)
class Judgements:
    """The choices raters made on the turns of one candidate, on one criterion."""

    candidate: int
    criterion: str
    turns: dict[int, list[Rated]]

    @property
    def rated(self) -> list[Rated]:
        return [each for answers in self.turns.values() for each in answers]


def _judgements(judged: Judged) -> Iterator[Judgements]:
    found: dict[tuple[int, str], dict[int, list[Rated]]] = defaultdict(lambda: defaultdict(list))
    for rated in judged.rated:
        answer, target = rated.answer, rated.answer.target
        candidate = target.candidate if len(judged.item.candidates) > 1 else 0
        turn = judged.item.turn if target.turn is None else target.turn
        if isinstance(answer.value, Choice) and candidate is not None and turn is not None:
            found[candidate, answer.criterion][turn].append(rated)
    for (candidate, criterion), turns in found.items():
        yield Judgements(candidate, criterion, dict(sorted(turns.items())))


def _options(rated: Rated) -> tuple[str, ...]:
    return rated.answer.value.options if isinstance(rated.answer.value, Choice) else ()


def _contributions(answers: Iterable[Rated]) -> list[int]:
    return [CONTRIBUTION[option] for each in answers for option in _options(each) if option in CONTRIBUTION]


def _prm_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per candidate: the talk before the first judged turn, then judged turns as steps."""
    for judged in items:
        for found in _judgements(judged):
            turns = source.turns(judged.item, found.candidate)
            known = {t: _contributions(a) for t, a in found.turns.items() if t < len(turns)}
            known = {turn: values for turn, values in known.items() if values}
            if not known:
                source.skipped["choice that is none of helped, neutral, hurt, or of a text unknown"] += 1
                continue
            means = [fmean(values) for values in known.values()]
            prompt, steps = _steps(turns, list(known), source)
            rated = [each for turn in known for each in found.turns[turn]]
            name = row_name("prm", judged.item.id, f"{found.candidate}", found.criterion)
            ties = sum(value == 0 for values in known.values() for value in values)
            yield {
                "prompt": prompt,
                "completions": steps,
                "labels": [mean > 0 for mean in means],
                "contributions": means,
                "turns": list(known),
                "arm": judged.item.arms[found.candidate],
                **evidence_of_values(name, rated, (), source, "", found.criterion, ties),
                "agreement": _mean_agreement(known.values()),
            }


def _steps(turns: tuple[Told, ...], judged: list[int], source: Source) -> tuple[str, list[str]]:
    """The talk before the first judged turn; each judged turn, with what was said since the one before."""
    lines = ["" if each.turn.withheld else line(each, source.cast) for each in turns]
    steps = []
    said = judged[0]
    for turn in judged:
        steps.append("\n".join(filter(None, lines[said : turn + 1])))
        said = turn + 1
    return "\n".join(filter(None, lines[: judged[0]])), steps


def _mean_agreement(values: Iterable[list[int]]) -> float | None:
    found = [share for each in values if (share := pairwise_agreement(each)) is not None]
    return fmean(found) if found else None


def _director_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per judged decision and criterion."""
    for judged in items:
        for found in _judgements(judged):
            turns = source.turns(judged.item, found.candidate)
            for index, answers in found.turns.items():
                made = decision(turns, index, source.cast) if index < len(turns) else None
                if made is None:
                    source.skipped["judged turn that no directive led to, or that is unknown"] += 1
                    continue
                choices = [_options(each) for each in answers]
                contributions = _contributions(answers)
                speaker = turns[index].turn.speaker
                name = row_name(
                    "director", judged.item.id, f"{found.candidate}", f"turn-{index}", found.criterion
                )
                ties = sum(value == 0 for value in contributions)
                yield {
                    "prompt": made.prompt,
                    "completion": made.completion,
                    "label": fmean(contributions) > 0 if contributions else None,
                    "choices": [
                        {"option": option, "votes": votes}
                        for option, votes in Counter(o for each in choices for o in each).most_common()
                    ],
                    "turn": index,
                    "arm": judged.item.arms[found.candidate],
                    **evidence_of_values(name, answers, choices, source, speaker, found.criterion, ties),
                }


def _prm_columns(_: Survey) -> list[pa.Field]:
    return [
        column("prompt", pa.string(), "The talk before the first judged turn, one line per turn."),
        column(
            "completions", pa.list_(pa.string()), "The judged turns as steps, with what was said in between."
        ),
        column(
            "labels",
            pa.list_(pa.bool_()),
            "Whether more raters found that the step helped than that it hurt.",
        ),
        column(
            "contributions", pa.list_(pa.float64()), "Mean of helped 1, neutral 0, hurt −1, for each step."
        ),
        column("turns", pa.list_(pa.int64()), "Index of each judged turn in the talk."),
        column("arm", pa.string(), "The system whose talk it is."),
    ]


def _director_columns(_: Survey) -> list[pa.Field]:
    return [
        column("prompt", MESSAGES, "The talk before the decision, as the group sees it."),
        column("completion", MESSAGES, "The directive as JSON: agent, action, tone."),
        column(
            "label", pa.bool_(), "Whether the turn helped more than it hurt; null where that was not asked."
        ),
        column(
            "choices",
            pa.list_(pa.struct([("option", pa.string()), ("votes", pa.int64())])),
            "What raters chose, with votes: contribution, or who should have spoken.",
        ),
        column("turn", pa.int64(), "Index of the turn in the talk."),
        column("arm", pa.string(), "The system whose decision it was."),
    ]


PRM = Format(
    "prm",
    "Talks as steps, each with whether it helped.",
    "trl.experimental.prm.PRMTrainer",
    _prm_columns,
    _prm_rows,
)
DIRECTOR = Format(
    "director",
    "The director's decisions with what raters thought of them.",
    "",
    _director_columns,
    _director_rows,
)
