"""Simulated votes with known strengths."""

from __future__ import annotations

import numpy as np
import pandas as pd

OUTCOMES = np.array(["left", "right", "tie"])


def comparisons(
    strengths: np.ndarray,
    votes: int,
    rng: np.random.Generator,
    ties: float = 0.6,
    first: float = 0.2,
    raters: int = 1,
    taste: float = 0.0,
    side: float = 0.0,
    length: float = 0.0,
) -> pd.DataFrame:
    """Comparisons by Davidson's model.

    Args:
        strengths: Of each arm, named by its index; in log-odds.
        votes: How many.
        rng: Source of chance.
        ties: Davidson's ν.
        first: Log-odds that the left side gets.
        raters: Who share the votes evenly.
        taste: Standard deviation of each rater's own strengths around the common ones.
        side: Standard deviation of each rater's own `first`.
        length: Log-odds per unit of length, which is standard normal.
    """
    arms = len(strengths)
    rater = np.arange(votes) % raters
    left = rng.integers(0, arms, votes)
    right = (left + rng.integers(1, arms, votes)) % arms
    own = strengths + rng.normal(0, taste, (raters, arms))
    texts = rng.normal(size=(votes, 2))
    edge = own[rater, left] - own[rater, right] + first + rng.normal(0, side, raters)[rater]
    edge = edge + length * (texts[:, 0] - texts[:, 1])
    weights = np.column_stack([np.exp(edge / 2), np.exp(-edge / 2), np.full(votes, ties)])
    chosen = (rng.random((votes, 1)) > (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(
        axis=1
    )
    return pd.DataFrame(
        {
            "left": left,
            "right": right,
            "outcome": OUTCOMES[chosen],
            "rater": rater,
            "left_length": texts[:, 0],
            "right_length": texts[:, 1],
        }
    )


def rankings(strengths: np.ndarray, votes: int, rng: np.random.Generator, first: float = 0.0) -> pd.DataFrame:
    """Rankings without ties by Plackett and Luce: Gumbel noise on strengths, three of the arms at a time."""
    arms = len(strengths)
    offered = rng.permuted(np.tile(np.arange(arms), (votes, 1)), axis=1)[:, :3]
    worth = strengths[offered] + rng.gumbel(size=offered.shape) + np.array([first, 0, 0])
    rank = (-worth).argsort(axis=1).argsort(axis=1) + 1
    return pd.DataFrame(
        {
            "vote": np.repeat(np.arange(votes), 3),
            "arm": offered.ravel(),
            "position": np.tile(np.arange(3), votes),
            "rank": rank.ravel(),
        }
    )
