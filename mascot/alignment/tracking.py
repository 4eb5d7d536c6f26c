"""Figures of a training for those who watch it, on one setting: Trackio or TensorBoard, if it is installed.

Whatever is chosen, the same figures are in the training's folder as CSV. Trackio keeps its own on this
machine (`trackio show`), unless it is told otherwise by its own environment variables.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal

from mascot.errors import InputError

Tracker = Literal["none", "tensorboard", "trackio"]
Figures = Mapping[str, float]
Log = Callable[[str, str, Figures, int], None]
"""Told a run (an adapter's name), a prefix (`train`, `dev`), figures and the step."""
PROJECT: Final = "mascot"


def add_log(parser: argparse.ArgumentParser) -> None:
    """Add the setting to a training's options."""
    parser.add_argument(
        "--log", choices=("none", "tensorboard", "trackio"), default="none", help="who is told the figures"
    )


@contextmanager
def tracking(tracker: Tracker, folder: Path, resume: bool = False) -> Iterator[Log]:
    """Where figures go as long as the block lasts; runs come one after another.

    Args:
        folder: of the training. Runs are called by it and by what is trained; TensorBoard's files go into it.
        resume: whether a run that is known by this name goes on.

    Raises:
        InputError: the tracker is not installed.
    """
    begin = None if tracker == "none" else _installed(tracker)
    with ExitStack() as last:
        current, write = "", nobody

        def log(run: str, prefix: str, figures: Figures, step: int) -> None:
            nonlocal current, write
            if begin and run != current:
                last.close()
                current, write = run, last.enter_context(begin(folder, run, resume))
            write({f"{prefix}/{name}": value for name, value in figures.items()}, step)

        yield log


def nobody(*_: object) -> None:
    """Told everything, and does nothing."""


def _installed(tracker: Tracker) -> Any:
    """How a run of this tracker is begun."""
    module, begin = {
        "tensorboard": ("torch.utils.tensorboard", _tensorboard),
        "trackio": ("trackio", _trackio),
    }[tracker]
    try:
        return begin(import_module(module))
    except ImportError:
        raise InputError(f"--log {tracker} needs a package: pip install {tracker}") from None


def _tensorboard(module: Any) -> Any:
    @contextmanager
    def run(folder: Path, name: str, _resume: bool) -> Iterator[Callable[[Figures, int], None]]:
        with module.SummaryWriter(str(folder / "tensorboard" / name)) as writer:

            def write(figures: Figures, step: int) -> None:
                for key, value in figures.items():
                    writer.add_scalar(key, value, step)
                writer.flush()

            yield write

    return run


def _trackio(module: Any) -> Any:
    @contextmanager
    def run(folder: Path, name: str, resume: bool) -> Iterator[Callable[[Figures, int], None]]:
        named, known = f"{folder.resolve().name}/{name}", "allow" if resume else "never"
        # Not embedded: a page within a page is for notebooks, and nobody asked for one.
        begun = module.init(project=PROJECT, name=named, resume=known, embed=False)
        try:
            yield lambda figures, step: begun.log(dict(figures), step=step)
        finally:
            begun.finish()

    return run
