"""How many raters and items a comparison of two arms needs, by simulation.

A simulated rater prefers arm A on an item by Davidson's model, with a taste of their own and an item of its
own: both are normal around the true difference. The test is the one a study would use: the mean vote (1, 0
for a tie, −1) over its standard error clustered by rater and by item at once (Cameron, Gelbach and Miller,
Robust Inference With Multiway Clustering, JBES 29, 2011), against t with the smaller number of clusters less
one. With few of either it is cautious or bold; the chance of a false alarm is therefore reported beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy import stats

from annotations.statistics.errors import StatisticsError

_CERTAIN = 300.0
"""Half a log-odds beyond which nothing changes any more but that numbers overflow."""


@dataclass(frozen=True)
class Plan:
    """A study to be.

    Attributes:
        raters: How many people.
        items: How many items, each a pair of texts.
        per_item: How many raters see each item, at most `raters`.
        effect: True log-odds that arm A is preferred, ties aside; 0.41 is 60 to 40.
        ties: Davidson's ν: weight of a tie between equals, 1 for one vote in three.
        rater_deviation: Standard deviation of raters' own log-odds.
        item_deviation: Standard deviation of items' own log-odds.
    """

    raters: int
    items: int
    per_item: int
    effect: float
    ties: float = 0.5
    rater_deviation: float = 0.3
    item_deviation: float = 0.5

    def __post_init__(self) -> None:
        if not 2 <= self.per_item <= self.raters or self.items < 2:
            raise StatisticsError(
                f"{self.raters} raters, {self.items} items, {self.per_item} raters of each: it takes two"
                " items, two raters of each, and no more raters of an item than there are raters"
            )
        if not np.isfinite([self.effect, self.ties, self.rater_deviation, self.item_deviation]).all():
            raise StatisticsError("the effect, ties and deviations must be finite numbers")
        if min(self.ties, self.rater_deviation, self.item_deviation) < 0:
            raise StatisticsError("ties and deviations cannot be negative")


@dataclass(frozen=True)
class Power:
    """What a plan can show.

    Attributes:
        plan: The plan.
        power: Share of simulated studies that find the difference.
        error: Standard error of that share, from the number of simulated studies.
        false_alarms: The same share where there is no difference.
        votes: Votes the plan takes in all.
    """

    plan: Plan
    power: float
    error: float
    false_alarms: float
    votes: int

    def as_dict(self) -> dict[str, object]:
        """Nested dictionaries of plain values, ready for JSON."""
        return asdict(self)


def power(plan: Plan, alpha: float = 0.05, studies: int = 1000, seed: int = 0) -> Power:
    """Simulates the plan `studies` times with its effect and as often without."""
    if not 0 < alpha < 1 or studies < 1:
        raise StatisticsError(f"alpha {alpha} must be between 0 and 1, and studies {studies} at least 1")
    rng = np.random.default_rng(seed)
    found = float(np.mean(_p_values(plan, studies, rng) < alpha))
    alarms = float(np.mean(_p_values(replace(plan, effect=0.0), studies, rng) < alpha))
    error = float(np.sqrt(found * (1 - found) / studies))
    return Power(plan, found, error, alarms, plan.items * plan.per_item)


def smallest(
    plan: Plan,
    items: Sequence[int],
    wanted: float = 0.8,
    alpha: float = 0.05,
    studies: int = 1000,
    seed: int = 0,
) -> Power:
    """The plan with the fewest of these numbers of items whose power reaches what is wanted.

    Raises:
        StatisticsError: none of them reaches it.
    """
    best = None
    for number in sorted(items):
        best = power(replace(plan, items=number), alpha, studies, seed)
        if best.power >= wanted:
            return best
    if best is None:
        raise StatisticsError("no number of items was given")
    raise StatisticsError(
        f"power {wanted} is not reached, only {best.power:.2f} with {best.plan.items} items; "
        "try more items, or more raters of each"
    )


def _p_values(plan: Plan, studies: int, rng: np.random.Generator) -> np.ndarray:
    """Two-sided p of each simulated study, shape (studies,)."""
    rater = (np.arange(plan.items)[:, None] * plan.per_item + np.arange(plan.per_item)) % plan.raters
    taste = rng.normal(0, plan.rater_deviation, (studies, plan.raters))[:, rater]
    edge = plan.effect + taste + rng.normal(0, plan.item_deviation, (studies, plan.items, 1))
    half = np.clip(edge / 2, -_CERTAIN, _CERTAIN)
    win, loss = np.exp(half), np.exp(-half)
    draw = rng.random(edge.shape) * (win + loss + plan.ties)
    vote = (draw < win).astype(float) - ((draw >= win) & (draw < win + loss))
    mean = vote.mean(axis=(1, 2))
    rest = vote - mean[:, None, None]
    by_rater = np.zeros((studies, plan.raters))
    np.add.at(by_rater.T, rater, rest.transpose(1, 2, 0))
    by_item = rest.sum(axis=2)
    both = _sum_of_squares(by_item) + _sum_of_squares(by_rater)
    alone = (rest**2).sum(axis=(1, 2))
    variance = np.maximum(both - alone, np.maximum(_sum_of_squares(by_item), alone))
    error = np.sqrt(variance) / vote[0].size
    clusters = min(plan.items, plan.raters)
    statistic = np.abs(mean) / np.maximum(error * np.sqrt(clusters / (clusters - 1)), 1e-12)
    return 2 * stats.t.sf(statistic, clusters - 1)


def _sum_of_squares(sums: np.ndarray) -> np.ndarray:
    return (sums**2).sum(axis=1)


def lines(found: Sequence[Power]) -> Iterator[str]:
    """Plans as a table for people."""
    yield f"{'raters':>7}{'items':>7}{'per item':>10}{'votes':>8}{'power':>8}{'±':>7}{'false alarms':>14}"
    for each in found:
        plan = each.plan
        yield (
            f"{plan.raters:>7}{plan.items:>7}{plan.per_item:>10}{each.votes:>8}{each.power:>8.3f}"
            f"{1.96 * each.error:>7.3f}{each.false_alarms:>14.3f}"
        )
