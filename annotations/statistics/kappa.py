"""Cohen's κ for two raters, plain and quadratic, and Fleiss' κ for any number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from annotations.statistics.errors import StatisticsError
from annotations.statistics.estimate import Estimate, Statistic, divide, estimate
from annotations.statistics.ratings import Ratings

Spacing = Literal["value", "rank"]
"""How far two categories are apart in quadratic κ.

`value`: by their numbers, so that 3 and 5 are two apart though nobody used 4. Ours, and the default.
`rank`: by their places among the values these two raters used, as scikit-learn and R's irr do it.
"""

_SAME = "both raters gave one and the same answer throughout: chance agreement is complete"


@dataclass(frozen=True)
class PairKappa:
    """κ of two raters over the items both rated."""

    raters: tuple[str, str]
    plain: Estimate
    quadratic: Estimate | None
    """None where the values are no numbers."""


def cohen_kappa(first: np.ndarray, second: np.ndarray, draws: int = 1000, seed: int = 0) -> Estimate:
    """Cohen's κ (1960) of two raters' values for the same items, each of shape (items,)."""
    if len(first) == 0:
        return Estimate(None, raters=2, reason="the two raters share no item")
    categories, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    ones = np.eye(len(categories))[codes]
    one, two = ones[: len(first)], ones[len(first) :]
    equal = (one * two).sum(axis=1)

    def kappa(weights: np.ndarray) -> np.ndarray:
        n = weights.sum(axis=1)
        chance = ((weights @ one) * (weights @ two)).sum(axis=1) / n**2
        return divide(weights @ equal / n - chance, 1 - chance)

    return estimate(kappa, len(first), 2, _SAME, draws, seed)


def quadratic_kappa(
    first: np.ndarray, second: np.ndarray, spacing: Spacing = "value", draws: int = 1000, seed: int = 0
) -> Estimate:
    """Cohen's κ with quadratic weights (1968) of two raters' numbers for the same items, each (items,).

    Weights by squared distance need no table of categories: the observed disagreement is the mean of
    (x − y)², the expected one var x + var y + (mean x − mean y)², with divisor n.
    """
    if len(first) == 0:
        return Estimate(None, raters=2, reason="the two raters share no item")
    both = np.concatenate([first, second]).astype(float)
    if spacing == "rank":
        both = np.unique(both, return_inverse=True)[1].astype(float)
    both = both - both.mean()
    both /= np.abs(both).max() or 1.0
    x, y = both[: len(first)], both[len(first) :]
    return estimate(_quadratic(x, y), len(first), 2, _SAME, draws, seed)


def _quadratic(x: np.ndarray, y: np.ndarray) -> Statistic:
    moments = np.column_stack([x, y, x**2 + y**2, (x - y) ** 2])

    def kappa(weights: np.ndarray) -> np.ndarray:
        sums = (weights @ moments) / weights.sum(axis=1, keepdims=True)
        return 1 - divide(sums[:, 3], sums[:, 2] - 2 * sums[:, 0] * sums[:, 1])

    return kappa


def pairwise_kappa(
    ratings: Ratings, spacing: Spacing = "value", fewest: int = 2, draws: int = 1000, seed: int = 0
) -> Iterator[PairKappa]:
    """κ of every pair of raters who share at least `fewest` items, in order of first appearance.

    Raises:
        StatisticsError: `fewest` is below 1.
    """
    if fewest < 1:
        raise StatisticsError(f"fewest shared items is {fewest}; it must be 1 or more")
    mine = [np.flatnonzero(ratings.rater == rater) for rater in range(len(ratings.raters))]
    for one, two in combinations(range(len(ratings.raters)), 2):
        _, left, right = np.intersect1d(
            ratings.item[mine[one]], ratings.item[mine[two]], assume_unique=True, return_indices=True
        )
        if len(left) < fewest:
            continue
        x, y = ratings.value[mine[one][left]], ratings.value[mine[two][right]]
        quadratic = None
        if ratings.numeric:
            quadratic = quadratic_kappa(ratings.values[x], ratings.values[y], spacing, draws, seed)
        yield PairKappa((ratings.raters[one], ratings.raters[two]), cohen_kappa(x, y, draws, seed), quadratic)


def fleiss_kappa(ratings: Ratings, draws: int = 1000, seed: int = 0) -> Estimate:
    """Fleiss' κ (1971), items with fewer than two answers left out.

    Where items have different numbers of answers each item counts the same, both in the observed agreement
    and in the shares of the categories (Gwet, Handbook of Inter-Rater Reliability, 4th ed., 2014, § 3.4).
    """
    counts = ratings.counts().toarray()
    counts = counts[counts.sum(axis=1) >= 2]
    if len(counts) == 0:
        return Estimate(None, raters=len(ratings.raters), reason="no item was rated by two raters")
    m = counts.sum(axis=1)
    agreement = ((counts**2).sum(axis=1) - m) / (m * (m - 1))
    shares = counts / m[:, None]

    def kappa(weights: np.ndarray) -> np.ndarray:
        n = weights.sum(axis=1)
        chance = ((weights @ shares / n[:, None]) ** 2).sum(axis=1)
        return divide(weights @ agreement / n - chance, 1 - chance)

    undefined = "every answer is the same: chance agreement is complete and κ is not defined"
    return estimate(kappa, len(counts), len(ratings.raters), undefined, draws, seed)
