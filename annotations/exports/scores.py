"""How good something is on several criteria: rows in the manner of UltraFeedback and of HelpSteer.

UltraFeedback (Cui et al. 2023) keeps one instruction with the completions of several models, each with its
ratings and the reasons given; HelpSteer2 (Wang et al. 2024) one prompt and response per row with a number
for each attribute. The numbers here are means over raters.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import pyarrow as pa

from annotations.exports.comparisons import Judged
from annotations.exports.format import EVIDENCE, MESSAGES, Format, Source, evidence_of_values, row_name
from annotations.exports.speech import Passage, Told, passage
from annotations.exports.survey import Survey
from annotations.exports.tables import Row, column
from annotations.records import Rated, Scale, Text


@dataclass(frozen=True)
class Scored:
    """What several raters gave one candidate, or one turn or agent of it, on one criterion."""

    candidate: int
    criterion: str
    turn: int | None
    agent: str
    passage: Passage
    rated: tuple[Rated, ...]

    @property
    def values(self) -> list[float]:
        return [each.answer.value.value for each in self.rated if isinstance(each.answer.value, Scale)]

    @property
    def mean(self) -> float:
        return fmean(self.values)

    def name(self, format: str) -> str:
        """The name of a row of this and nothing else."""
        return row_name(format, *self._about, self.criterion)

    def name_of_all(self, format: str) -> str:
        """The name of a row of all criteria of the same words."""
        return row_name(format, *self._about)

    @property
    def _about(self) -> tuple[str, ...]:
        turn = "" if self.turn is None else f"turn-{self.turn}"
        return (self.rated[0].item.id, f"{self.candidate}", turn, self.agent)


def scored(judged: Judged, source: Source) -> Iterator[Scored]:
    """Everything of an item that was rated on scales and whose words are known."""
    found: dict[tuple[int, int | None, str, str], list[Rated]] = defaultdict(list)
    for rated in judged.rated:
        answer, target = rated.answer, rated.answer.target
        candidate = target.candidate if len(judged.item.candidates) > 1 else 0
        if isinstance(answer.value, Scale) and candidate is not None:
            turn = judged.item.turn if target.turn is None else target.turn
            found[candidate, turn, target.agent, answer.criterion].append(rated)
    for (candidate, turn, agent, criterion), answers in found.items():
        words = said(source.turns(judged.item, candidate), turn, agent, source)
        if words is None:
            source.skipped["rating of a text that was erased or is unknown"] += 1
            continue
        yield Scored(candidate, criterion, turn, agent, words, tuple(answers))


def said(turns: tuple[Told, ...], turn: int | None, agent: str, source: Source) -> Passage | None:
    """The words a judgement is about: that turn, or everything from the first turn of a persona on."""
    if turn is not None:
        return passage(turns[: turn + 1], turn, agent, source.cast)
    start = next((i for i, each in enumerate(turns) if each.by_persona), None)
    return None if start is None else passage(turns, start, agent, source.cast)


_ASPECT: Final = pa.struct(
    [
        ("criterion", pa.string()),
        ("rating", pa.float64()),
        ("raters", pa.int64()),
        ("rationales", pa.list_(pa.string())),
    ]
)
_COMPLETION: Final = pa.struct(
    [
        ("model", pa.string()),
        ("response", pa.string()),
        ("annotations", pa.list_(_ASPECT)),
        ("overall_score", pa.float64()),
    ]
)


def _ultrafeedback_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per source dialogue, beginning and speaker: what the arms made of it, side by side."""
    for _, dialogue in itertools.groupby(items, key=lambda judged: judged.item.dialogue):
        rows: dict[tuple[str, str], list[tuple[Judged, Scored]]] = defaultdict(list)
        for judged in dialogue:
            for each in scored(judged, source):
                rows[each.passage.speaker, _instruction(each.passage)].append((judged, each))
        for (speaker, instruction), found in rows.items():
            yield _ultrafeedback_row(speaker, instruction, found, source)


