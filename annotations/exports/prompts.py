"""Where somebody was to speak, with what was said there and how raters found it: rows for GRPO.

GRPO samples its own completions; the prompt is all it trains on. The other columns reach the reward
functions: the persona, and the rated completions as references.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import fmean

import pyarrow as pa

from annotations.exports.comparisons import Judged, comparisons
from annotations.exports.format import MESSAGES, Format, Source, evidence, row_name
from annotations.exports.scores import scored
from annotations.exports.speech import Passage, diverging
from annotations.exports.survey import Survey
from annotations.exports.tables import Row, column
from annotations.records import Item

_REFERENCE = pa.struct(
    [
        ("completion", pa.string()),
        ("arm", pa.string()),
        ("criterion", pa.string()),
        ("kind", pa.string()),
        ("score", pa.float64()),
        ("raters", pa.int64()),
    ]
)


@dataclass
class _Place:
    """Somewhere somebody was to speak."""

    passage: Passage
    item: Item
    references: list[Row] = field(default_factory=list)
    answers: set[int] = field(default_factory=set)
    raters: set[str] = field(default_factory=set)


def _grpo_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per place where somebody was to speak, whatever was said there and however often."""
    for _, dialogue in itertools.groupby(items, key=lambda judged: judged.item.dialogue):
        places: dict[str, _Place] = {}
        for judged in dialogue:
            _add_scores(places, judged, source)
            _add_votes(places, judged, source)
        numbers: dict[str, itertools.count[int]] = defaultdict(itertools.count)
        for place in places.values():
            number = next(numbers[place.item.id])
            yield {
                "prompt": place.passage.prompt,
                "references": place.references,
                **evidence(
                    row_name("grpo", place.item.id, f"{number}"),
                    place.item,
                    place.answers,
                    source,
                    persona=place.passage.speaker,
                    raters=len(place.raters),
                ),
            }


def _at(places: dict[str, _Place], passage: Passage, item: Item) -> _Place:
    return places.setdefault(json.dumps([passage.speaker, passage.prompt]), _Place(passage, item))


def _add_scores(places: dict[str, _Place], judged: Judged, source: Source) -> None:
    for each in scored(judged, source):
        place = _at(places, each.passage, judged.item)
        place.answers |= {rated.answer.id for rated in each.rated}
        raters = {rated.rater.id for rated in each.rated}
        place.raters |= raters
        place.references.append(
            {
                "completion": each.passage.text,
                "arm": judged.item.arms[each.candidate],
                "criterion": each.criterion,
                "kind": "mean",
                "score": fmean(each.values),
                "raters": len(raters),
            }
        )


def _add_votes(places: dict[str, _Place], judged: Judged, source: Source) -> None:
    for comparison in comparisons(judged):
        pair = comparison.question.pair
        first, second = (source.turns(judged.item, candidate) for candidate in pair)
        texts = diverging(first, second, comparison.question.agent, source.cast)
        if texts is None:
            continue
        place = _at(places, texts[0], judged.item)
        place.answers |= {answer for vote in comparison.votes for answer in vote.answers}
        place.raters |= {vote.rater for vote in comparison.votes}
        n = len(comparison.votes)
        for candidate, text in zip(pair, texts, strict=True):
            place.references.append(
                {
                    "completion": text.text,
                    "arm": judged.item.arms[candidate],
                    "criterion": comparison.question.criterion,
                    "kind": "win rate",
                    "score": (comparison.wins(candidate) + comparison.ties / 2) / n,
                    "raters": n,
                }
            )


def _grpo_columns(_: Survey) -> list[pa.Field]:
    return [
        column("prompt", MESSAGES, "The talk so far, and what is asked for."),
        column(
            "references",
            pa.list_(_REFERENCE),
            "What was said here, by whom, and how it was rated: the mean on a scale, or the share of votes "
            "it won against another one, a tie counting half.",
        ),
    ]


GRPO = Format(
    "grpo",
    "Prompts, with rated answers for reward functions to look at.",
    "trl.GRPOTrainer",
    _grpo_columns,
    _grpo_rows,
)
