"""Intraclass correlations of a two-way random model: raters are a sample, and their leniency counts.

ICC(2,1) is the reliability of one rater's number, ICC(2,k) of the mean of the k raters (Shrout and Fleiss,
Psychological Bulletin 86, 1979). Both need every rater to have rated every item used.
"""

from __future__ import annotations

import numpy as np

from annotations.statistics.estimate import Estimate, divide, estimate
from annotations.statistics.ratings import Ratings


def icc(ratings: Ratings, mean_of_raters: bool = False, draws: int = 1000, seed: int = 0) -> Estimate:
    """ICC(2,1), or ICC(2,k) for the mean of the raters, over the items that every rater rated."""
    raters = len(ratings.raters)
    if raters < 2:
        return Estimate(None, raters=raters, reason="one rater: agreement takes two")
    answers = np.bincount(ratings.item, minlength=len(ratings.items))
    complete = np.flatnonzero(answers == raters)
    if len(complete) < 2:
        reason = f"ICC needs two items rated by all {raters} raters, there are {len(complete)}"
        return Estimate(None, items=len(complete), raters=raters, reason=reason)
    x = np.zeros((len(ratings.items), raters))
    x[ratings.item, ratings.rater] = ratings.numbers
    x = x[complete] - ratings.numbers.mean()
    x /= np.abs(x).max() or 1.0

    def correlation(weights: np.ndarray) -> np.ndarray:
        rows, columns, error = _mean_squares(x, weights)
        rater_part = (columns - error) / len(x)
        if mean_of_raters:
            return divide(rows - error, rows + rater_part)
        return divide(rows - error, rows + (raters - 1) * error + raters * rater_part)

    undefined = "the answers do not differ between items: reliability is not defined"
    return estimate(correlation, len(x), raters, undefined, draws, seed)


def _mean_squares(x: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean squares between items, between raters and of the rest, per sample; `weights` sum to the items."""
    n, k = x.shape
    item_means = x.mean(axis=1)
    grand = weights @ item_means / n
    rater_means = weights @ x / n
    between_items = k * (weights @ item_means**2 - n * grand**2)
    between_raters = n * ((rater_means - grand[:, None]) ** 2).sum(axis=1)
    total = weights @ (x**2).sum(axis=1) - n * k * grand**2
    rest = np.maximum(total - between_items - between_raters, 0)
    return between_items / (n - 1), between_raters / (k - 1), rest / ((n - 1) * (k - 1))
