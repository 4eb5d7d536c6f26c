"""From preferences to a folder with a language model that judges, and the record of what made it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import Field
from tqdm import tqdm

from mascot import __version__
from mascot.alignment.preferences import Preference
from mascot.alignment.preferences_sources import data_sha256
from mascot.alignment.recipe import Recipe
from mascot.alignment.rewards import bradley_terry
from mascot.alignment.rewards.bradley_terry import Numbers
from mascot.alignment.rewards.figures import figures
from mascot.alignment.rewards.language import EncodedPair, Judge, LanguageReward, read_contexts
from mascot.alignment.rewards.model import RECORD
from mascot.alignment.rewards.record import read_record
from mascot.alignment.rewards.training import Record, part, write_record
from mascot.alignment.sft import Base, write_curve
from mascot.alignment.trainer import Progress, Trainer
from mascot.conversation.personas import Cast
from mascot.errors import ModelError


class LanguageRecipe(Recipe):
    """Settings of a language model as reward model; a sample is a pair."""

    rank: int = Field(default=16, ge=1, le=256)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    learning_rate: float = Field(default=3e-4, gt=0)
    batch: int = Field(default=16, ge=1)
    micro_batch: int = Field(default=16, ge=1)
    epochs: int = Field(default=3, ge=1)
    patience: int = Field(default=4, ge=1)


def train_language(
    rows: Sequence[Preference], base: Base, cast: Cast, recipe: LanguageRecipe, out: Path
) -> Record:
    """Train a language model as reward model into a folder, or go on with it; returns its record.

    Raises:
        InputError: no rows in one of the parts.
        ModelError: the folder holds the work of another base, data or settings.
    """
    if done := _finished(rows, base, recipe, out):
        return done
    judge = Judge(base.loaded, recipe.rank, recipe.alpha, recipe.dropout)
    reward = LanguageReward(base.loaded, judge, cast)
    train, dev, test = (reward.encoded(part(rows, split)) for split in ("train", "dev", "test"))
    bars = _Bars()
    everything = [e for pair in (*train, *dev, *test) for e in (pair.chosen, pair.rejected)]
    contexts = read_contexts(base.loaded, judge, everything, bars.reading)
    torch.manual_seed(recipe.seed)
    judge.renew()
    trainer = Trainer(
        judge, contexts, train, dev, recipe, recipe.epochs, out, _fingerprint(rows, base, recipe)
    )

    def on_step(progress: Progress) -> None:
        if progress.curve[-1].step == progress.step:
            write_curve(out / "curve.csv", progress)
        bars.step(progress, trainer.steps)

    def ahead(pairs: Sequence[EncodedPair]) -> Numbers:
        scores = np.array(reward.score_encoded([e for p in pairs for e in (p.chosen, p.rejected)], contexts))
        return scores[::2] - scores[1::2]

    def keep() -> None:
        factor = bradley_terry.temperature(ahead(dev), np.array([pair.weight for pair in dev]))
        reward.scaled(factor).save(out)
        metrics = figures(part(rows, "test"), factor * ahead(test)).record()
        more = {"base": {"name": base.name, "sha256": base.sha256}, "training": _figures(trainer)}
        write_record(out, "reward", "language", recipe, rows, metrics, more)

    trainer.run(on_step, keep)
    return json.loads((out / RECORD).read_text("utf-8"))


def _figures(trainer: Trainer[EncodedPair]) -> Record:
    progress = trainer.progress
    return {
        "dev_loss": progress.best.dev_loss,
        "best_step": progress.best.step,
        "steps": progress.step,
        "steps_planned": trainer.steps,
        "seconds": round(progress.seconds, 1),
    }


def _finished(rows: Sequence[Preference], base: Base, recipe: LanguageRecipe, out: Path) -> Record | None:
    """The record of a training that has ended in this folder; None where none has."""
    if not (out / RECORD).is_file():
        return None
    record = read_record(out, "reward", "language")
    wanted = {"base": base.sha256, "data": data_sha256(rows), "recipe": recipe.model_dump()}
    base_sha256 = record.base.sha256 if record.base else ""
    found = {"base": base_sha256, "data": record.data_sha256, "recipe": record.recipe}
    for what, value in wanted.items():
        if found[what] != value:
            raise ModelError(f"{out} was trained with another {what}: choose another --out")
    return json.loads((out / RECORD).read_text("utf-8"))


def _fingerprint(rows: Sequence[Preference], base: Base, recipe: LanguageRecipe) -> str:
    """Of all that decides what is learned."""
    decides = [base.sha256, data_sha256(rows), __version__, recipe.model_dump()]
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


class _Bars:
    """Progress on the standard error, with the time that is left."""

    def __init__(self) -> None:
        self._seldom = 0.5 if sys.stderr.isatty() else 30.0
        self._bars: dict[str, tqdm] = {}

    def reading(self, read: int, total: int) -> None:
        bar = self._bar("reading", total, "token", 0)
        bar.update(read - bar.n)
        if read == total:
            bar.close()

    def step(self, progress: Progress, steps: int) -> None:
        bar = self._bar("reward", steps, "step", progress.step - 1)
        bar.set_postfix(dev=f"{progress.curve[-1].dev_loss:.3f}", refresh=False)
        bar.update(progress.step - bar.n)
        if progress.step == steps:
            bar.close()

    def _bar(self, name: str, total: int, unit: str, at: int) -> tqdm:
        if name not in self._bars:
            self._bars[name] = tqdm(desc=name, total=total, initial=at, unit=unit, mininterval=self._seldom)
        return self._bars[name]
