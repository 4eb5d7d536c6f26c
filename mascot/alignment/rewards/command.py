"""`python -m mascot align reward` and `align group-reward`: what is better, learned from preferences."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.alignment.options import add_machine


def add_reward_commands(ways: argparse._SubParsersAction) -> None:
    """Add both to the ways of `align`."""
    reward = ways.add_parser("reward", help="a reward model for single replies, from preferences")
    _add_common(reward)
    reward.add_argument(
        "--kind",
        choices=("light", "language"),
        default="light",
        help="words and embeddings weighed linearly, or the embedded model with an adapter (default: light)",
    )
    reward.add_argument("--start", type=Path, metavar="DIR", help="refine the light reward model in DIR")
    reward.add_argument("--resume", action="store_true", help="go on with what is in OUT")
    add_machine(reward, precision=False)
    numbers = {"ridge": float, "rank": int, "epochs": int, "learning-rate": float, "batch": int, "seed": int}
    for name, kind in numbers.items():
        reward.add_argument(f"--{name}", type=kind, help="default: the recipe's, see docs/alignment.md")
    reward.set_defaults(run=_reward)
    group = ways.add_parser("group-reward", help="a reward model for what a group said over many turns")
    _add_common(group)
    group.add_argument("--ridge", type=float, help="default: the recipe's, see docs/alignment.md")
    group.set_defaults(run=_group_reward)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "sources",
        nargs="*",
        default=["expert"],
        metavar="SOURCE",
        help="'expert', pairs of `align judge`, or a JSONL file of `annotations export` (default: expert)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where it is written")


def _reward(options: argparse.Namespace) -> int:
    from mascot.alignment.rewards.session import run_reward

    return run_reward(options)


def _group_reward(options: argparse.Namespace) -> int:
    from mascot.alignment.rewards.session import run_group_reward

    return run_group_reward(options)
