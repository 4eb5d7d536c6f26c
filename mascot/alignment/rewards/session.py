"""A reward model as the command line asks for it: from options to a folder, and a table of its figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mascot.alignment.options import check_out
from mascot.alignment.preferences import BlockPreference, Preference
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.alignment.rewards.group import GroupRecipe
from mascot.alignment.rewards.light import LightRecipe
from mascot.alignment.rewards.model import RECORD
from mascot.alignment.rewards.record import read_record
from mascot.alignment.rewards.training import train_group, train_light
from mascot.conversation.personas import load_cast
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import InputError, ModelError
from mascot.settings import read_settings

_Recipe = TypeVar("_Recipe", bound=BaseModel)


def run_reward(options: argparse.Namespace) -> int:
    """Train a reward model for replies; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    settings = read_settings()
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    cast = load_cast(settings.home / "personas")
    rows = gather(options.sources, Preference, cast)
    check_out(options.out, options.resume)
    if options.kind == "language":
        from mascot.alignment.rewards.language_training import LanguageRecipe, train_language
        from mascot.alignment.session import embedded_base

        if options.start:
            raise InputError("--start refines light reward models only: leave it out, or --kind light")
        recipe = recipe_of(options, LanguageRecipe)
        base = embedded_base(settings.models, options.device)
        record = train_language(rows, base, cast, recipe, options.out)
    else:
        light = recipe_of(options, LightRecipe)
        record = _finished(options.out, rows, light, options.start)
        if record is None:
            embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
            record = train_light(rows, embedder, light, options.out, options.start)
    sys.stdout.write(table(record) + f"trained into {options.out}\n")
    return 0


def _finished(
    out: Path, rows: Sequence[Preference], recipe: LightRecipe, start: Path | None
) -> Mapping[str, Any] | None:
    """The record of the light reward model in a folder; None if there is none.

    Raises:
        ModelError: it is damaged, of another kind, or was trained from other preferences or settings.
    """
    if not (out / RECORD).is_file():
        return None
    found = read_record(out, "reward", "light")
    wanted = (data_sha256(rows), recipe.model_dump(), start.name if start else None)
    if (found.data_sha256, found.recipe, found.parent) != wanted:
        raise ModelError(f"{out} holds a reward of other preferences or settings: choose another --out")
    return json.loads((out / RECORD).read_bytes())


def run_group_reward(options: argparse.Namespace) -> int:
    """Train a reward model for blocks; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    settings = read_settings()
    cast = load_cast(settings.home / "personas")
    rows = gather(options.sources, BlockPreference, cast)
    check_out(options.out, False)
    embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
    record = train_group(rows, embedder, recipe_of(options, GroupRecipe), options.out, cast)
    sys.stdout.write(table(record) + f"trained into {options.out}\n")
    return 0


def recipe_of(options: argparse.Namespace, kind: type[_Recipe]) -> _Recipe:
    """The recipe that the options ask for.

    Raises:
        InputError: a number that cannot be.
    """
    given = {name: value for name, value in vars(options).items() if name in kind.model_fields}
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise InputError(f"--{name} {first['input']} is not usable: {first['msg']}") from None


def table(record: Mapping[str, Any]) -> str:
    """The figures for a person to read: held-out accuracy, whole and by kind, with intervals."""
    metrics = record["metrics"]
    lines = [_line("all test pairs", metrics["accuracy"])]
    lines += [_line(kind, estimate) for kind, estimate in metrics["by_kind"].items()]
    lines.append(f"{'loss, nats':24}{metrics['loss']:.3f}  (a coin: 0.693)")
    lines.append(f"{'calibration error':24}{metrics['calibration_error']:.3f}")
    if across := metrics.get("crosswise"):
        lines.append(_line("crosswise, all themes", across["accuracy"]))
    lines += [_line(f"directives: {name}", told) for name, told in metrics.get("directives", {}).items()]
    return "\n".join(lines) + "\n"


def _line(name: str, estimate: Mapping[str, float]) -> str:
    interval = f"[{estimate['low']:.3f}, {estimate['high']:.3f}]"
    return f"{name:24}{estimate['value']:.3f}  {interval}  themes: {estimate['n']}"
