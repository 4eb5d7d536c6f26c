"""Where a training stands, on disk: written whole or not at all, and read by the run that wrote it only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from mascot.alignment.writing import writing
from mascot.errors import ModelError


class Checkpoint:
    """The checkpoint of a run.

    Args:
        folder: it lies there as `checkpoint.pt`, while the run is not finished.
        fingerprint: of data and settings.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._file, self._fingerprint = folder / "checkpoint.pt", fingerprint

    def exists(self) -> bool:
        return self._file.is_file()

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the one before.

        Raises:
            ModelError: it could not be written; the one before is as it was.
        """
        self._file.parent.mkdir(parents=True, exist_ok=True)
        written = self._file.with_suffix(".new")
        try:
            with writing(self._file):
                torch.save({"fingerprint": self._fingerprint, **state}, written)
                written.replace(self._file)
        except ModelError:
            written.unlink(missing_ok=True)
            raise

    def load(self) -> dict[str, Any]:
        """The state that was saved, in the processor's memory.

        Raises:
            ModelError: it is damaged, or another run's.
        """
        try:
            state: dict[str, Any] = torch.load(self._file, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
            raise ModelError(f"{self._file} is damaged: remove it, and its run begins anew") from error
        if state["fingerprint"] != self._fingerprint:
            raise ModelError(
                f"{self._file} belongs to a run with other settings or data: choose another --out"
            )
        return state

    def remove(self) -> None:
        """The run is finished."""
        self._file.unlink(missing_ok=True)
