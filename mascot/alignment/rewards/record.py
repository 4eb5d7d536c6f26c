"""What a reward model's record says, read back and looked at: what it is, and what made it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mascot.alignment.rewards.light import GRAMS, WEIGHTS
from mascot.alignment.rewards.model import RECORD
from mascot.alignment.rows import first_fault
from mascot.errors import ModelError
from mascot.evaluation.intervals import Estimate

_PARTS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("reward", "light"): (RECORD, WEIGHTS, GRAMS),
    ("reward", "language"): (RECORD, WEIGHTS),
    ("group-reward", "light"): (RECORD,),
}


class _Base(BaseModel):
    name: str
    sha256: str


class Metrics(BaseModel):
    accuracy: Estimate
    by_kind: dict[str, Estimate] = {}
    loss: float
    calibration_error: float


class RewardRecord(BaseModel):
    """What a reward model's record must say for somebody else to use it; see `training.write_record`."""

    model_config = ConfigDict(frozen=True)

    what: Literal["reward", "group-reward"]
    kind: Literal["light", "language"]
    code: str
    """Version of the code that trained it."""
    recipe: dict[str, Any]
    data_sha256: str
    sources: tuple[str, ...]
    """Kinds of preferences: expert, judge, human."""
    pairs: dict[str, int]
    """By part: train, dev, test."""
    metrics: Metrics
    personas: tuple[str, ...] = ()
    """Of a light one: who has weights of their own."""
    parent: str | None = None
    """What it refines."""
    base: _Base | None = None
    """Of a language model: what it was trained for."""
    weights: dict[str, float] = {}
    """Of a group's: all that it is for blocks."""
    directives: dict[str, float] = {}
    """Of a group's: all that it is for directives."""

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> RewardRecord:
        if not self.parts:
            raise ValueError(f"it tells of a {self.kind} {self.what}, which there is none of")
        if self.kind == "language" and not (self.base and {"rank", "alpha"} <= self.recipe.keys()):
            raise ValueError("a language model's record needs its base, and rank and alpha")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """The files that such a reward model consists of."""
        return _PARTS.get((self.what, self.kind), ())


def read_record(folder: Path, what: str = "", kind: str = "") -> RewardRecord:
    """What stands in the record of the reward model in a folder.

    Args:
        what: the only thing that will do; empty: any.
        kind: the only kind that will do; empty: any.

    Raises:
        ModelError: there is none, it is damaged, or of another thing than `what`, or another kind.
    """
    try:
        record = RewardRecord.model_validate_json((folder / RECORD).read_bytes())
    except OSError:
        raise ModelError(f"{folder} has no {RECORD}: no training of a reward has finished there") from None
    except ValidationError as error:
        raise ModelError(f"{folder / RECORD} is damaged: {first_fault(error, 'all of it')}") from None
    if what and record.what != what:
        raise ModelError(f"{folder} holds a {record.what} and not a {what}: name another folder")
    if kind and record.kind != kind:
        raise ModelError(f"{folder} holds a {record.kind} {what}, and a {kind} one is needed")
    return record
