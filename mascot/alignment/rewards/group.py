"""The group reward model: some twenty numbers of a block, weighed linearly; the weights are its record.

Sixty-four flawed talks are few, so it has few parameters, and each can be read. How long turns are, and how
often the person speaks, are no measures of it: the flawed twins happen to be shorter, and a policy would
learn to talk instead of to talk well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse

from mascot.alignment.preferences import Block, BlockPreference
from mascot.alignment.rewards import bradley_terry
from mascot.alignment.rewards.bradley_terry import Numbers, Pairs
from mascot.alignment.rewards.group_features import block_measures
from mascot.alignment.rewards.light import Remembered
from mascot.engines.embedding import Embedder
from mascot.errors import ModelError


class GroupRecipe(BaseModel):
    """Settings of a group reward model."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ridge: float = Field(default=0.1, gt=0)
    directive_ridge: float = Field(default=1e-3, gt=0)
    """Of the part that looks at directives alone, which has eight times as many weights and twenty times as
    many preferences."""


class LightGroupReward:
    """The model. See `mascot.alignment.rewards.model.GroupRewardModel`.

    Args:
        weights: of each measure of `block_measures`, by name.
    """

    def __init__(self, vectors: Remembered, weights: Mapping[str, float]) -> None:
        self._vectors = vectors
        self.weights = dict(weights)

    def score(self, blocks: Sequence[Block]) -> list[float]:
        """The reward of each block."""
        found = seen(blocks, self._vectors)
        return [sum(self.weights[name] * value for name, value in each.items()) for each in found]

    def scaled(self, factor: float) -> LightGroupReward:
        """The same with every reward times a factor."""
        return LightGroupReward(self._vectors, {n: factor * w for n, w in self.weights.items()})

    @classmethod
    def load(cls, weights: Mapping[str, float], embedder: Embedder) -> LightGroupReward:
        """The model of these weights, as a record has them.

        Raises:
            ModelError: it weighs other things than this version sees.
        """
        model = cls(Remembered(embedder), weights)
        if model.weights.keys() != block_measures((), model._vectors.__getitem__).keys():
            raise ModelError("this group reward weighs what this version does not see: train it anew")
        return model


def fit_group(rows: Sequence[BlockPreference], vectors: Remembered, recipe: GroupRecipe) -> LightGroupReward:
    """A group reward model of these preferences, every one of which is learned."""
    found = seen([block for row in rows for block in row.blocks], vectors)
    numbers = np.array([list(each.values()) for each in found])
    scale: Numbers = np.maximum(numbers.std(axis=0), 0.02)
    pairs = Pairs(
        sparse.csr_matrix((numbers[::2] - numbers[1::2]) / scale),
        np.array([row.margin for row in rows]),
        np.array([row.weight for row in rows]),
    )
    weights = bradley_terry.fit(pairs, recipe.ridge) / scale
    return LightGroupReward(vectors, dict(zip(found[0], weights.tolist(), strict=True)))


def seen(blocks: Sequence[Block], vectors: Remembered) -> list[dict[str, float]]:
    """The measures of each block."""
    vectors.learn(turn.says for block in blocks for turn in block if turn.says)
    return [block_measures(block, vectors.__getitem__) for block in blocks]
