"""A training run as the command line asks for it: from options to folders with adapters."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import torch
from pydantic import ValidationError
from tqdm import tqdm

from mascot.alignment.options import check_out
from mascot.alignment.own import own_samples, read_replies
from mascot.alignment.plots import draw_curves
from mascot.alignment.precision import precision_for
from mascot.alignment.recipe import Recipe
from mascot.alignment.samples import DIRECTOR, Sample, corpus_samples
from mascot.alignment.sft import JOINT, Base, FineTuning, Watch, sha256, tell_curve
from mascot.alignment.tracking import Log, tracking
from mascot.alignment.trainer import Progress
from mascot.conversation.personas import Cast, load_cast
from mascot.corpora.dialogues import group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.engines.hf_load import convert_gguf, load_model
from mascot.engines.models import EMBEDDED_GGUF, TIERS
from mascot.errors import InputError
from mascot.settings import read_settings


def run_sft(options: argparse.Namespace) -> int:
    """Train; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    settings = read_settings()
    cast = load_cast(settings.home / "personas" if options.replies else None)
    adapters = options.adapters or [*cast.ids, DIRECTOR]
    for name in adapters:
        if name not in (*cast.ids, DIRECTOR, JOINT):
            known = ", ".join((*cast.ids, DIRECTOR, JOINT))
            raise InputError(f"there is no adapter {name!r} to train: choose from {known}")
    out = options.out or settings.home / "training" / "sft"
    check_out(out, options.resume)
    recipe = _recipe(options)
    train, dev = _samples(options, adapters, cast, recipe)
    base = embedded_base(settings.models, options.device)
    with tracking(options.log, out, options.resume) as log:
        FineTuning(base, train, dev, recipe, out, options.start).run(adapters, _watch(log))
    if find_spec("matplotlib"):
        draw_curves(out)
    sys.stdout.write(f"trained into {out}\n")
    return 0


def embedded_base(models: Path, device: str) -> Base:
    """The embedded model to train for, in full precision.

    Args:
        device: `auto`, `cpu` or `cuda`.

    Raises:
        InputError: a GPU was asked for, and there is none.
        ModelError: the model is missing or damaged.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    elif device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no GPU here; --device cpu trains without one")
    file = models / EMBEDDED_GGUF
    loaded = load_model(convert_gguf(file), revision=None, quantization="none", device="cpu")
    if device != "cpu":
        # Moved and not loaded there: adapters are trained over weights in full precision.
        torch.nn.Module.to(loaded.model, device)
        loaded = replace(loaded, device=device)
    return Base(loaded, TIERS["embedded"].repo, sha256(file))


def _samples(
    options: argparse.Namespace, adapters: list[str], cast: Cast, recipe: Recipe
) -> tuple[list[Sample], list[Sample]]:
    """What is learned, and what decides which weights are kept."""
    if options.replies:
        if len(adapters) != 1 or adapters[0] not in cast or not options.start:
            raise InputError("--replies needs --adapters with the one persona they are of, and --start")
        return own_samples(adapters[0], read_replies(options.replies), cast)
    corpus = expert_corpus(), group_dialogues(), cast
    return (
        corpus_samples(*corpus, "train", recipe.share, recipe.seed),
        corpus_samples(*corpus, "dev"),
    )


def _recipe(options: argparse.Namespace) -> Recipe:
    settings = {name: value for name, value in vars(options).items() if name in Recipe.model_fields}
    settings["precision"] = precision_for(options)
    try:
        return Recipe(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).replace("_", "-")
        raise InputError(f"--{name} {first['input']} is not usable: {first['msg']}") from None


def _watch(log: Log) -> Watch:
    """Progress bars on the standard error, with the time that is left; the curves to whoever watches."""
    bars: dict[str, tqdm] = {}
    seldom = 0.5 if sys.stderr.isatty() else 30.0

    def bar(name: str, total: int, unit: str, at: int) -> tqdm:
        if name not in bars:
            bars[name] = tqdm(desc=name, total=total, initial=at, unit=unit, mininterval=seldom)
        return bars[name]

    def reading(read: int, total: int) -> None:
        shown = bar("reading", total, "token", 0)
        shown.update(read - shown.n)

    def step(adapter: str, progress: Progress, steps: int) -> None:
        tell_curve(log, adapter, progress)
        shown = bar(adapter, steps, "step", progress.step - 1)
        now = progress.curve[-1]
        shown.set_postfix(dev=f"{now.dev_loss:.3f}", best=f"{progress.best.dev_loss:.3f}", refresh=False)
        shown.update(progress.step - shown.n)

    def done(adapter: str) -> None:
        if adapter in bars:
            bars[adapter].close()

    return Watch(reading, step, done)
