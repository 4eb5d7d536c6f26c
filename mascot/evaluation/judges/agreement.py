"""How well two raters agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def quadratic_kappa(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Cohen's κ with quadratic weights, -1 to 1: one minus the mean squared difference over the one expected
    by chance (Cohen 1968).

    Ratings are numbers of one scale and need not be whole: on whole numbers it is scikit-learn's
    `cohen_kappa_score(weights="quadratic")` with every point of the scale as a label; on any it is Lin's
    concordance correlation. None where neither rater ever differs from one value.
    """
    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if not len(x):
        return None
    by_chance = x.var() + y.var() + (x.mean() - y.mean()) ** 2
    return float(1 - np.mean((x - y) ** 2) / by_chance) if by_chance > 1e-12 else None


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Rank correlation, -1 to 1; None where a rater never varies."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(stats.rankdata(one), stats.rankdata(other))[0, 1])


def kappa_interval(
    one: Sequence[float], other: Sequence[float], draws: int = 2000, seed: int = 0
) -> tuple[float, float] | None:
    """95 % percentile bootstrap interval of κ over the items; None where κ is None."""
    if quadratic_kappa(one, other) is None:
        return None
    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    places = np.random.default_rng(seed).integers(len(x), size=(draws, len(x)))
    drawn_x, drawn_y = x[places], y[places]
    by_chance = drawn_x.var(1) + drawn_y.var(1) + (drawn_x.mean(1) - drawn_y.mean(1)) ** 2
    apart = ((drawn_x - drawn_y) ** 2).mean(1)
    kappas = 1 - apart[by_chance > 1e-12] / by_chance[by_chance > 1e-12]
    low, high = np.percentile(kappas, [2.5, 97.5])
    return float(low), float(high)
