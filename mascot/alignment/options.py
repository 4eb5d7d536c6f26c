"""Options that trainings have in common, and what is refused before any of them begins."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.commandline import count
from mascot.errors import InputError


def add_machine(parser: argparse.ArgumentParser, precision: bool = True) -> None:
    """Add what a training computes with.

    Args:
        precision: whether that of the base can be chosen.
    """
    parser.add_argument("--threads", type=count, default=0, metavar="N", help="cores to use (default: all)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU if there is one"
    )
    if precision:
        parser.add_argument(
            "--precision",
            choices=("auto", "full", "half"),
            default="auto",
            help="of the frozen base; default: half on a processor that multiplies bfloat16, else full",
        )


def names(text: str) -> list[str]:
    """Names with commas between them, for argparse."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("an empty list: name at least one, or leave the option out")
    return found


def points(text: str) -> float:
    """A number above 0, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def check_out(out: Path, resume: bool) -> None:
    """Refuse a place where something is already, unless it is gone on with.

    Raises:
        InputError: a folder that is not empty, or no folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: --out names a folder")
    if out.is_dir() and any(out.iterdir()) and not resume:
        raise InputError(f"{out} is not empty: --resume goes on with it, --out chooses another folder")
