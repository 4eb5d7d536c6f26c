"""How sure a figure is: intervals over dialogues, tests of paired differences, correction for many.

Two kinds of figures need two methods. A mean over dialogues is bootstrapped: dialogues are drawn with
replacement. A figure that compares dialogues with one another (template reuse, self-BLEU) cannot be, since
a dialogue drawn twice is its own perfect template: there a delete-a-group jackknife leaves out a tenth or
less at a time (Efron and Tibshirani 1993, chapter 11; Kott 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random

import numpy as np
from scipy import stats

_DRAWS = 5000
_GROUPS = 20
_STILL = 1e-9
"""Standard errors below this share of a figure are rounding of numbers, not movement."""
_DIGITS = 4


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval. `p` is set for differences: two-sided, against zero."""

    value: float
    low: float
    high: float
    n: int
    """Dialogues it rests on."""
    p: float | None = None


def mean(values: Sequence[float], seed: int = 0) -> Estimate:
    """Mean with its percentile bootstrap interval; of a single value the interval is the value.

    Raises:
        ValueError: no values.
    """
    data = np.asarray(values, dtype=float)
    if not len(data):
        raise ValueError("a mean of nothing: give at least one value")
    middle = float(data.mean())
    if len(data) == 1 or np.ptp(data) == 0:
        return Estimate(middle, middle, middle, len(data))
    rng = np.random.default_rng(seed)
    drawn = stats.bootstrap((data,), np.mean, n_resamples=_DRAWS, method="percentile", rng=rng)
    interval = drawn.confidence_interval
    return Estimate(middle, float(interval.low), float(interval.high), len(data))


def difference(one: Mapping[str, float], other: Mapping[str, float], seed: int = 0) -> Estimate | None:
    """Mean of `other` minus `one` over the dialogues that both have; None where there are none.

    The interval is bootstrapped; `p` is that of the sign-flip permutation test of paired samples.
    """
    both = sorted(one.keys() & other.keys())
    if not both:
        return None
    gaps = np.array([other[id] - one[id] for id in both])
    estimate = mean(gaps.tolist(), seed)
    if not gaps.any() or len(gaps) == 1:
        p = 1.0  # of one pair nothing can be said
    else:
        rng = np.random.default_rng(seed)
        test = stats.permutation_test(
            (gaps,), np.mean, permutation_type="samples", n_resamples=_DRAWS, vectorized=True, rng=rng
        )
        p = float(test.pvalue)
    return Estimate(estimate.value, estimate.low, estimate.high, len(both), p)


def jackknife(statistic: Callable[[Sequence[str]], float], ids: Sequence[str], seed: int = 0) -> Estimate:
    """A statistic of a set of dialogues, with an interval from leaving out groups of them.

    Twenty groups drawn at random (fewer where there are fewer dialogues); interval and `p` by Student's t
    with one degree of freedom less than groups. Below three groups the interval is the figure itself. Of a
    figure that no group moves, `p` is the least that the signs of so many groups can give: a few dialogues
    that agree are not certain.

    Args:
        statistic: its value over the dialogues of these ids; of a difference, the difference over them.
        ids: the dialogues, at least one.
    """
    whole = statistic(ids)
    groups = min(_GROUPS, len(ids))
    if groups < 3:
        return Estimate(whole, whole, whole, len(ids))
    shuffled = Random(f"jackknife:{seed}").sample(sorted(ids), len(ids))
    without = [
        statistic([id for place, id in enumerate(shuffled) if place % groups != left])
        for left in range(groups)
    ]
    deviations = np.array(without) - np.mean(without)
    error = float(np.sqrt((groups - 1) / groups * (deviations**2).sum()))
    half = float(stats.t.ppf(0.975, groups - 1)) * error
    if error <= _STILL * abs(whole):
        return Estimate(whole, whole, whole, len(ids), 2.0 ** (1 - groups) if whole else 1.0)
    p = float(2 * stats.t.sf(abs(whole) / error, groups - 1))
    return Estimate(whole, whole - half, whole + half, len(ids), p)


def holm(ps: Sequence[float]) -> list[float]:
    """The p values corrected for their number (Holm 1979), in the order given."""
    corrected = [0.0] * len(ps)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        corrected[place] = highest
    return corrected


def shown_p(p: float) -> str:
    """A p as it is printed: no test is so sure that it could be zero."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def rounded(estimate: Estimate | None) -> dict[str, float] | None:
    """An estimate as it is written into a file, to four places; a p below 0.0001 is written as that."""
    if estimate is None:
        return None
    figures = {key: round(value, _DIGITS) for key, value in asdict(estimate).items() if value is not None}
    if "p" in figures:
        figures["p"] = max(figures["p"], 10**-_DIGITS)
    return figures
