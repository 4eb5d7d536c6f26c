"""Choosing among texts by constrained decoding: at each token only the texts still possible compete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mascot.errors import EngineError

NextToken = Callable[[list[int], list[int]], Sequence[float]]
"""Given the tokens so far and those that may follow: how the latter share the probability."""


def weigh(options: Sequence[Sequence[int]], next_token: NextToken) -> list[float]:
    """Probability of each option, given as tokens; the model is asked only where options part.

    Raises:
        EngineError: two options are the same tokens, or one begins the other.
    """
    weights = [0.0] * len(options)
    open_nodes: list[tuple[list[int], list[int], float]] = [([], list(range(len(options))), 1.0)]
    while open_nodes:
        path, alive, weight = open_nodes.pop()
        if len(alive) == 1:
            weights[alive[0]] = weight
            continue
        branches: dict[int, list[int]] = {}
        for option in alive:
            if len(options[option]) == len(path):
                raise EngineError("this model's tokens cannot tell the options apart: word them differently")
            branches.setdefault(options[option][len(path)], []).append(option)
        tokens = list(branches)
        shares = next_token(path, tokens) if len(tokens) > 1 else [1.0]
        open_nodes += [([*path, t], branches[t], weight * s) for t, s in zip(tokens, shares, strict=True)]
    return weights