def _ultrafeedback_row(
    speaker: str, instruction: str, found: list[tuple[Judged, Scored]], source: Source
) -> Row:
    completions: dict[tuple[str, str], list[tuple[Judged, Scored]]] = defaultdict(list)
    for judged, each in found:
        completions[judged.item.arms[each.candidate], each.passage.text].append((judged, each))
    rated = [answer for _, each in found for answer in each.rated]
    name = found[0][1].name_of_all("ultrafeedback")
    return {
        "source": rated[0].item.dialogue,
        "instruction": instruction,
        "models": [model for model, _ in completions],
        "completions": [
            {
                "model": model,
                "response": text,
                "annotations": [_aspect(judged, each) for judged, each in about],
                "overall_score": fmean(each.mean for _, each in about),
            }
            for (model, text), about in completions.items()
        ],
        **evidence_of_values(name, rated, (), source, speaker),
    }


def _instruction(words: Passage) -> str:
    return "\n".join(f"{message['role']}: {message['content']}" for message in words.prompt)


def _aspect(judged: Judged, each: Scored) -> Row:
    """A criterion's mean with the reasons its raters wrote about the same candidate, if any."""
    raters = {rated.rater.id for rated in each.rated}
    reasons = [
        rated.answer.value.text
        for rated in judged.rated
        if isinstance(rated.answer.value, Text)
        and rated.rater.id in raters
        and rated.answer.value.text
        and rated.answer.target.candidate in (None, each.candidate)
    ]
    return {"criterion": each.criterion, "rating": each.mean, "raters": len(raters), "rationales": reasons}


_TAKEN: Final = {"prompt", "response", "arm", *(field.name for field in EVIDENCE)}


def _column(criterion: str) -> str:
    """Where a criterion's numbers stand: under its name, unless another column bears that."""
    return f"rating.{criterion}" if criterion in _TAKEN else criterion


def _helpsteer_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per text: `prompt`, `response`, and the mean on each criterion (null: not asked)."""
    for judged in items:
        rows: dict[str, list[Scored]] = defaultdict(list)
        for each in scored(judged, source):
            rows[each.name_of_all("helpsteer")].append(each)
        for name, found in rows.items():
            means = {each.criterion: each.mean for each in found}
            rated = [answer for each in found for answer in each.rated]
            yield {
                "prompt": found[0].passage.prompt,
                "response": found[0].passage.text,
                "arm": judged.item.arms[found[0].candidate],
                **{_column(criterion): means.get(criterion) for criterion in source.survey.scales},
                **evidence_of_values(name, rated, (), source, found[0].passage.speaker),
            }


def _ultrafeedback_columns(_: Survey) -> list[pa.Field]:
    return [
        column("source", pa.string(), "The source dialogue."),
        column("instruction", pa.string(), "The talk so far and what is asked for, as text."),
        column("models", pa.list_(pa.string()), "The systems whose completions follow."),
        column(
            "completions",
            pa.list_(_COMPLETION),
            "Each system's words, mean ratings and raters' reasons per criterion, and the mean of all.",
        ),
    ]


def _helpsteer_columns(survey: Survey) -> list[pa.Field]:
    return [
        column("prompt", MESSAGES, "The talk so far, and what is asked for."),
        column("response", pa.string(), "What was said."),
        column("arm", pa.string(), "The system that said it."),
        *(
            column(_column(criterion), pa.float64(), f"Mean over raters on {criterion}; null: not asked.")
            for criterion in survey.scales
        ),
    ]


ULTRAFEEDBACK = Format(
    "ultrafeedback",
    "What several systems said to the same person, rated side by side.",
    "",
    _ultrafeedback_columns,
    _ultrafeedback_rows,
)
HELPSTEER = Format(
    "helpsteer", "Single responses with a number for each criterion.", "", _helpsteer_columns, _helpsteer_rows
)
