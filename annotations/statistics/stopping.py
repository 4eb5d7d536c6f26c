"""When a running comparison of two arms may stop: evidence that stays valid however often one looks.

Each outcome is a number from 0 (arm B preferred) over ½ (tie) to 1 (arm A). If the mean were m, a bettor who
stakes a share of their capital on each next outcome would not get richer on average; capital of 1 / α is
then reached at any time with a chance of α at most (Ville's inequality). Many fixed shares are bet side by
side and averaged, so nothing needs tuning: Waudby-Smith and Ramdas, Estimating means of bounded random
variables by betting, JRSS B 86 (2024), § 4; a grid of fixed bets is our choice among theirs. Means that the
capital rules out are outside the confidence sequence.

The guarantee needs outcomes that each have mean m given what came before. Votes of one rater depend on one
another, so give one outcome for each rater (their mean vote), in the order in which they finished.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotations.statistics.errors import StatisticsError

BETS = np.concatenate([-0.95 * 0.6 ** np.arange(8), 0.95 * 0.6 ** np.arange(8)])
"""Shares of the capital at risk, for either direction; finer ones for smaller differences."""
_GRID = np.linspace(0.0, 1.0, 1001)[1:-1]


@dataclass(frozen=True)
class Verdict:
    """What is known now.

    Attributes:
        outcomes: How many came in.
        mean: Their mean; above ½ speaks for arm A. None before the first.
        low: Lower end of the confidence sequence at the level 1 − α: valid at every time at once.
        high: Its upper end.
        evidence: Capital against "no difference" now; it may stop at the first look at which it is 1 / α.
        p: Anytime-valid p-value, 1 / evidence and at most 1.
        decided: Whether the comparison may stop now with a difference; ½ is then outside the interval.
    """

    outcomes: int
    mean: float | None
    low: float
    high: float
    evidence: float
    p: float
    decided: bool


def log_capital(outcomes: np.ndarray, mean: float = 0.5) -> np.ndarray:
    """Natural logarithm of the bettors' mean capital after each outcome, if the mean were `mean`.

    Args:
        outcomes: Numbers from 0 to 1, shape (…, outcomes); leading axes are studies of their own.
        mean: Supposed mean, between 0 and 1, both excluded.

    Returns:
        Shape (…, outcomes).

    Raises:
        StatisticsError: an outcome outside 0 to 1, or a mean that is not inside.
    """
    if not 0 < mean < 1:
        raise StatisticsError(f"supposed mean {mean} is not between 0 and 1")
    wrong = ~((outcomes >= 0) & (outcomes <= 1))
    if wrong.any():
        raise StatisticsError(f"outcome {np.asarray(outcomes)[wrong].flat[0]} is not from 0 to 1")
    total = np.full(outcomes.shape, -np.inf)
    for bet in _stakes(mean):
        total = np.logaddexp(total, np.log1p(bet * (outcomes - mean)).cumsum(axis=-1))
    return total - np.log(len(BETS))


def look(outcomes: np.ndarray, alpha: float = 0.05) -> Verdict:
    """The verdict after these outcomes, in the order in which they came; look as often as you like.

    Raises:
        StatisticsError: as `log_capital`, or α that is not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise StatisticsError(f"alpha {alpha} is not between 0 and 1")
    outcomes = np.asarray(outcomes, dtype=float)
    if outcomes.ndim != 1:
        raise StatisticsError("outcomes must be one row of numbers")
    if len(outcomes) == 0:
        return Verdict(0, None, 0.0, 1.0, 1.0, 1.0, False)
    evidence = float(np.exp(min(log_capital(outcomes)[-1], 700.0)))
    low, high = _sequence(outcomes, alpha)
    return Verdict(
        outcomes=len(outcomes),
        mean=float(outcomes.mean()),
        low=low,
        high=high,
        evidence=evidence,
        p=min(1.0, 1 / max(evidence, 1e-300)),
        decided=evidence >= 1 / alpha,
    )


def _stakes(mean: float) -> np.ndarray:
    """Bets that can lose no more than all: positive ones on more than the mean, negative ones on less."""
    return np.where(BETS > 0, BETS / mean, BETS / (1 - mean))


def _sequence(outcomes: np.ndarray, alpha: float) -> tuple[float, float]:
    """The means of a grid of a thousandth that the final capital does not rule out, ends rounded outwards.

    Capital depends only on how often each value occurred, so distinct values are enough.
    """
    values, counts = np.unique(outcomes, return_counts=True)
    wealth = np.full(len(_GRID), -np.inf)
    for bet in BETS:
        stake = bet / _GRID if bet > 0 else bet / (1 - _GRID)
        wealth = np.logaddexp(wealth, np.log1p(stake[:, None] * (values - _GRID[:, None])) @ counts)
    inside = np.flatnonzero(wealth - np.log(len(BETS)) < np.log(1 / alpha))
    step = _GRID[1] - _GRID[0]
    if not len(inside):  # so many and so alike that only what is beyond the grid's last point remains
        return (0.0, float(_GRID[0])) if outcomes.mean() < 0.5 else (float(_GRID[-1]), 1.0)
    return max(float(_GRID[inside[0]] - step), 0.0), min(float(_GRID[inside[-1]] + step), 1.0)
