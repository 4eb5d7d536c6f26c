"""The settings of policy optimisation, as they are written beside what came of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mascot.alignment.recipe import Recipe


class PolicyRecipe(BaseModel):
    """Settings of stage 1, GRPO of one persona; what was tried stands in `docs/alignment-policy.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: int = Field(default=8, ge=1, le=256)
    """Of the adapter that it begins with, as is alpha."""
    alpha: int = Field(default=16, ge=1)
    steps: int = Field(default=60, ge=1)
    places: int = Field(default=16, ge=1)
    """Contexts of a step."""
    group: int = Field(default=8, ge=2)
    """Acts drawn for each of them."""
    learning_rate: float = Field(default=1e-4, gt=0)
    beta: float = Field(default=0.04, ge=0)
    """Weight of the divergence from where it began, per token."""
    clip: float = Field(default=0.2, gt=0, lt=1)
    """How far the ratio of probabilities may move within a step."""
    passes: int = Field(default=1, ge=1)
    """Updates from the same acts; with one, the ratio is 1 and nothing is clipped."""
    temperature: float = Field(default=1.0, gt=0)
    limit: int = Field(default=64, ge=1)
    """Most tokens of an utterance."""
    format_weight: float = Field(default=1.0, ge=0)
    length_weight: float = Field(default=1.0, ge=0)
    shortest: int = Field(default=12, ge=1)
    """Words below which an utterance costs; with `longest` about where 98 % of the experts' replies lie."""
    longest: int = Field(default=42, ge=1)
    micro_batch: int = Field(default=32, ge=1)
    """Acts that pass through the model at once while it learns: memory, not outcome."""
    precision: Literal["full", "half"] = "full"
    """As in supervised training. An adapter that is merged for drawing is then rounded with the base, so acts
    are drawn from a policy a little beside the one that learns."""
    longest_gradient: float = Field(default=1.0, gt=0)
    every: int = Field(default=10, ge=1)
    """Steps from one measurement on dev to the next."""
    dev_places: int = Field(default=32, ge=1)
    checkpoint_steps: int = Field(default=10, ge=1)
    minutes: float | None = Field(default=None, gt=0)
    """After them it ends, with a last measurement."""
    seed: int = 0


class GroupRecipe(PolicyRecipe):
    """Settings of stage 2, GRPO of the director and all personas over blocks of turns."""

    steps: int = Field(default=30, ge=1)
    places: int = Field(default=8, ge=1)
    turns: int = Field(default=5, ge=1)
    """Decisions of the director in a block; the paper leaves N open, five are a round and an answer."""
    own: float = Field(default=0.5, ge=0)
    """Weight of an utterance's own reward beside its block's."""
    directing: float = Field(default=1.0, ge=0)
    """Weight of a choice's own reward beside its block's."""
    director_rate: float = Field(default=1e-4, gt=0)
    """Learning rate of the director."""
    director_beta: float = Field(default=0.1, ge=0)
    """Weight of its divergence: a director has few words, and narrows down to one soon."""


class DpoRecipe(Recipe):
    """Settings of DPO; a sample is a pair."""

    dropout: float = Field(default=0.05, ge=0, lt=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    batch: int = Field(default=16, ge=1)
    epochs: int = Field(default=2, ge=1)
    evaluations: int = Field(default=3, ge=1)
    beta: float = Field(default=0.1, gt=0)
    """How much of a difference in log-probability counts as one of reward."""
