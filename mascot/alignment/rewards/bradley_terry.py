"""Bradley-Terry: the better of two is preferred with the probability that their difference in reward gives.

    loss = - weighted mean over pairs of  log sigma(reward of chosen - reward of rejected - margin)

The margin stands where Llama 2 (Touvron et al. 2023, section 3.2.2) and TRL's RewardTrainer put it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """What a linear reward is fitted to."""

    differences: sparse.csr_matrix
    """Features of the chosen minus those of the rejected, shape (pairs, features)."""
    margins: Numbers
    """Shape (pairs,)."""
    weights: Numbers
    """Shape (pairs,), not negative, not all 0."""

    @property
    def features(self) -> int:
        return int(self.differences.get_shape()[1])


def loss(ahead: Numbers, margins: Numbers, weights: Numbers) -> float:
    """The loss above; `ahead` is by how much the chosen ones' rewards are higher, shape (pairs,)."""
    return float(np.average(np.logaddexp(0.0, margins - ahead), weights=weights))


def fit(pairs: Pairs, ridge: float, start: Numbers | None = None) -> Numbers:
    """The weights of a linear reward, shape (features,): convex, so the same every time.

    Args:
        ridge: times half the squared distance from `start` is added to the loss.
        start: what is known already, shape (features,); None is nothing.
    """
    begin = np.zeros(pairs.features) if start is None else start
    share = pairs.weights / pairs.weights.sum()

    def objective(moved: Numbers) -> tuple[float, Numbers]:
        short = pairs.margins - pairs.differences @ (begin + moved)
        value = float(share @ np.logaddexp(0.0, short)) + 0.5 * ridge * float(moved @ moved)
        return value, ridge * moved - pairs.differences.T @ (share * expit(short))

    found = minimize(objective, np.zeros_like(begin), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return begin + found.x


def temperature(ahead: Numbers, weights: Numbers) -> float:
    """The factor on rewards under which held-out preferences are likeliest, 0.05 to 20.

    One factor changes no order: only how sure a difference is (Guo et al. 2017, arXiv 1706.04599).
    """
    none = np.zeros_like(ahead)
    found = minimize_scalar(
        lambda power: loss(np.exp(power) * ahead, none, weights),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))
