"""The most likely parameters of a choice model, and how sure they are.

Few votes, or an arm that always wins, have no finite maximum of the likelihood. The fit therefore carries
Jeffreys' prior (Firth, Biometrika 80, 1993) as pseudo-votes, half a vote for each parameter in all: an
outcome with leverage h gets h / 2 (Kosmidis and Firth, Biometrika 98, 2011). Among many votes they vanish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from annotations.statistics.choice_model import Block, Layout, information, pseudo_counts, scores
from annotations.statistics.choices import NOBODY
from annotations.statistics.errors import StatisticsError

_STEPS = 200
_CLOSE = 1e-6
_LONGEST = 2.0
"""Of one Newton step, in log-odds: far from the maximum the quadratic picture is poor."""
_SPREAD, _SMALL, _LEAST = 0.25, 0.05, 1e-4
"""Variance of the raters' side effects: where it starts, what is small, and below what it counts as none."""


@dataclass(frozen=True)
class Fit:
    """A fitted choice model.

    Attributes:
        parameters: In the order of the layout.
        covariance: Of the parameters, the inverse of the information of the votes and twice the pseudo-votes,
            shape (parameters, parameters). For two arms without ties that is the exact bend of Jeffreys'
            prior; elsewhere it is our choice: the votes alone cover too often when there are few.
        prior: The pseudo-votes used, as blocks.
        rater_variance: Of the raters' side effects; 0 where there are none.
    """

    parameters: np.ndarray
    covariance: np.ndarray
    prior: list[Block]
    rater_variance: float = 0.0


def fit_with_jeffreys_prior(blocks: list[Block], layout: Layout) -> Fit:
    """Fits counted choices; each Newton step also renews the pseudo-votes.

    Raises:
        StatisticsError: the votes do not determine the parameters, or no maximum was found.
    """
    parameters = np.zeros(layout.starts[-1])
    for _ in range(_STEPS):
        inverse = _inverse(_total_information(blocks, parameters), layout)
        counts = [pseudo_counts(part, parameters, inverse) for part in blocks]
        prior = [with_counts(part, count) for part, count in zip(blocks, counts, strict=True)]
        gradient = sum(scores(part, parameters)[0] for part in (*blocks, *prior))
        step = _bounded(_inverse(_total_information([*blocks, *prior], parameters), layout) @ gradient)
        parameters = parameters + step
        if np.abs(step).max() < _CLOSE:
            return Fit(
                parameters, _inverse(_total_information([*blocks, *prior, *prior], parameters), layout), prior
            )
    raise StatisticsError("the strengths did not settle; report these votes as a fault of this program")


def fit_with_pseudo_votes(blocks: list[Block], prior: list[Block], layout: Layout, start: np.ndarray) -> Fit:
    """Fits choices with covariates or raters' effects, with the pseudo-votes found without them.

    Raters' effects are normal around zero; their variance is estimated along with them: the sum of squared
    effects over the effective number of effects (MacKay, Neural Computation 4, 1992).
    """
    parameters = np.zeros(layout.starts[-1])
    parameters[: len(start)] = start
    raters = slice(layout.starts[3], layout.starts[4])
    variance = _SPREAD if layout.raters else 0.0
    for _ in range(_STEPS):
        precision = np.zeros(len(parameters))
        precision[raters] = 1 / variance if layout.raters else 0.0
        gradient = sum(scores(part, parameters)[0] for part in (*blocks, *prior)) - precision * parameters
        both = _total_information([*blocks, *prior], parameters) + np.diag(precision)
        inverse = _inverse(both, layout)
        step = _bounded(inverse @ gradient)
        parameters = parameters + step
        before = variance
        if layout.raters:
            effective = np.sum(1 - np.diag(inverse)[raters] / variance)
            variance = max(float(np.sum(parameters[raters] ** 2) / max(effective, 1e-6)), _LEAST)
        settled = abs(variance - before) < 1e-3 * (before + _SMALL)
        if settled and np.abs(step).max() < (1e-4 if layout.raters else _CLOSE):
            bend = _total_information([*blocks, *prior, *prior], parameters) + np.diag(precision)
            return Fit(parameters, _inverse(bend, layout), prior, variance)
    raise StatisticsError("the strengths did not settle; report these votes as a fault of this program")


def by_rater(blocks: list[Block], fit: Fit, raters: int) -> np.ndarray:
    """Covariance of the parameters that lets the votes of one rater depend on one another.

    The sandwich of clustered scores (Liang and Zeger, Biometrika 73, 1986) with the factor G / (G − 1) for G
    raters. Votes of nobody in particular count as one rater's.
    """
    total = np.zeros((raters + 1, len(fit.parameters)))
    for part in blocks:
        total += scores(part, fit.parameters, part.choices.rater - NOBODY, raters + 1)
    total = total[np.abs(total).sum(axis=1) > 0]
    meat = total.T @ total * len(total) / max(len(total) - 1, 1)
    return fit.covariance @ meat @ fit.covariance


def with_counts(part: Block, counts: np.ndarray) -> Block:
    """The same choices with other counts."""
    return replace(part, choices=replace(part.choices, counts=counts))


def _total_information(blocks: list[Block], parameters: np.ndarray) -> np.ndarray:
    return np.sum([information(part, parameters) for part in blocks], axis=0)


def _bounded(step: np.ndarray) -> np.ndarray:
    return step * min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300))


def _inverse(matrix: np.ndarray, layout: Layout) -> np.ndarray:
    """Inverse on the space where strengths, and position effects, add to zero."""
    size = len(matrix)
    null = np.zeros((2, size))
    null[0, : layout.arms] = 1 / np.sqrt(layout.arms)
    if layout.positions:
        null[1, layout.arms : layout.starts[1]] = 1 / np.sqrt(layout.positions)
    scale = float(np.trace(matrix)) / size
    try:
        inverse = linalg.inv(matrix + scale * null.T @ null, check_finite=False, assume_a="pos")
    except linalg.LinAlgError:
        raise StatisticsError(
            "the votes cannot tell arms, positions and style apart; vary them against each other"
        ) from None
    return inverse - null.T @ null / scale
