"""How strong each arm is, from comparisons and rankings, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats
from scipy.sparse import coo_matrix, csgraph

from annotations.statistics.choice_fit import Fit, by_rater, fit_with_jeffreys_prior, fit_with_pseudo_votes
from annotations.statistics.choice_model import Block, Layout, block
from annotations.statistics.choices import NOBODY, Choices, Votes, as_choices, sets
from annotations.statistics.errors import StatisticsError
from annotations.statistics.votes import Ballots

Dependence = Literal["clustered", "effects", "independent"]
"""How the votes of one rater depend on one another.

clustered: In any way; intervals come from the variation between raters. The default.
effects: Each rater (at most 2,000) has a side preference of their own, normal around the common one, no more.
independent: Not at all.
"""
MOST_RATER_EFFECTS = 2000
"""Raters' effects are solved for together; beyond so many the memory for that is better spent elsewhere."""


@dataclass(frozen=True)
class Effect:
    """A log-odds with its 95 % interval.

    Attributes:
        name: Of the arm, position or covariate.
        value: Log-odds; strengths add to zero over the arms.
        low: Lower end.
        high: Upper end.
        error: Standard error.
    """

    name: str
    value: float
    low: float
    high: float
    error: float


@dataclass(frozen=True)
class Strengths:
    """What votes say about arms.

    Attributes:
        arms: Strength of each arm, strongest first.
        ranks: For each of them the best and worst place its differences to the others leave open.
        position: The first position against the last, where positions were modelled: above 0 it helps.
        ties: Log-weight of a tie of each size against a win, all arms equal; empty where nobody tied.
        style: What one standard deviation of each covariate adds.
        rater_deviation: Standard deviation of the raters' own side preferences; 0 where not modelled.
        votes: How many.
        raters: How many, 0 where unknown.
        clustered: Whether the intervals let one rater's votes depend on one another.
        covariance: Of the strengths in the order of `arms`, shape (arms, arms).
        quantile: Standard errors from the middle of an interval to its ends.
    """

    arms: tuple[Effect, ...]
    ranks: tuple[tuple[int, int], ...]
    position: Effect | None
    ties: tuple[Effect, ...]
    style: tuple[Effect, ...]
    rater_deviation: float
    votes: int
    raters: int
    clustered: bool
    covariance: np.ndarray
    quantile: float

    def difference(self, one: str, two: str) -> Effect:
        """How much stronger arm `one` is than arm `two`: the log-odds that it wins, ties aside."""
        names = [arm.name for arm in self.arms]
        for name in (one, two):
            if name not in names:
                raise StatisticsError(f"no arm '{name}'; there are: {', '.join(names)}")
        contrast = np.zeros(len(names))
        contrast[names.index(one)] += 1
        contrast[names.index(two)] -= 1
        values = np.array([arm.value for arm in self.arms])
        return _effect(f"{one} – {two}", contrast, values, self.covariance, self.quantile)

    def as_dict(self) -> dict[str, object]:
        """Nested dictionaries of plain values, ready for JSON."""
        return {
            "arms": [
                {**asdict(arm), "best_rank": best, "worst_rank": worst}
                for arm, (best, worst) in zip(self.arms, self.ranks, strict=True)
            ],
            "position": self.position and asdict(self.position),
            "ties": [asdict(tie) for tie in self.ties],
            "style": [asdict(style) for style in self.style],
            "rater_deviation": self.rater_deviation,
            "votes": self.votes,
            "raters": self.raters,
            "clustered_by_rater": self.clustered,
            "covariance": self.covariance.tolist(),
        }


def strengths(ballots: Ballots, positions: bool = True, raters: Dependence = "clustered") -> Strengths:
    """Fits Bradley–Terry with ties (two arms) or Plackett–Luce with ties (more), see `choice_model`.

    Args:
        ballots: The votes.
        positions: Whether a position may help.
        raters: How votes of one rater may depend on one another; without known raters they are independent.

    Raises:
        StatisticsError: some arms were never compared with the rest, or the votes cannot tell the effects
            apart, or there are too many raters for effects of their own.
    """
    if raters == "effects" and not 2 <= len(ballots.raters) <= MOST_RATER_EFFECTS:
        raise StatisticsError(
            f"{len(ballots.raters)} raters: effects of their own need 2 to {MOST_RATER_EFFECTS}"
        )
    _check_connected(ballots)
    clustered = raters == "clustered" and len(ballots.raters) > 1
    layout = _layout(ballots, positions, raters == "effects")
    plain = replace(layout, covariates=0, raters=0)
    bare = [_bare(votes) for votes in ballots.votes]
    fit = fit_with_jeffreys_prior(_blocks(bare, plain), plain)
    blocks = _blocks(ballots.votes, layout) if clustered or layout != plain else []
    if layout != plain:
        prior = [_relaid(part, layout) for part in fit.prior]
        fit = fit_with_pseudo_votes(blocks, prior, layout, fit.parameters)
    covariance = by_rater(blocks, fit, len(ballots.raters)) if clustered else fit.covariance
    return _report(ballots, layout, fit, covariance, clustered)


