"""How much a sentence is like the crises in the tuning half of labelled.jsonl: kernel ridge regression.

Every labelled message is a unit vector of the MiniLM embedder. A sentence is compared with each of them;
those near it vote with the weights that `python -m mascot.safety.fit` found. Closed form, no randomness.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mascot.engines.embedding import Vectors
from mascot.errors import ModelError

KINDS: tuple[str, ...] = ("suicide", "self_harm", "abuse", "violence", "medical")
WEIGHTS = Path(__file__).with_name("likeness.npz")
_WIDTH = 2.0


class Likeness(NamedTuple):
    """What fit found: the examples' vectors, their votes (crisis, then each kind), and the threshold."""

    examples: NDArray[np.float32]
    votes: NDArray[np.float32]
    offset: NDArray[np.float32]
    threshold: float

    def scores(self, vectors: Vectors) -> NDArray[np.float32]:
        """One row per vector: how like a crisis, then how like each of `KINDS`; about -1 to 1."""
        return (kernel(vectors, self.examples) @ self.votes + self.offset).astype(np.float32)


def kernel(left: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.floating]:
    """exp(-2 d²) for every pair of unit vectors, so 1 for the same and about 0 for unrelated sentences."""
    return np.exp(-2.0 * _WIDTH * (1.0 - left @ right.T))


def load(path: Path = WEIGHTS) -> Likeness:
    """The fitted weights.

    Raises:
        ModelError: the file is missing or not one that fit wrote.
    """
    try:
        with np.load(path) as stored:
            return Likeness(
                stored["examples"].astype(np.float32),
                stored["votes"].astype(np.float32),
                stored["offset"].astype(np.float32),
                float(stored["threshold"]),
            )
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(
            f"the safety weights in {path} cannot be read: run `python -m mascot.safety.fit` to make them"
        ) from error
