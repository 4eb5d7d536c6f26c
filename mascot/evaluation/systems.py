"""A system under measurement: who speaks, how, and who directs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from mascot.conversation.personas import Cast
from mascot.director.base import Policy
from mascot.director.select import make_policy
from mascot.engines.base import Engine
from mascot.engines.embedding import Embedder
from mascot.errors import InputError
from mascot.live.speaker import TRAINED, Manner, Speaker
from mascot.safety.recogniser import CrisisRecogniser


@dataclass(frozen=True)
class System:
    """Speaks and directs; two systems differ in nothing but what is compared."""

    name: str
    speaker: Speaker
    policy: Policy

    @property
    def cast(self) -> Cast:
        return self.speaker.cast


def make_system(
    name: str,
    engine: Engine,
    cast: Cast,
    manner: Manner,
    policy: str,
    embedder: Embedder | None = None,
    candidates: int | None = None,
) -> System:
    """The system that the app would be with this engine: its adapters speak where it has them.

    Args:
        manner: how personas without an adapter speak.
        embedder: ranks candidates, where the manner draws several.
        candidates: so many for each utterance; None leaves it to the manners.

    Raises:
        SettingsError: there is no such policy.
    """
    patterns = CrisisRecogniser(None)
    trained = TRAINED
    if candidates is not None:
        manner, trained = replace(manner, candidates=candidates), replace(trained, candidates=candidates)
    speaker = Speaker(
        engine, cast, manner, embedder, lambda text: patterns.check(text).crisis, trained=trained
    )
    return System(name, speaker, make_policy(policy, engine))


def load_adapters(engine: Engine, folder: Path) -> None:
    """Load every adapter of a folder under the name of its file or subfolder: `anchor.gguf`, `anchor/`.

    Raises:
        InputError: there is no such folder, or nothing in it.
        EngineError: the engine does not take one of them.
    """
    found = sorted(path for path in folder.iterdir() if _is_adapter(path)) if folder.is_dir() else []
    if not found:
        raise InputError(
            f"no adapters in {folder}: a folder with one GGUF file or one PEFT folder per persona is needed"
        )
    for path in found:
        engine.load_adapter(path.stem if path.is_file() else path.name, path)


def adapters_fingerprint(folder: Path | None) -> str:
    """A checksum of every file of a folder of adapters: others in the same folder say other things. Empty for
    no folder."""
    if folder is None:
        return ""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode())
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


def _is_adapter(path: Path) -> bool:
    return path.suffix == ".gguf" or (path / "adapter_config.json").is_file()
