"""Trained adapters, and which of them the app loads.

    FOLDER/anchor/2026-11-23-4f1c2a/    a PEFT folder with its lineage.json
    FOLDER/anchor/states.json           which version is promoted, which are retired

Beside those of `FOLDER` there are the ones that the package ships, one per name, read-only. For each name
the app loads the promoted version, and the shipped one where there is none. Whatever is written appears under
its name only when it is whole.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open

from mascot.adapters.lineage import LINEAGE, Lineage, read_lineage
from mascot.engines.gguf_lora import CONFIG, WEIGHTS, read_lora_config
from mascot.errors import AdapterError

SHIPPED: Final = Path(str(files("mascot.adapters"))) / "shipped"
_STATES: Final = "states.json"

State = Literal["candidate", "promoted", "retired"]


@dataclass(frozen=True)
class Entry:
    """One adapter of the registry."""

    lineage: Lineage
    folder: Path
    state: State
    shipped: bool = False


@dataclass(frozen=True)
class Choice:
    """What the app loads."""

    paths: dict[str, Path]
    """By adapter's name."""
    refused: tuple[str, ...]
    """One line for each promoted adapter that belongs to another base model."""


class _States(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    promoted: str | None = None
    retired: frozenset[str] = frozenset()


class Registry:
    """The adapters of a folder and of the package.

    Args:
        folder: need not exist yet.
        shipped: folder of the package's own, each in a folder of its name.
    """

    def __init__(self, folder: Path, shipped: Path = SHIPPED) -> None:
        self._folder, self._shipped = folder, shipped

    def entries(self) -> tuple[Entry, ...]:
        """All adapters, by name, the shipped one first and then by age.

        Raises:
            AdapterError: a folder without a lineage that can be read.
        """
        found = sorted(self._found(), key=lambda e: (e.lineage.name, not e.shipped, e.lineage.created))
        return tuple(found)

    def get(self, name: str, version: str | None = None) -> Entry:
        """One adapter; without a version the one that the app loads, or else the newest.

        Raises:
            AdapterError: there is none.
        """
        named = [entry for entry in self.entries() if entry.lineage.name == name]
        if not named:
            known = ", ".join(sorted({entry.lineage.name for entry in self.entries()})) or "none at all"
            raise AdapterError(f"there is no adapter {name!r}: the registry has {known}")
        if version is None:
            return next((entry for entry in named if entry.state == "promoted"), named[-1])
        for entry in named:
            if entry.lineage.version == version:
                return entry
        versions = ", ".join(entry.lineage.version for entry in named)
        raise AdapterError(f"there is no version {version!r} of {name}: there are {versions}")

    def add(self, source: Path, lineage: Lineage) -> Entry:
        """Take a PEFT folder's weights in, as a candidate.

        Raises:
            AdapterError: the version is taken, or the weights are damaged.
            EngineError: the configuration cannot be used.
        """
        check_weights(source)
        target = self._folder / lineage.name / lineage.version
        if target.exists():
            raise AdapterError(f"{lineage.name} {lineage.version} exists: choose another version")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".add-") as scratch:
            made = Path(scratch) / lineage.version
            made.mkdir()
            for file in (CONFIG, WEIGHTS):
                shutil.copyfile(source / file, made / file)
            (made / LINEAGE).write_text(lineage.model_dump_json(indent=2) + "\n", encoding="utf-8")
            made.rename(target)
        return Entry(lineage, target, "candidate")

    def promote(self, name: str, version: str) -> Entry:
        """Make a version the one that the app loads; whatever was it before is retired.

        Raises:
            AdapterError: there is none, or its weights are damaged.
            EngineError: its configuration cannot be used.
        """
        entry = self.get(name, version)
        check_weights(entry.folder)
        states = self._states(name)
        before = {
            e.lineage.version for e in self.entries() if e.lineage.name == name and e.state == "promoted"
        }
        retired = (states.retired | before) - {version}
        self._write_states(name, _States(promoted=version, retired=retired))
        return self.get(name, version)

    def retire(self, name: str, version: str | None = None) -> Entry:
        """Take a version out of use; None is the promoted one. The shipped one then speaks again, unless it
        is the one retired.

        Raises:
            AdapterError: there is none.
        """
        entry = self.get(name, version)
        states, retired = self._states(name), entry.lineage.version
        promoted = None if states.promoted == retired else states.promoted
        kept = states.retired | {retired}
        if promoted is None and not entry.shipped:
            kept -= {e.lineage.version for e in self.entries() if e.shipped and e.lineage.name == name}
        self._write_states(name, _States(promoted=promoted, retired=kept))
        return self.get(name, retired)

    def promoted(self, base: str) -> Choice:
        """What the app loads over a base model, given by its `base_hash`.

        Raises:
            AdapterError: a folder without a lineage that can be read.
        """
        paths: dict[str, Path] = {}
        refused: list[str] = []
        for entry in self.entries():
            if entry.state != "promoted":
                continue
            own = entry.lineage
            if own.base_hash == base:
                paths[own.name] = entry.folder
            elif not entry.shipped:
                which = f"{own.name} {own.version}"
                refused.append(f"the adapter {which} was not loaded: it belongs to {own.base}")
        return Choice(paths, tuple(refused))

    def _found(self) -> Iterator[Entry]:
        for folder in sorted(self._shipped.glob("*/")):
            if not (folder / LINEAGE).is_file():
                continue
            lineage = read_lineage(folder)
            states = self._states(lineage.name)
            out_of_use = lineage.version in states.retired or states.promoted not in (None, lineage.version)
            yield Entry(lineage, folder, "retired" if out_of_use else "promoted", True)
        for folder in sorted(self._folder.glob("[!.]*/[!.]*/")):
            lineage = read_lineage(folder)
            states = self._states(lineage.name)
            state: State = "retired" if lineage.version in states.retired else "candidate"
            yield Entry(lineage, folder, "promoted" if lineage.version == states.promoted else state)

    def _states(self, name: str) -> _States:
        file = self._folder / name / _STATES
        try:
            return _States.model_validate_json(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return _States()
        except (OSError, ValidationError):
            raise AdapterError(f"{file} cannot be read: delete it, then promote what should speak") from None

    def _write_states(self, name: str, states: _States) -> None:
        file = self._folder / name / _STATES
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".states-", delete=False) as made:
            made.write(states.model_dump_json())
        Path(made.name).replace(file)


def check_weights(folder: Path) -> None:
    """Refuse an adapter that could not be loaded anywhere.

    Raises:
        AdapterError: its weights are missing or truncated.
        EngineError: its configuration is.
    """
    read_lora_config(folder)
    try:
        with safe_open(str(folder / WEIGHTS), framework="np") as weights:
            empty = not list(weights.keys())
    except (OSError, SafetensorError):
        raise AdapterError(f"{folder / WEIGHTS} is missing or truncated") from None
    if empty:
        raise AdapterError(f"{folder / WEIGHTS} has no weights in it")
