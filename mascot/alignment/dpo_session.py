"""DPO as the command line asks for it: preferences of a persona in, an adapter with its lineage out."""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from mascot.alignment.dpo import DpoLearner, encoded_pair
from mascot.alignment.policy_recipe import DpoRecipe, PolicyRecipe
from mascot.alignment.policy_record import Parent, described, fingerprint, read_parent, write_adapter
from mascot.alignment.policy_session import begin, shaped, start_folder
from mascot.alignment.preferences import Preference
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.alignment.rewards.session import recipe_of
from mascot.alignment.sft import Base, is_finished, tell_curve, write_curve
from mascot.alignment.table import Table
from mascot.alignment.tracking import Log, nobody, tracking
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
    own = {name: drawn([row for row in rows if row.persona == name], recipe) for name in personas}
    for name, some in own.items():
        if not {"train", "dev"} <= {row.split for row in some if row.weight}:
            raise InputError(
                f"no preferences for {name} in train or in dev that are worth more than a coin: "
                "give another source"
            )
    parents = {name: read_parent(start_folder(options, name), base) for name in personas}
    recipe = shaped(recipe, list(parents.values()))
    table = table_for(base, cast, recipe)
    with tracking(options.log, options.out, options.resume) as log:
        for name, parent in parents.items():
            train_dpo(name, parent, own[name], base, table, recipe, options.out, log)
    return 0


def drawn(rows: list[Preference], recipe: DpoRecipe) -> list[Preference]:
    """The recipe's share of the rows, by lot: of each part alike, a smaller share within a larger one."""
    lot = random.Random(recipe.seed)
    by_part: dict[str, list[Preference]] = {}
    for row in lot.sample(rows, len(rows)):
        by_part.setdefault(row.split, []).append(row)
    return [row for some in by_part.values() for row in some[: math.ceil(recipe.share * len(some))]]


def table_for(base: Base, cast: Cast, recipe: DpoRecipe) -> Table:
    """Where all personas learn, one after the other."""
    drawing = PolicyRecipe(rank=recipe.rank, alpha=recipe.alpha, seed=recipe.seed, precision=recipe.precision)
    return Table(base.loaded, cast, drawing, recipe.dropout)


def train_dpo(
    name: str,
    parent: Parent,
    rows: list[Preference],
    base: Base,
    table: Table,
    recipe: DpoRecipe,
    out: Path,
    log: Log = nobody,
) -> None:
    """Train one persona into a folder of its name, or go on; what is finished is left alone.

    Raises:
        ModelError: the folder holds the work of another base, data or settings.
    """
    folder = out / name
    about = described(name, parent, base, data_sha256(rows), recipe.model_dump())
    if is_finished(folder, about):
        return
    train, dev = (
        [encoded_pair(row, table.cast, table.encode) for row in rows if row.split == part]
        for part in ("train", "dev")
    )
    contexts = table.read(e.context for pair in (*train, *dev) for e in (pair.chosen, pair.rejected))
    learner = DpoLearner(table.student, recipe.beta)
    torch.manual_seed(recipe.seed)
    learner.take(parent.weights)
    learner.refer([*train, *dev], contexts, recipe.micro_batch)
    trainer = Trainer(learner, contexts, train, dev, recipe, recipe.epochs, folder, fingerprint(about))
    bar = tqdm(desc=name, total=trainer.steps, unit="step", mininterval=10, delay=0.1)

    def on_step(progress: Progress) -> None:
        if progress.curve[-1].step == progress.step:
            write_curve(folder / "curve.csv", progress)
        tell_curve(log, name, progress)
        bar.set_postfix(dev=f"{progress.curve[-1].dev_loss:.3f}", refresh=False)
        bar.update(progress.step - bar.n)

    def keep() -> None:
        weights = table.student.weights()
        write_adapter(folder, table.student, weights, table.encode.invocation, about, metrics_of(trainer))

    with bar:
        trainer.run(on_step, keep)


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
