"""What policy optimisation begins with and leaves: adapters in folders, with where they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascot import __version__
from mascot.adapters.lineage import LINEAGE
from mascot.alignment.policy_learner import Weights
from mascot.alignment.sft import RECORD, Base, sha256
from mascot.alignment.student import WEIGHTS, Student, read_weights
from mascot.errors import ModelError


@dataclass(frozen=True)
class Parent:
    """An adapter to begin with."""

    folder: Path
    weights: Weights
    rank: int
    alpha: int

    @property
    def name(self) -> str:
        """Its version in the registry, or the first digits of its checksum, for the lineage."""
        try:
            return str(json.loads((self.folder / LINEAGE).read_text("utf-8"))["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return f"{self.folder.name}-{sha256(self.folder / WEIGHTS)[:6]}"


def read_parent(folder: Path, base: Base) -> Parent:
    """The adapter in a folder.

    Raises:
        ModelError: there is none, or it belongs to another base model.
    """
    weights = read_weights(folder)
    try:
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        parent = Parent(folder, weights, int(config["r"]), int(config["lora_alpha"]))
        bases = [*_told(folder / LINEAGE, "base_hash"), *_told(folder / RECORD, "base", "sha256")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder} holds no readable adapter ({type(error).__name__})") from None
    if any(found != base.sha256 for found in bases):
        raise ModelError(f"{folder} was trained for another base model than {base.name}")
    return parent


def _told(file: Path, *where: str) -> list[Any]:
    """What stands there in a file of JSON; nothing without the file."""
    if not file.is_file():
        return []
    found: Any = json.loads(file.read_text("utf-8"))
    for key in where:
        found = found[key]
    return [found]


def described(name: str, parent: Parent, base: Base, data: str, recipe: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides what is learned.

    Args:
        data: checksum of what is learned from.
    """
    return {
        "adapter": name,
        "parent": parent.name,
        "parent_sha256": sha256(parent.folder / WEIGHTS),
        "base": {"name": base.name, "sha256": base.sha256},
        "data_sha256": data,
        "code": __version__,
        "recipe": dict(recipe),
    }


def fingerprint(description: Any) -> str:
    """Of what decides a run."""
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def write_adapter(
    folder: Path,
    student: Student,
    weights: Weights,
    invocation: list[int],
    description: Mapping[str, Any],
    metrics: Mapping[str, float],
) -> None:
    """Leave an adapter that `adapters add` takes."""
    student.take(weights)
    student.save(folder, invocation, description["base"]["name"])
    record = {**description, "metrics": dict(metrics), "weights_sha256": sha256(folder / WEIGHTS)}
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")
