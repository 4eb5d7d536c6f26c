"""`python -m mascot align sft`: trains the adapters from the expert corpus."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.alignment.judging_command import add_judging_commands
from mascot.alignment.large_command import add_large_command
from mascot.alignment.options import add_machine, names
from mascot.alignment.policy_command import add_policy_commands
from mascot.alignment.recipe import Recipe
from mascot.alignment.rewards.command import add_reward_commands
from mascot.alignment.tracking import add_log


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `align` to the command line."""
    align = commands.add_parser("align", help="train what the personas and the director have learned")
    ways = align.add_subparsers(required=True, metavar="WAY")
    sft = ways.add_parser("sft", help="adapters by supervised fine-tuning on the expert corpus")
    sft.add_argument(
        "--adapters", type=names, metavar="NAMES", help="some of them only: anchor,director (default: all)"
    )
    sft.add_argument("--out", type=Path, metavar="DIR", help="where they are written (default: under home)")
    sft.add_argument("--resume", action="store_true", help="go on with what is in DIR")
    sft.add_argument("--start", type=Path, metavar="DIR", help="begin from the adapter in this PEFT folder")
    sft.add_argument(
        "--replies", type=Path, metavar="FILE", help="replies of a persona of your own, instead of the corpus"
    )
    add_machine(sft)
    add_log(sft)
    numbers = {
        "share": float, "epochs": int, "joint-epochs": int, "learning-rate": float, "dropout": float,
        "weight-decay": float, "patience": int, "minutes": float, "batch": int, "seed": int,
    }  # fmt: skip
    for name, kind in numbers.items():
        default = Recipe.model_fields[name.replace("-", "_")].default
        sft.add_argument(f"--{name}", type=kind, default=default, help=f"default: {default}")
    sft.set_defaults(run=_sft)
    add_reward_commands(ways)
    add_judging_commands(ways)
    add_policy_commands(ways)
    add_large_command(ways)


def _sft(options: argparse.Namespace) -> int:
    from mascot.alignment.session import run_sft

    return run_sft(options)
