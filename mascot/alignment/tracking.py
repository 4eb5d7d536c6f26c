"""Figures of a run for those who watch it, on one setting: TensorBoard or Trackio, whichever is installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal

from mascot.errors import InputError

Tracker = Literal["none", "tensorboard", "trackio"]
Log = Callable[[str, Mapping[str, float], int], None]
"""Told a prefix (`train`, `dev`), figures and the step."""


def tracking(tracker: Tracker, folder: Path, name: str) -> Log:
    """Where figures go.

    Args:
        folder: TensorBoard's files go into it.
        name: of the run.

    Raises:
        InputError: the tracker is not installed.
    """
    if tracker == "none":
        return lambda *_: None
    try:
        if tracker == "tensorboard":
            writer = import_module("torch.utils.tensorboard").SummaryWriter(
                str(folder / "tensorboard" / name)
            )

            def write(prefix: str, figures: Mapping[str, float], step: int) -> None:
                for key, value in figures.items():
                    writer.add_scalar(f"{prefix}/{key}", value, step)
                writer.flush()

            return write
        trackio = import_module("trackio")
    except ImportError:
        raise InputError(f"--log {tracker} needs a package: pip install {tracker}") from None
    trackio.init(project="mascot", name=name)

    def log(prefix: str, figures: Mapping[str, float], step: int) -> None:
        trackio.log({f"{prefix}/{key}": value for key, value in figures.items()}, step=step)

    return log
