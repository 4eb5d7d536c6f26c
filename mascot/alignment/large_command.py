"""`python -m mascot align large`: models of another size, under `accelerate launch`."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from mascot.errors import SettingsError


def add_large_command(ways: argparse._SubParsersAction) -> None:
    """Add it to the ways of `align`."""
    large = ways.add_parser("large", help="a persona of a larger model, by TRL, on many GPUs")
    large.add_argument("method", choices=("dpo", "grpo"), help="from preferences, or from a reward model")
    large.add_argument("sources", nargs="*", default=["expert"], metavar="SOURCE", help="as of `align dpo`")
    large.add_argument("--model", required=True, metavar="MODEL", help="a hub id, or a folder")
    large.add_argument("--persona", required=True, metavar="NAME", help="who learns")
    large.add_argument("--out", type=Path, required=True, metavar="DIR", help="where it is written")
    large.add_argument("--resume", action="store_true", help="go on from the last checkpoint in OUT")
    large.add_argument("--reward", type=Path, metavar="DIR", help="of `align reward`; grpo needs one")
    large.add_argument(
        "--quantization", choices=("none", "nf4"), default="none", help="nf4: 4-bit base (QLoRA), CUDA only"
    )
    large.add_argument("--vllm", metavar="URL", help="of `trl vllm-serve`, which then draws (grpo)")
    numbers = {
        "steps": int, "batch": int, "group": int, "limit": int, "learning-rate": float, "beta": float,
        "rank": int, "alpha": int, "checkpoint-steps": int, "seed": int,
    }  # fmt: skip
    for name, kind in numbers.items():
        large.add_argument(f"--{name}", type=kind, help="default: the recipe's")
    large.set_defaults(run=_large)


def _large(options: argparse.Namespace) -> int:
    for package in ("trl", "datasets"):
        if find_spec(package) is None:
            raise SettingsError(f"`align large` needs {package}: run `make setup-dev`")
    from mascot.alignment.large import run_large

    return run_large(options)
