"""What was learnt from the labelled messages: how much a passage is like the crises among them.

Two readers and the patterns, added up:
- likeness: kernel ridge regression on MiniLM vectors. Every labelled message votes, near ones most.
- wording: logistic regression on words and letters (wording.py), sharp where vectors blur.
- whether a pattern sounds its alarm (patterns.py).

`python -m mascot.safety.fit` finds all weights; reading needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mascot.engines.embedding import Vectors
from mascot.errors import ModelError
from mascot.safety.wording import wording

KINDS: tuple[str, ...] = ("suicide", "self_harm", "abuse", "violence", "medical")
WEIGHTS = Path(__file__).with_name("likeness.npz")
_WIDTH = 2.0

# How much each reader counts: chosen by leaving one writer's lines out at a time (docs/safety.md).
_LIKE, _WORDS, _ALARM = 6.0, 1.0, 3.0


class Likeness(NamedTuple):
    """Everything that fit found."""

    examples: NDArray[np.float32]
    """The labelled messages' vectors, (messages, 384)."""
    votes: NDArray[np.float32]
    """What each says where it is near, (messages, 6): crisis, then each of `KINDS`."""
    offset: NDArray[np.float32]
    """What is said far from all of them, (6,)."""
    words: NDArray[np.float32]
    """One weight per bucket of wording.py, and one more that is always added."""
    threshold: float
    """The log-odds from which a message is a crisis."""

    def votes_on(self, vectors: Vectors) -> NDArray[np.float32]:
        """One row per vector: how like a crisis, then how like each of `KINDS`; about -1 to 1."""
        return (kernel(vectors, self.examples) @ self.votes + self.offset).astype(np.float32)

    def wording(self, passages: Sequence[str]) -> NDArray[np.float32]:
        """The log-odds of each normalised passage by its wording alone."""
        found = (wording(passage) for passage in passages)
        return np.array([self.words[at] @ values + self.words[-1] for at, values in found], dtype=np.float32)


def mixed(
    like: NDArray[np.float32], words: NDArray[np.float32], alarms: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The three readers together, in log-odds, one number per passage; `alarms` is 1 where one sounds."""
    return (_LIKE * like + _WORDS * words + _ALARM * alarms).astype(np.float32)


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
            arrays = {name: stored[name].astype(np.float32) for name in Likeness._fields}
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(
            f"the safety weights in {path} cannot be read: run `python -m mascot.safety.fit` to make them"
        ) from error
    return Likeness(**{**arrays, "threshold": float(arrays["threshold"])})
