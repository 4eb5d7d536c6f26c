"""How far raters agree, criterion by criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from annotations.statistics.alpha import krippendorff_alpha
from annotations.statistics.errors import StatisticsError
from annotations.statistics.estimate import Estimate
from annotations.statistics.icc import icc
from annotations.statistics.kappa import PairKappa, fleiss_kappa, pairwise_kappa
from annotations.statistics.ratings import Level, Ratings, read_ratings

MOST_PAIRED_RATERS = 20
"""Above so many raters the pairs are too many to read; α and ICC still cover everyone."""


@dataclass(frozen=True)
class Agreement:
    """Every agreement statistic that one criterion's ratings determine.

    Attributes:
        criterion: Its name; empty where the table has no criteria.
        level: What the values mean; α is computed at it.
        answers: Number of answers given.
        alpha: Krippendorff's α.
        fleiss: Fleiss' κ; None at the interval level, where it would ask for equal numbers.
        icc_single: ICC(2,1); None for names.
        icc_mean: ICC(2,k); None for names.
        pairs: Cohen's κ of every two raters with two or more items in common; none above 20 raters.
        items_by_raters: How many items got one answer, two answers, …
    """

    criterion: str
    level: Level
    answers: int
    alpha: Estimate
    fleiss: Estimate | None
    icc_single: Estimate | None
    icc_mean: Estimate | None
    pairs: tuple[PairKappa, ...]
    items_by_raters: dict[int, int]

    def as_dict(self) -> dict[str, object]:
        """Nested dictionaries of plain values, ready for JSON."""
        return {
            "criterion": self.criterion,
            "level": self.level,
            "answers": self.answers,
            "items_by_raters": {str(raters): items for raters, items in self.items_by_raters.items()},
            "krippendorff_alpha": self.alpha.as_dict(),
            "fleiss_kappa": self.fleiss and self.fleiss.as_dict(),
            "icc_2_1": self.icc_single and self.icc_single.as_dict(),
            "icc_2_k": self.icc_mean and self.icc_mean.as_dict(),
            "pairs": [
                {
                    "raters": list(pair.raters),
                    "cohen_kappa": pair.plain.as_dict(),
                    "cohen_kappa_quadratic": pair.quadratic and pair.quadratic.as_dict(),
                }
                for pair in self.pairs
            ],
        }


def agreement(
    ratings: Ratings, level: Level = "nominal", criterion: str = "", draws: int = 1000, seed: int = 0
) -> Agreement:
    """All statistics of one criterion, with 95 % bootstrap intervals over `draws` samples of items."""
    numeric = ratings.numeric and level != "nominal"
    few = len(ratings.raters) <= MOST_PAIRED_RATERS
    per_item = np.bincount(np.bincount(ratings.item, minlength=1))
    return Agreement(
        criterion=criterion,
        level=level,
        answers=len(ratings.item),
        alpha=krippendorff_alpha(ratings, level, draws, seed),
        fleiss=fleiss_kappa(ratings, draws, seed) if level != "interval" else None,
        icc_single=icc(ratings, False, draws, seed) if numeric else None,
        icc_mean=icc(ratings, True, draws, seed) if numeric else None,
        pairs=tuple(pairwise_kappa(ratings, draws=draws, seed=seed)) if few else (),
        items_by_raters={raters: int(items) for raters, items in enumerate(per_item) if items and raters},
    )


def agreement_by_criterion(
    table: pd.DataFrame, level: Level = "nominal", draws: int = 1000, seed: int = 0
) -> list[Agreement]:
    """`agreement` of each criterion of a long table with `item`, `rater`, `value` and perhaps `criterion`.

    Raises:
        StatisticsError: as `read_ratings`; or the table is empty.
    """
    if table.empty:
        raise StatisticsError("the table has no rows: there is nothing to compare yet")
    if "criterion" not in table.columns:
        return [agreement(read_ratings(table, level), level, "", draws, seed)]
    return [
        agreement(read_ratings(rows, level), level, str(name), draws, seed)
        for name, rows in table.groupby("criterion", sort=True, dropna=False)
    ]