def _layout(ballots: Ballots, positions: bool, rater_effects: bool) -> Layout:
    shown = max(int(votes.positions.max()) for votes in ballots.votes) + 1
    tied: set[int] = set()
    for votes in ballots.votes:
        for stage in as_choices(_bare(votes)):
            picked = stage.counts.sum(axis=0) > 0
            tied |= {len(chosen) for chosen, seen in zip(sets(stage.offered), picked, strict=True) if seen}
    return Layout(
        arms=len(ballots.arms),
        positions=shown if positions and shown > 1 else 0,
        tied=tuple(sorted(tied - {1})),
        covariates=len(ballots.style),
        raters=len(ballots.raters) if rater_effects else 0,
    )


def _bare(votes: Votes) -> Votes:
    """The votes without rater and style, which are few when counted."""
    style = np.zeros((*votes.arms.shape, 0))
    return replace(votes, rater=np.full(len(votes.arms), NOBODY), style=style)


def _blocks(votes: list[Votes], layout: Layout) -> list[Block]:
    return [block(stage, layout) for each in votes for stage in as_choices(each)]


def _relaid(part: Block, layout: Layout) -> Block:
    """Pseudo-votes in a layout with covariates: they are cast on texts alike, by nobody."""
    every = sets(part.choices.offered)
    counts = np.zeros((len(part.choices.arms), len(every)))
    allowed = [at for at, chosen in enumerate(every) if len(chosen) == 1 or len(chosen) in layout.tied]
    counts[:, allowed] = part.choices.counts
    style = np.zeros((*part.choices.arms.shape, layout.covariates))
    arms, positions, rater = part.choices.arms, part.choices.positions, part.choices.rater
    return block(Choices(arms, positions, counts, rater, style), layout)


def _check_connected(ballots: Ballots) -> None:
    size = len(ballots.arms)
    ends = [
        (votes.arms[:, :1].repeat(votes.arms.shape[1] - 1, 1), votes.arms[:, 1:]) for votes in ballots.votes
    ]
    one = np.concatenate([left.ravel() for left, _ in ends])
    two = np.concatenate([right.ravel() for _, right in ends])
    groups, label = csgraph.connected_components(coo_matrix((np.ones(len(one)), (one, two)), (size, size)))
    if groups > 1:
        apart = [arm for arm, group in zip(ballots.arms, label, strict=True) if group != label[0]]
        raise StatisticsError(
            f"'{ballots.arms[0]}' was never compared with '{apart[0]}', not even through others: "
            "strengths of arms that never meet cannot be put on one scale"
        )


def _report(ballots: Ballots, layout: Layout, fit: Fit, covariance: np.ndarray, clustered: bool) -> Strengths:
    at_positions, at_ties, at_style, _, size = layout.starts
    quantile = float(stats.t.ppf(0.975, len(ballots.raters) - 1) if clustered else stats.norm.ppf(0.975))

    def effect(name: str, *signs: tuple[int, float]) -> Effect:
        contrast = np.zeros(size)
        for index, sign in signs:
            contrast[index] = sign
        return _effect(name, contrast, fit.parameters, covariance, quantile)

    order = np.argsort(-fit.parameters[: layout.arms], kind="stable")
    of_arms = covariance[np.ix_(order, order)]
    first_against_last = ((at_positions, 1.0), (at_ties - 1, -1.0))
    return Strengths(
        arms=tuple(effect(ballots.arms[at], (int(at), 1.0)) for at in order),
        ranks=tuple(_ranks(fit.parameters[order], of_arms, quantile)),
        position=effect("first – last", *first_against_last) if layout.positions else None,
        ties=tuple(effect(f"tie of {n}", (at_ties + at, 1.0)) for at, n in enumerate(layout.tied)),
        style=tuple(effect(name, (at_style + at, 1.0)) for at, name in enumerate(ballots.style)),
        rater_deviation=float(np.sqrt(fit.rater_variance)),
        votes=sum(len(votes.arms) for votes in ballots.votes),
        raters=len(ballots.raters),
        clustered=clustered,
        covariance=of_arms,
        quantile=quantile,
    )


def _effect(
    name: str, contrast: np.ndarray, values: np.ndarray, covariance: np.ndarray, quantile: float
) -> Effect:
    value = float(contrast @ values)
    error = float(np.sqrt(max(contrast @ covariance @ contrast, 0.0)))
    return Effect(name, value, value - quantile * error, value + quantile * error, error)


def _ranks(values: np.ndarray, covariance: np.ndarray, quantile: float) -> Iterator[tuple[int, int]]:
    """Places that 95 % intervals of the differences leave open, each difference taken by itself."""
    variance = np.diag(covariance)
    error = np.sqrt(np.maximum(variance[:, None] + variance[None, :] - 2 * covariance, 0))
    apart = (values[:, None] - values[None, :]) > quantile * error
    for at in range(len(values)):
        yield 1 + int(apart[:, at].sum()), len(values) - int(apart[at].sum())


def lines(found: Strengths) -> Iterator[str]:
    """The result as a table for people."""
    yield f"{'arm':<32}{'strength':>9}   95 % interval      place"
    for arm, (best, worst) in zip(found.arms, found.ranks, strict=True):
        place = str(best) if best == worst else f"{best} to {worst}"
        yield f"{_line(arm)}  {place}"
    yield from (_line(effect) for effect in (found.position, *found.ties, *found.style) if effect)
    how = f"clustered by {found.raters} raters" if found.clustered else "votes taken as independent"
    yield f"{found.votes} votes; intervals: {how}; log-odds, arms add to zero"


def _line(effect: Effect) -> str:
    interval = f"{effect.low:.3f} to {effect.high:.3f}"
    return f"{effect.name:<32.31}{effect.value:9.3f}   {interval:<18}"
