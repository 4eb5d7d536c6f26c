"""One number with its interval, or the reason why there is none; and the bootstrap behind it.

Every agreement statistic here is a function of sums over items. A bootstrap sample of items is therefore a
row of weights (how often each item was drawn), and a thousand samples are one matrix product instead of a
thousand calls. That is why the statistics are written here rather than called from a library a thousand
times; the tests compare each with a library's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]
"""Weights of items, samples × items, to one value per sample; NaN where the sample defines none."""

_CELLS = 4_000_000
"""Weights held at a time, so that a large study does not need a large machine."""


@dataclass(frozen=True)
class Estimate:
    """A statistic of some ratings.

    Attributes:
        value: The statistic, or None where the ratings do not define it.
        low: Lower end of the 95 % percentile interval over items, or None.
        high: Its upper end, or None.
        items: Items that took part.
        raters: Raters who took part.
        reason: Why there is no value or no interval; empty when both are there.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    items: int = 0
    raters: int = 0
    reason: str = ""

    def as_dict(self) -> dict[str, float | int | str | None]:
        """The fields, as a program wants them."""
        return asdict(self)


def estimate(
    statistic: Statistic, items: int, raters: int, undefined: str, draws: int = 1000, seed: int = 0
) -> Estimate:
    """The statistic of all items, with the 2.5 and 97.5 percentiles over `draws` samples of items.

    Args:
        statistic: See `Statistic`.
        items: How many items there are.
        raters: How many raters took part, for the record.
        undefined: The reason to give where the statistic is not defined on all items.
        draws: Bootstrap samples; 0 for none.
        seed: Of the sampling; the same seed gives the same interval.
    """
    value = float(statistic(np.ones((1, items)))[0])
    if not np.isfinite(value):
        return Estimate(None, items=items, raters=raters, reason=undefined)
    if draws == 0:
        return Estimate(value, items=items, raters=raters, reason="no interval was asked for")
    values = _resampled(statistic, items, draws, np.random.default_rng(seed))
    defined = values[np.isfinite(values)]
    if items < 2 or len(defined) < draws / 2:
        reason = "no interval: too few items, most samples of them leave the statistic undefined"
        return Estimate(value, items=items, raters=raters, reason=reason)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Estimate(value, float(low), float(high), items, raters)


def _resampled(statistic: Statistic, items: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    step = max(1, _CELLS // items)
    shares = np.full(items, 1 / items)
    sizes = [min(step, draws - at) for at in range(0, draws, step)]
    return np.concatenate(
        [statistic(rng.multinomial(items, shares, size=size).astype(float)) for size in sizes]
    )


def divide(above: np.ndarray, below: np.ndarray, smallest: float = 1e-12) -> np.ndarray:
    """`above / below`, NaN where `below` is not a positive number worth dividing by."""
    sound = below > smallest
    return np.where(sound, above / np.where(sound, below, 1.0), np.nan)
