"""DPO as the command line asks for it: preferences of a persona in, an adapter with its lineage out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mascot.alignment.dpo import DpoLearner, encoded_pair
from mascot.alignment.policy_recipe import DpoRecipe, PolicyRecipe
from mascot.alignment.policy_record import Parent, described, fingerprint, read_parent, write_adapter
from mascot.alignment.policy_session import begin, start_folder
from mascot.alignment.preferences import Preference
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.alignment.rewards.session import recipe_of
from mascot.alignment.sft import RECORD, Base, write_curve
from mascot.alignment.table import Table
from mascot.alignment.trainer import Progress, Trainer
from mascot.conversation.personas import Cast
from mascot.errors import InputError


def run_dpo(options: argparse.Namespace) -> int:
    """Train; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    _, cast, base = begin(options)
    rows = gather(options.sources, Preference, cast)
    personas = options.personas or [name for name in cast.ids if any(row.persona == name for row in rows)]
    recipe = recipe_of(options, DpoRecipe)
    for name in personas:
        own = [row for row in rows if row.persona == name]
        if not {"train", "dev"} <= {row.split for row in own}:
            raise InputError(f"no preferences for {name} in train or in dev: give another source")
        train_dpo(name, read_parent(start_folder(options, name), base), own, base, cast, recipe, options.out)
    return 0


def train_dpo(
    name: str, parent: Parent, rows: list[Preference], base: Base, cast: Cast, recipe: DpoRecipe, out: Path
) -> None:
    """Train one persona into a folder of its name, or go on; what is finished is left alone.

    Raises:
        ModelError: the folder holds the work of another base, data or settings.
    """
    folder = out / name
    if (folder / RECORD).is_file():
        return
    shaped = recipe.model_copy(update={"rank": parent.rank, "alpha": parent.alpha})
    about = described(name, parent, base, data_sha256(rows), shaped.model_dump())
    drawing = PolicyRecipe(rank=parent.rank, alpha=parent.alpha, seed=recipe.seed)
    table = Table(base.loaded, cast, drawing, recipe.dropout)
    train, dev = (
        [encoded_pair(row, cast, table.encode) for row in rows if row.split == part]
        for part in ("train", "dev")
    )
    contexts = table.read(e.context for pair in (*train, *dev) for e in (pair.chosen, pair.rejected))
    learner = DpoLearner(table.student, recipe.beta)
    torch.manual_seed(recipe.seed)
    learner.take(parent.weights)
    learner.refer([*train, *dev], contexts, recipe.micro_batch)
    trainer = Trainer(learner, contexts, train, dev, shaped, recipe.epochs, folder, fingerprint(about))
    bar = tqdm(desc=name, total=trainer.steps, unit="step", mininterval=10)

    def on_step(progress: Progress) -> None:
        if progress.curve[-1].step == progress.step:
            write_curve(folder / "curve.csv", progress)
        bar.set_postfix(dev=f"{progress.curve[-1].dev_loss:.3f}", refresh=False)
        bar.update(progress.step - bar.n)

    trainer.run(on_step)
    bar.close()
    weights = table.student.weights()
    write_adapter(folder, table.student, weights, table.encode.invocation, about, metrics_of(trainer))


def metrics_of(trainer: Trainer[Any]) -> dict[str, float]:
    """Dev loss before and after; nats per pair, a coin's being 0.693."""
    progress = trainer.progress
    return {
        "dev_loss_before": progress.curve[0].dev_loss,
        "dev_loss": progress.best.dev_loss,
        "best_step": progress.best.step,
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
    }
