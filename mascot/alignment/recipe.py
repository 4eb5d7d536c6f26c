"""The settings of a training run, as they are written beside what came of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """Settings of supervised fine-tuning; what was compared stands in `docs/training.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rank: int = Field(default=8, ge=1, le=256)
    alpha: int = Field(default=16, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest; it rises over the first `warm_up` of the steps and falls along a cosine to a tenth."""
    warm_up: float = Field(default=0.06, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0)
    """Longest gradient."""
    batch: int = Field(default=8, ge=1)
    """Samples per step."""
    micro_batch: int = Field(default=8, ge=1)
    """Samples that pass through the model at once: memory, not outcome."""
    precision: Literal["full", "half"] = "full"
    """Of the frozen base: float32, or bfloat16, which a processor that knows it multiplies several times
    faster. The adapter and its optimiser are float32 in both."""
    joint_epochs: int = Field(default=1, ge=1)
    """Passes of the common start over the samples of all personas."""
    epochs: int = Field(default=3, ge=1)
    """Passes of a persona over its own samples, and of the director over its."""
    evaluations: int = Field(default=2, ge=1)
    """Of the dev loss, per epoch."""
    patience: int = Field(default=3, ge=1)
    """Evaluations without a better dev loss after which it is enough."""
    minutes: float | None = Field(default=None, gt=0)
    """For each adapter; after them it ends with the next evaluation, wherever its learning rate is."""
    checkpoint_steps: int = Field(default=20, ge=1)
    share: float = Field(default=1.0, gt=0, le=1)
    """Of the training corpus, for learning curves."""
    seed: int = 0
