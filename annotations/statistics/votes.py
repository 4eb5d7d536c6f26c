"""Tables of votes, checked and coded: what the strengths of arms are computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from annotations.statistics.choices import NOBODY, Votes
from annotations.statistics.errors import StatisticsError

_RANKS = {"left": (0, 1), "right": (1, 0), "tie": (0, 0)}


@dataclass(frozen=True)
class Ballots:
    """Votes with the names behind their codes.

    Attributes:
        votes: One `Votes` for each number of arms that was on offer.
        arms: Names of the arms, sorted.
        raters: Names of the raters, in order of first appearance; empty where unknown.
        style: Names of the covariates.
        units: Standard deviation of each covariate, in its own unit, shape (covariates,).
    """

    votes: list[Votes]
    arms: list[str]
    raters: list[str]
    style: list[str]
    units: np.ndarray


def read_pairs(table: pd.DataFrame, style: Mapping[str, tuple[str, str]] | None = None) -> Ballots:
    """Comparisons of two: columns `left`, `right`, `outcome` (left, right or tie), and perhaps `rater`.

    Args:
        table: One comparison per row.
        style: For each covariate its name and its two columns, for the left text and for the right one.

    Raises:
        StatisticsError: names the row (by the table's index) and column at fault.
    """
    style = style or {}
    columns = ["left", "right", "outcome", *(column for pair in style.values() for column in pair)]
    _check_columns(table, [*columns, "rater"] if "rater" in table.columns else columns)
    wrong = ~table["outcome"].isin(list(_RANKS))
    _refuse(table, wrong, "outcome", "is none of left, right, tie")
    _refuse(table, table["left"] == table["right"], "right", "is the arm on the left too")
    codes, arms = pd.factorize(pd.concat([table["left"], table["right"]]), sort=True)
    outcome = pd.Index(list(_RANKS)).get_indexer(pd.Index(table["outcome"]))
    texts = [np.column_stack([_numbers(table, column) for column in pair]) for pair in style.values()]
    votes = Votes(
        arms=codes.reshape(2, -1).T,
        positions=np.broadcast_to([0, 1], (len(table), 2)),
        ranks=np.array(list(_RANKS.values()))[outcome],
        rater=np.full(len(table), NOBODY),
        style=np.stack(texts, axis=2) if texts else np.zeros((len(table), 2, 0)),
    )
    return _ballots([(votes, table)], [str(arm) for arm in arms], list(style))


def read_rankings(table: pd.DataFrame, style: Sequence[str] = ()) -> Ballots:
    """Rankings: columns `vote`, `arm`, `position` (from 0), `rank` (1 is best), and perhaps `rater`.

    One row per arm of a vote; equal ranks are a tie; votes may offer different numbers of arms.

    Raises:
        StatisticsError: names the row (by the table's index) and column at fault.
    """
    columns = ["vote", "arm", "position", "rank", *style]
    _check_columns(table, [*columns, "rater"] if "rater" in table.columns else columns)
    _refuse(table, table.duplicated(["vote", "arm"]), "arm", "is in this vote twice")
    _refuse(table, table.duplicated(["vote", "position"]), "position", "is in this vote twice")
    position = _numbers(table, "position")
    _refuse(table, (position < 0) | (position != np.round(position)), "position", "is none of 0, 1, 2, …")
    ordered = table.assign(_size=table.groupby("vote")["arm"].transform("size"))
    _refuse(ordered, ordered["_size"] < 2, "vote", "offers one arm only")
    arms = sorted(map(str, table["arm"].unique()))
    ordered = ordered.sort_values(["_size", "vote", "position"])
    found = [
        (_ranked(rows, int(str(size)), arms, style), rows.iloc[:: int(str(size))])
        for size, rows in ordered.groupby("_size")
    ]
    return _ballots(found, arms, list(style))


def _ranked(rows: pd.DataFrame, size: int, arms: list[str], style: Sequence[str]) -> Votes:
    shape = (len(rows) // size, size)
    texts = [_numbers(rows, column).reshape(shape) for column in style]
    return Votes(
        arms=pd.Index(arms).get_indexer(pd.Index(rows["arm"].astype(str))).reshape(shape),
        positions=_numbers(rows, "position").astype(int).reshape(shape),
        ranks=_numbers(rows, "rank").reshape(shape),
        rater=np.full(shape[0], NOBODY),
        style=np.stack(texts, axis=2) if texts else np.zeros((*shape, 0)),
    )


def _ballots(found: list[tuple[Votes, pd.DataFrame]], arms: list[str], style: list[str]) -> Ballots:
    """Adds the raters, named alike in all votes, and gives covariates mean 0 and deviation 1."""
    raters: list[str] = []
    votes = [each for each, _ in found]
    if all("rater" in rows.columns for _, rows in found):
        codes, names = pd.factorize(pd.concat([rows["rater"] for _, rows in found]))
        raters = [str(name) for name in names]
        ends = np.cumsum([len(rows) for _, rows in found])[:-1]
        parts = np.split(codes, ends)
        votes = [replace(each, rater=part) for each, part in zip(votes, parts, strict=True)]
    flat = np.concatenate([each.style.reshape(each.arms.size, len(style)) for each in votes])
    units = flat.std(axis=0)
    for name, unit in zip(style, units, strict=True):
        if unit == 0:
            raise StatisticsError(f"covariate '{name}' is the same for every text: leave it out")
    middle = flat.mean(axis=0)
    votes = [replace(each, style=(each.style - middle) / units) for each in votes]
    return Ballots(votes, arms, raters, style, units)


def _check_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    if table.empty:
        raise StatisticsError("the table has no votes yet")
    for column in columns:
        if column not in table.columns:
            raise StatisticsError(f"no column '{column}'; there are: {', '.join(map(str, table.columns))}")
        _refuse(table, table[column].isna(), column, "is empty")


def _numbers(table: pd.DataFrame, column: str) -> np.ndarray:
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    _refuse(table, ~np.isfinite(numbers), column, "is no number")
    return numbers


def _refuse(table: pd.DataFrame, wrong: pd.Series | np.ndarray, column: str, why: str) -> None:
    at = np.flatnonzero(np.asarray(wrong))
    if len(at):
        value = table[column].iloc[int(at[0])]
        raise StatisticsError(f"row {table.index[int(at[0])]}, column '{column}': '{value}' {why}")
