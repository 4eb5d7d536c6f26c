"""Supervised fine-tuning of the persona and director adapters on the expert corpus.

First one adapter learns from the samples of all personas together; each persona then goes on from there
with its own samples alone. The director learns by itself. What comes of it is a folder for each adapter:

    OUT/anchor/adapter_config.json, adapter_model.safetensors    a PEFT activated LoRA in half precision
    OUT/anchor/training.json                                     base, data, settings, figures, parent
    OUT/anchor/curve.csv                                         training and dev loss
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import torch

from mascot import __version__
from mascot.alignment.contexts import Contexts
from mascot.alignment.recipe import Recipe
from mascot.alignment.samples import DIRECTOR, Sample
from mascot.alignment.student import WEIGHTS, Student, read_weights
from mascot.alignment.tokens import Encoded, Encoder
from mascot.alignment.tracking import Log
from mascot.alignment.trainer import Progress, Trainer
from mascot.engines.hf_load import Loaded
from mascot.errors import InputError, ModelError

JOINT: Final = "joint"
"""The common start; it is trained where a persona needs it, and not shipped."""
RECORD: Final = "training.json"


@dataclass(frozen=True)
class Base:
    """The model that adapters are trained for."""

    loaded: Loaded
    name: str
    """Hub id, or the name of the file."""
    sha256: str
    """Of the file that the weights are in."""


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes: `reading(tokens so far, of)`, `step(adapter, progress, steps)`,
    `done(adapter)`."""

    reading: Callable[[int, int], None]
    step: Callable[[str, Progress, int], None]
    done: Callable[[str], None]


def order_of(adapters: Sequence[str], start: Path | None = None) -> list[str]:
    """What has to be trained for these adapters, in order; personas need the common start, or another."""
    personas = [name for name in adapters if name not in (JOINT, DIRECTOR)]
    first = [JOINT] if (personas and start is None) or JOINT in adapters else []
    return [*first, *personas, *([DIRECTOR] if DIRECTOR in adapters else [])]


