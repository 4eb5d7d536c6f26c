"""Ratings in long form, checked and coded: what every agreement statistic reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from annotations.statistics.errors import StatisticsError

Level = Literal["nominal", "ordinal", "interval"]
"""What may be said of two values: that they differ, which is more, or by how much."""


@dataclass(frozen=True)
class Ratings:
    """One answer per item and rater, as integer codes.

    Attributes:
        item: Code of the item of each answer, shape (answers,).
        rater: Code of its rater, shape (answers,).
        value: Code of its value: an index into `values`, shape (answers,).
        values: The distinct values in ascending order; numbers where all are numbers.
        items: Names of the items, in order of first appearance.
        raters: Names of the raters, in order of first appearance.
    """

    item: np.ndarray
    rater: np.ndarray
    value: np.ndarray
    values: np.ndarray
    items: list[str]
    raters: list[str]

    @property
    def numeric(self) -> bool:
        """Whether every value is a number."""
        return self.values.dtype.kind == "f"

    @property
    def numbers(self) -> np.ndarray:
        """The value of each answer as a number, shape (answers,)."""
        return self.values[self.value]

    def counts(self) -> sparse.csr_matrix:
        """How often each item got each value, shape (items, values)."""
        ones = np.ones(len(self.item))
        shape = (len(self.items), len(self.values))
        return sparse.csr_matrix((ones, (self.item, self.value)), shape=shape)

    def grid(self) -> np.ndarray:
        """Value codes as items × raters; −1 where a rater did not rate an item."""
        table = np.full((len(self.items), len(self.raters)), -1)
        table[self.item, self.rater] = self.value
        return table


def read_ratings(table: pd.DataFrame, level: Level = "nominal") -> Ratings:
    """Checks and codes a long table with the columns `item`, `rater` and `value`.

    Rows without a value are answers that were not given, and are left out.

    Raises:
        StatisticsError: a column or name is missing, a value is no number though the level needs numbers, or
            a rater answered an item twice. Rows are named by the table's own index.
    """
    for column in ("item", "rater", "value"):
        if column not in table.columns:
            raise StatisticsError(f"no column '{column}'; there are: {', '.join(map(str, table.columns))}")
    given = table[table["value"].notna()]
    for column in ("item", "rater"):
        if given[column].isna().any():
            row = given.index[given[column].isna()][0]
            raise StatisticsError(f"row {row}: no {column}; give every answer one")
    twice = given.duplicated(["item", "rater"]).to_numpy()
    if twice.any():
        first = given[twice].iloc[0]
        raise StatisticsError(
            f"row {first.name}: rater '{first['rater']}' answered item '{first['item']}' twice; "
            "keep one answer each"
        )
    values = _numbers(given["value"], level)
    value, levels = pd.factorize(values, sort=True)
    item, items = pd.factorize(given["item"])
    rater, raters = pd.factorize(given["rater"])
    return Ratings(
        item, rater, value, np.asarray(levels), [str(name) for name in items], [str(name) for name in raters]
    )


def _numbers(column: pd.Series, level: Level) -> pd.Series:
    """The values as finite numbers, or as text where they are none and the level asks for none."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers.to_numpy())
    if not wrong.any():
        return numbers
    if level == "nominal":
        return column.astype(str)
    at = int(np.flatnonzero(wrong)[0])
    raise StatisticsError(
        f"row {column.index[at]}: value '{column.iloc[at]}' is no number; "
        f"the {level} level needs numbers (use nominal for names)"
    )
