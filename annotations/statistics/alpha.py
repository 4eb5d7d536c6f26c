"""Krippendorff's α: agreement of any number of raters who need not all rate every item.

α = 1 − D_o / D_e, the observed over the expected disagreement (Krippendorff, Content Analysis, 4th ed.,
2019, ch. 12). With m answers to an item, the item adds Σ δ²(a, b) / (m − 1) over its ordered pairs of
answers; D_e is the same over all answers of items with two or more. δ² is 0 or 1 (nominal), (a − b)²
(interval), or the squared difference of the values' mid-ranks among all those answers (ordinal), which
equals the book's sum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from annotations.statistics.estimate import Estimate, Statistic, divide, estimate
from annotations.statistics.ratings import Level, Ratings


def krippendorff_alpha(
    ratings: Ratings, level: Level = "nominal", draws: int = 1000, seed: int = 0
) -> Estimate:
    """α at a level, from −1 (rarely below) to 1, with its bootstrap interval over items.

    Ordinal and interval α need numbers: `read_ratings` with that level has checked them.
    """
    counts = ratings.counts()
    paired = np.asarray(counts.sum(axis=1)).ravel() >= 2
    if not paired.any():
        return Estimate(None, raters=len(ratings.raters), reason="no item was rated by two raters")
    counts = sparse.csr_matrix(counts[np.flatnonzero(paired)])
    raters = len(np.unique(ratings.rater[paired[ratings.item]]))
    statistic = STATISTICS[level]
    undefined = "every answer is the same: chance agreement is complete and α is not defined"
    return estimate(statistic(counts, ratings.values), int(paired.sum()), raters, undefined, draws, seed)


def _nominal(counts: sparse.csr_matrix, _: np.ndarray) -> Statistic:
    m = np.asarray(counts.sum(axis=1)).ravel()
    same = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
    disagreement = (m**2 - same) / (m - 1)

    def alpha(weights: np.ndarray) -> np.ndarray:
        totals = weights @ counts
        n = totals.sum(axis=1)
        expected = (n**2 - (totals**2).sum(axis=1)) / np.maximum(n - 1, 1)
        return 1 - divide(weights @ disagreement, expected)

    return alpha


def _interval(counts: sparse.csr_matrix, values: np.ndarray) -> Statistic:
    centred = values - np.average(values, weights=np.asarray(counts.sum(axis=0)).ravel())
    scale = np.abs(centred).max() or 1.0
    m = np.asarray(counts.sum(axis=1)).ravel()
    first, second = counts @ (centred / scale), counts @ (centred / scale) ** 2
    disagreement = (m * second - first**2) / (m - 1)

    def alpha(weights: np.ndarray) -> np.ndarray:
        n = weights @ m
        expected = (n * (weights @ second) - (weights @ first) ** 2) / np.maximum(n - 1, 1)
        return 1 - divide(weights @ disagreement, expected)

    return alpha


def _ordinal(counts: sparse.csr_matrix, _: np.ndarray) -> Statistic:
    m = np.asarray(counts.sum(axis=1)).ravel()

    def alpha(weights: np.ndarray) -> np.ndarray:
        totals = weights @ counts
        n = totals.sum(axis=1)
        ranks = (np.cumsum(totals, axis=1) - totals / 2 - n[:, None] / 2) / n[:, None]
        first, second = counts @ ranks.T, counts @ (ranks.T**2)
        disagreement = (m[:, None] * second - first**2) / (m[:, None] - 1)
        observed = np.einsum("si,is->s", weights, disagreement)
        expected = n * (totals * ranks**2).sum(axis=1) - (totals * ranks).sum(axis=1) ** 2
        return 1 - divide(observed, expected / np.maximum(n - 1, 1))

    return alpha


STATISTICS: dict[Level, Callable[[sparse.csr_matrix, np.ndarray], Statistic]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}
"""α of weighted items by level, from counts (items with two answers or more × values) and the values."""