class FineTuning:
    """Trains adapters into a folder; those that are finished there already are left alone.

    Args:
        train, dev: samples for all adapters.
        out: one folder for each adapter comes into it.
        start: a PEFT folder that every adapter begins from, instead of the common start or nothing.

    Raises:
        InputError: no samples for an adapter.
    """

    def __init__(
        self,
        base: Base,
        train: Sequence[Sample],
        dev: Sequence[Sample],
        recipe: Recipe,
        out: Path,
        start: Path | None = None,
    ) -> None:
        self._base, self._recipe, self._out, self._start = base, recipe, out, start
        encode = Encoder(base.loaded)
        self._invocation = encode.invocation
        self._train, self._dev = [encode(s) for s in train], [encode(s) for s in dev]
        if recipe.precision == "half":
            torch.nn.Module.to(base.loaded.model, torch.bfloat16)
        self._student = Student(base.loaded.model, recipe.rank, recipe.alpha, recipe.dropout)

    def run(self, adapters: Sequence[str], watch: Watch) -> None:
        """Train these adapters, and the common start where it is needed and not there.

        Raises:
            ModelError: the folder holds the work of another base, data or settings.
            InputError: there are no samples for an adapter.
        """
        todo = [name for name in order_of(adapters, self._start) if not self._is_finished(name)]
        used = [e for name in todo for samples in self._samples(name) for e in samples]
        self._out.mkdir(parents=True, exist_ok=True)
        contexts = self._read(used, watch)
        for name in todo:
            self._train_one(name, contexts, watch)
            watch.done(name)

    def _read(self, used: Iterable[Encoded], watch: Watch) -> Contexts:
        self._student.learning(False)
        with NamedTemporaryFile(dir=self._out, prefix=".contexts-") as scratch:
            # The file goes at once and its memory stays: whatever ends this process, nothing is left behind.
            contexts = Contexts(self._base.loaded.model, Path(scratch.name), (e.context for e in used))
        read = 0
        with self._student.resting():
            for tokens in contexts.read():
                read += tokens
                watch.reading(read, contexts.tokens)
        return contexts

    def _train_one(self, name: str, contexts: Contexts, watch: Watch) -> None:
        train, dev = self._samples(name)
        torch.manual_seed(self._recipe.seed)
        self._student.renew()
        parent = self._parent(name)
        if parent:
            self._student.take(read_weights(parent))
        epochs = self._recipe.joint_epochs if name == JOINT else self._recipe.epochs
        folder = self._out / name
        trainer = Trainer(
            self._student, contexts, train, dev, self._recipe, epochs, folder, self._fingerprint(name)
        )

        def on_step(progress: Progress) -> None:
            if progress.curve[-1].step == progress.step:
                write_curve(folder / "curve.csv", progress)
            watch.step(name, progress, trainer.steps)

        def keep() -> None:
            self._student.save(folder, self._invocation, self._base.name)
            self._write_record(name, trainer)

        trainer.run(on_step, keep)

    def _write_record(self, name: str, trainer: Trainer) -> None:
        progress, (train, dev) = trainer.progress, self._samples(name)
        record = {
            **self._description(name),
            "samples": {"train": len(train), "dev": len(dev)},
            "metrics": {
                "dev_loss_before": progress.curve[0].dev_loss,
                "dev_loss": progress.best.dev_loss,
                "best_step": progress.best.step,
                "steps": progress.step,
                "steps_planned": trainer.steps,
                "seconds": round(progress.seconds, 1),
            },
            "weights_sha256": sha256(self._out / name / WEIGHTS),
        }
        (self._out / name / RECORD).write_text(json.dumps(record, indent=2) + "\n")

    def _description(self, name: str) -> dict[str, Any]:
        """All that decides what is learned."""
        train, dev = self._samples(name)
        parent = self._parent(name)
        return {
            "adapter": name,
            "parent": parent.name if parent else None,
            "parent_sha256": sha256(parent / WEIGHTS) if parent else None,
            "base": {"name": self._base.name, "sha256": self._base.sha256},
            "data_sha256": _data_sha256([*train, *dev]),
            "code": __version__,
            "recipe": self._recipe.model_dump(),
        }

    def _fingerprint(self, name: str) -> str:
        return hashlib.sha256(json.dumps(self._description(name), sort_keys=True).encode()).hexdigest()

    def _is_finished(self, name: str) -> bool:
        # Its parent may not be there yet: it is described only where there is something to compare.
        folder = self._out / name
        return (folder / RECORD).is_file() and is_finished(folder, self._description(name))

    def _parent(self, name: str) -> Path | None:
        if self._start is not None:
            return self._start
        return None if name in (JOINT, DIRECTOR) else self._out / JOINT

    def _samples(self, name: str) -> tuple[list[Encoded], list[Encoded]]:
        def own(all_of_them: Sequence[Encoded]) -> list[Encoded]:
            whose = (e for e in all_of_them if (e.sample.adapter == DIRECTOR) == (name == DIRECTOR))
            return [e for e in whose if name in (JOINT, DIRECTOR) or e.sample.adapter == name]

        train, dev = own(self._train), own(self._dev)
        if not train or not dev:
            raise InputError(f"there is nothing to train {name} on: no sample in train or in dev is its own")
        return train, dev


def is_finished(folder: Path, description: Mapping[str, Any]) -> bool:
    """Whether a training of this description has come to its end in a folder.

    Raises:
        ModelError: one of another description has, or its record is damaged.
    """
    file = folder / RECORD
    if not file.is_file():
        return False
    try:
        found = dict(json.loads(file.read_text("utf-8")))
    except (ValueError, TypeError):
        raise ModelError(f"{file} is damaged: remove {folder}, and it is trained anew") from None
    for key, value in json.loads(json.dumps(description)).items():
        if found.get(key) != value:
            raise ModelError(f"{folder} was trained with another {key.split('_')[0]}: choose another --out")
    return True


def write_curve(file: Path, progress: Progress) -> None:
    """The curves as CSV: step, training loss since the row before (empty in the first), dev loss."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("step", "train_loss", "dev_loss"))
        rows.writerows((p.step, p.train_loss, p.dev_loss) for p in progress.curve)


def tell_curve(log: Log, run: str, progress: Progress) -> None:
    """Tell what the last step has added to the curves; the first step comes with the point before it."""
    for point in progress.curve:
        if progress.step in (point.step, 1):
            log(run, "dev", {"loss": point.dev_loss}, point.step)
            if point.train_loss is not None:
                log(run, "train", {"loss": point.train_loss}, point.step)


def sha256(file: Path) -> str:
    """Checksum of a file.

    Raises:
        ModelError: it is not there.
    """
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        raise ModelError(f"there is no {file}") from None


def _data_sha256(samples: Iterable[Encoded]) -> str:
    digest = hashlib.sha256()
    for e in samples:
        digest.update(json.dumps([e.sample.id, e.context, e.tail, e.learned]).encode())
    return digest.hexdigest()
