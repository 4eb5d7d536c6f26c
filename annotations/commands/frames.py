"""The store's answers as the tables that the statistics read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pandas as pd

from annotations.records import Choice, Pairwise, Ranking, Rated, Scale
from annotations.statistics.ratings import Level
from mascot.conversation.events import Utterance

Row = dict[str, Any]


def by_criterion(answers: Iterable[Rated]) -> dict[tuple[str, str], pd.DataFrame]:
    """A long table for each criterion and kind of answer that can be compared between raters.

    Columns `item` (with the target, where an answer is about a part of it), `rater`, `value`.
    """
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for rated in answers:
        value = _comparable(rated)
        if value is not None:
            row = {"item": _asked(rated), "rater": rated.rater.id, "value": value}
            found[rated.answer.criterion, rated.answer.value.kind].append(row)
    return {key: pd.DataFrame(rows) for key, rows in sorted(found.items())}


def votes(answers: Iterable[Rated], lengths: bool) -> dict[str, pd.DataFrame]:
    """A table of votes for each criterion: `vote`, `arm`, `position`, `rank`, `rater`, perhaps `length`.

    The length is that of what the personas said, in characters; it needs answers with transcripts.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    for rated in answers:
        for candidate, rank in enumerate(_ranks(rated)):
            row = {
                "vote": rated.answer.id,
                "arm": rated.item.arms[candidate],
                "position": rated.place(candidate),
                "rank": rank,
                "rater": rated.rater.id,
            }
            found[rated.answer.criterion].append(
                row | ({"length": _said(rated, candidate)} if lengths else {})
            )
    return {criterion: pd.DataFrame(rows) for criterion, rows in sorted(found.items())}


def quality_tables(answers: Iterable[Rated]) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """All answers in numbers, and the attention checks among them."""
    rows: list[Row] = []
    checks: list[Row] = []
    for rated in answers:
        expected = rated.item.expected.get(rated.answer.criterion)
        if expected is not None:
            checks.append({"rater": rated.rater.id, "passed": _passed(rated, expected)})
        elif (row := _numeric(rated)) is not None:
            rows.append(row)
    return pd.DataFrame(rows), pd.DataFrame(checks) if checks else None


def _asked(rated: Rated) -> str:
    target = rated.answer.target
    parts = (target.candidate, target.turn, target.agent or None)
    return " ".join([rated.item.id, *(str(part) for part in parts if part is not None)])


def _comparable(rated: Rated) -> float | str | None:
    match rated.answer.value:
        case Scale(value=value):
            return value
        case Pairwise(winner=winner):
            return "tie" if winner is None else rated.item.arms[winner]
        case Ranking(ranks=ranks):
            return " ".join(f"{arm}:{rank}" for arm, rank in sorted(zip(rated.item.arms, ranks, strict=True)))
        case Choice(options=options):
            return " + ".join(sorted(options))
    return None


def _ranks(rated: Rated) -> tuple[int, ...]:
    match rated.answer.value:
        case Pairwise(winner=winner):
            return (1, 1) if winner is None else (1, 2) if winner == 0 else (2, 1)
        case Ranking(ranks=ranks):
            return ranks
    return ()


def _said(rated: Rated, candidate: int) -> int:
    events = rated.item.candidates[candidate].events
    return sum(len(event.text) for event in events if isinstance(event, Utterance))


def _numeric(rated: Rated) -> Row | None:
    """One answer as `quality` wants it: votes as 1, 0, −1 for the arm whose name comes first."""
    answer = rated.answer
    row: Row = {"item": f"{_asked(rated)} {answer.criterion}", "rater": rated.rater.id}
    row["seconds"] = float("nan") if answer.seconds is None else answer.seconds
    row |= {"position": float("nan"), "options": float("nan")}
    match answer.value:
        case Scale(value=value):
            return {**row, "value": value}
        case Pairwise(winner=None):
            return {**row, "value": 0.0}
        case Pairwise(winner=int(winner)):
            first = rated.item.arms.index(min(rated.item.arms))
            place = {"position": rated.place(winner), "options": 2}
            return {**row, **place, "value": 1.0 if winner == first else -1.0}
    return None


def _passed(rated: Rated, expected: str | float) -> bool:
    value = _comparable(rated)
    return value == expected or str(value) == str(expected)


def level_of(kind: str, level: Level) -> Level:
    """Only scales know more or less; everything else is names."""
    return level if kind == "scale" else "nominal"
