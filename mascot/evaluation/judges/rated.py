"""Conversations that experts and a crowd have rated: `empathic_judging` (Kumar et al. 2026, MIT).

Read in place from its folder; no word of it is ever written. Of its 200 conversations 150 have their text
published; the 50 of Perceived Empathy do not and are left out.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mascot.conversation.transcript import PERSON
from mascot.errors import InputError
from mascot.evaluation.judges.base import Case, Line

EXPERT_NAMES = ("expert1", "expert2", "expert3")
CONSENSUS, CROWD = "experts", "crowd"
"""The experts' median and the crowd's mean, as the data have them."""

_RATINGS = "combined_annotations_across_methods_and_datasets.csv"
_SPEAKER = re.compile(r"^\s*(Seeker|Supporter):", re.M)


@dataclass(frozen=True)
class Rated:
    """A conversation with its ratings."""

    case: Case
    dataset: str
    ratings: Mapping[str, Mapping[str, float]]
    """By dimension and rater."""


@dataclass(frozen=True)
class _Source:
    """Where one data set's columns stand in the common file."""

    dataset: str
    id: str
    dimensions: tuple[str, ...]


_SOURCES = (
    _Source(
        "Lend an Ear",
        "lend_an_ear_conversation_id",
        (
            "validating_emotions",
            "encouraging_elaboration",
            "demonstrating_understanding",
            "advice_giving",
            "self_oriented",
            "dismissing_emotions",
        ),
    ),
    _Source("EmpatheticDialogues", "empathetic_conversation_id", ("empathy", "relevance", "fluency")),
    _Source(
        "EPITOME",
        "epitome_conversation_id",
        ("level_emotional_reactions", "level_interpretations", "level_explorations"),
    ),
)


def rated_conversations(folder: Path) -> tuple[Rated, ...]:
    """All 150, in a fixed order.

    Raises:
        InputError: a file is missing, or is not what it should be.
    """
    try:
        ratings = {source.dataset: _ratings(folder / _RATINGS, source) for source in _SOURCES}
        told = {
            "Lend an Ear": dict(_lend_an_ear(folder)),
            "EmpatheticDialogues": _empathetic(folder),
            "EPITOME": dict(_epitome(folder)),
        }
        return tuple(
            Rated(Case(id=id, said=told[dataset][id]), dataset, by_dimension)
            for dataset, by_id in ratings.items()
            for id, by_dimension in sorted(by_id.items())
        )
    except OSError as error:
        raise InputError(f"{folder} has no ratings to measure a judge by ({error.strerror})") from None
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{folder} is not the data of `empathic_judging` that we know ({type(error).__name__}: {error})"
        ) from None


def _ratings(path: Path, source: _Source) -> dict[str, dict[str, dict[str, float]]]:
    """Ratings of one source by conversation, dimension and rater."""
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        head = next(rows)
        id = head.index(source.id)
        rater = head.index("annotation_method", id)
        columns = {dimension: head.index(dimension) for dimension in source.dimensions}
        for row in rows:
            for dimension, column in columns.items():
                if row[column]:
                    found[row[id]][dimension][row[rater]] = float(row[column])
    return {id: dict(by_dimension) for id, by_dimension in found.items()}


def _lend_an_ear(folder: Path) -> Iterator[tuple[str, tuple[Line, ...]]]:
    for row in _rows(folder / "sample_lend_an_ear_conversations.csv"):
        pieces = _SPEAKER.split(row["full_conversation"])
        lines = (_line(who, text) for who, text in zip(pieces[1::2], pieces[2::2], strict=True))
        yield row["conversation_id"], tuple(line for line in lines if line.text)


def _empathetic(folder: Path) -> dict[str, tuple[Line, ...]]:
    spoken: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in _rows(folder / "sample_empatheticdialogues.csv"):
        spoken[row["conv_id"]].append((row["speaker_idx"], row["utterance"].replace("_comma_", ",")))
    return {
        id: tuple(_line("Seeker" if who == said[0][0] else "Supporter", text) for who, text in said)
        for id, said in spoken.items()
    }


def _epitome(folder: Path) -> Iterator[tuple[str, tuple[Line, ...]]]:
    for row in _rows(folder / "sample_epitome.csv"):
        yield row["sp_id"], (_line("Seeker", row["seeker_post"]), _line("Supporter", row["response_post"]))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _line(who: str, text: str) -> Line:
    return Line(speaker=PERSON if who == "Seeker" else who, text=" ".join(text.split()))
