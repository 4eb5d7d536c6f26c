"""Votes as choices: every vote is one or more stages at which a set of equally good arms is picked first.

A comparison of two arms is one stage with three outcomes: left, right, both. A ranking of three with ties is
a first stage with seven possible sets and, where one arm alone came first, a second between the other two.
Choices that look alike are counted together, so that a million votes over 50 arms are 2,450 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

NOBODY = -1
"""The rater of a choice for which nobody in particular is to blame."""


@dataclass(frozen=True)
class Choices:
    """Choices among k arms each, counted.

    Attributes:
        arms: Arms on offer, shape (rows, k).
        positions: Where each was shown, from 0, shape (rows, k).
        counts: How often each set of `sets(k)` was picked, shape (rows, sets).
        rater: Who chose, or `NOBODY`, shape (rows,).
        style: Standardised covariates of each text on offer, shape (rows, k, covariates).
    """

    arms: np.ndarray
    positions: np.ndarray
    counts: np.ndarray
    rater: np.ndarray
    style: np.ndarray

    @property
    def offered(self) -> int:
        """k, how many arms are on offer."""
        return self.arms.shape[1]


@dataclass(frozen=True)
class Votes:
    """Complete votes on the same number of arms each, before they are taken apart.

    Attributes:
        arms: Shape (votes, k).
        positions: Shape (votes, k).
        ranks: Smaller is better, equal is a tie, shape (votes, k).
        rater: Shape (votes,); `NOBODY` where unknown.
        style: Shape (votes, k, covariates).
    """

    arms: np.ndarray
    positions: np.ndarray
    ranks: np.ndarray
    rater: np.ndarray
    style: np.ndarray


def sets(offered: int) -> list[tuple[int, ...]]:
    """The sets that can be picked from `offered` arms: single arms first, then pairs, and so on."""
    return [chosen for size in range(1, offered + 1) for chosen in combinations(range(offered), size)]


def as_choices(votes: Votes) -> Iterator[Choices]:
    """The stages of the votes, counted; one `Choices` for each number of arms on offer.

    Rows are told apart by arms, positions and rater; with covariates every stage stays a row of its own.
    """
    pending = [votes]
    while pending:
        now = pending.pop()
        offered = now.arms.shape[1]
        first = now.ranks == now.ranks.min(axis=1, keepdims=True)
        codes = {sum(1 << arm for arm in chosen): at for at, chosen in enumerate(sets(offered))}
        index = np.zeros(1 << offered, dtype=int)
        index[list(codes)] = list(codes.values())
        yield _count(now, index[first @ (1 << np.arange(offered))], len(codes))
        left = offered - first.sum(axis=1)
        pending += [
            _rest(now, first, left == size, size) for size in range(2, offered) if (left == size).any()
        ]


def _rest(votes: Votes, first: np.ndarray, rows: np.ndarray, size: int) -> Votes:
    """The votes of some rows without the arms that came first, `size` arms each."""
    remaining = ~first[rows]
    width = (int(rows.sum()), size)
    covariates = votes.style.shape[2]
    return Votes(
        votes.arms[rows][remaining].reshape(width),
        votes.positions[rows][remaining].reshape(width),
        votes.ranks[rows][remaining].reshape(width),
        votes.rater[rows],
        votes.style[rows][remaining].reshape(*width, covariates),
    )


def _count(votes: Votes, picked: np.ndarray, outcomes: int) -> Choices:
    if votes.style.shape[2]:
        counts = np.eye(outcomes)[picked]
        return Choices(votes.arms, votes.positions, counts, votes.rater, votes.style)
    key = votes.rater.astype(np.int64) + 1
    for column in (*votes.arms.T, *votes.positions.T):
        key = key * (int(column.max()) + 1) + column
    _, first, row = np.unique(key, return_index=True, return_inverse=True)
    counts = np.bincount(row * outcomes + picked, minlength=len(first) * outcomes).reshape(-1, outcomes)
    return Choices(
        votes.arms[first],
        votes.positions[first],
        counts.astype(float),
        votes.rater[first],
        np.zeros((len(first), votes.arms.shape[1], 0)),
    )
