"""Do the words belong to this situation? An utterance must find its own among others by embedding."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from mascot.engines.embedding import Vectors
from mascot.evaluation.dialogue import Start

OTHERS = 3
"""So many shuffled situations stand beside the right one: chance is 1 in 4."""


def others(start: Start, starts: Sequence[Start]) -> tuple[Start, ...]:
    """Three other situations of the same source and domain, the same for every system.

    Where a domain has fewer, the rest comes from the source's other domains. Fewer than three only where
    the source itself is that small.
    """
    chance = Random(f"relevance:{start.id}")
    pool = [other for other in starts if other.source == start.source and other.id != start.id]
    drawn = sorted(chance.sample(pool, len(pool)), key=lambda other: other.domain != start.domain)
    return tuple(drawn[:OTHERS])


def found_own(utterances: Vectors, own: Vectors, shuffled: Vectors) -> float | None:
    """Share of utterances nearer to their own situation than to every shuffled one; None for none.

    Args:
        utterances: unit vectors, shape (utterances, dimension).
        own: the situation's, shape (dimension,).
        shuffled: those of the others, shape (others, dimension), at least one.
    """
    if not len(utterances):
        return None
    return float(np.mean(utterances @ own > (utterances @ shuffled.T).max(axis=1)))
