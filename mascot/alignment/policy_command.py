"""`python -m mascot align persona`, `director`, `dpo` and `group`: what is better becomes likelier."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.alignment.options import add_machine, names
from mascot.alignment.tracking import add_log


def add_policy_commands(ways: argparse._SubParsersAction) -> None:
    """Add them to the ways of `align`."""
    persona = ways.add_parser("persona", help="stage 1: personas by GRPO on the reward of what they say")
    _add_common(persona)
    _add_personas(persona)
    _add_reward(persona)
    _add_numbers(persona, _GRPO)
    persona.set_defaults(run=_persona)

    director = ways.add_parser("director", help="stage 1: the director by GRPO on what experts would choose")
    _add_common(director)
    _add_group_reward(director)
    _add_numbers(director, _CHOOSING)
    director.set_defaults(run=_director)

    group = ways.add_parser("group", help="stage 2: director and personas by GRPO on what the group says")
    _add_common(group)
    _add_reward(group)
    _add_group_reward(group)
    _add_numbers(group, {**_GRPO, **_TABLE})
    group.set_defaults(run=_group)

    dpo = ways.add_parser("dpo", help="stage 1, cheaper: personas by DPO on preferences, nothing is drawn")
    dpo.add_argument(
        "sources",
        nargs="*",
        default=["expert"],
        metavar="SOURCE",
        help="'expert', pairs of `align judge`, or a JSONL file of `annotations export` (default: expert)",
    )
    _add_common(dpo)
    _add_personas(dpo)
    _add_numbers(dpo, _DPO)
    dpo.set_defaults(run=_dpo)


_CHOOSING = {
    "steps": int, "places": int, "group": int, "learning-rate": float, "beta": float, "clip": float,
    "passes": int, "temperature": float, "micro-batch": int, "every": int, "dev-places": int,
    "minutes": float, "seed": int,
}  # fmt: skip
_GRPO = {**_CHOOSING, "limit": int, "format-weight": float, "length-weight": float}

_TABLE = {
    "turns": int, "own": float, "directing": float, "director-rate": float, "director-beta": float,
}  # fmt: skip

_DPO = {
    "beta": float, "epochs": int, "learning-rate": float, "dropout": float, "batch": int, "micro-batch": int,
    "patience": int, "minutes": float, "share": float, "seed": int,
}  # fmt: skip


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where it is written")
    parser.add_argument(
        "--start", type=Path, metavar="DIR", help="a folder of adapters by name to begin with (the shipped)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with what is in OUT")
    add_machine(parser)
    add_log(parser)


def _add_personas(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--personas", type=names, metavar="NAMES", help="some of them only: anchor,beacon (default: all)"
    )


def _add_reward(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reward", type=Path, required=True, metavar="DIR", help="of `align reward`")


def _add_group_reward(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--group-reward", type=Path, required=True, metavar="DIR", help="of `group-reward`")


def _add_numbers(parser: argparse.ArgumentParser, numbers: dict[str, type]) -> None:
    for name, kind in numbers.items():
        parser.add_argument(
            f"--{name}", type=kind, help="default: the recipe's, see docs/alignment-policy.md"
        )


def _persona(options: argparse.Namespace) -> int:
    from mascot.alignment.policy_session import run_persona

    return run_persona(options)


def _director(options: argparse.Namespace) -> int:
    from mascot.alignment.policy_session import run_director

    return run_director(options)


def _group(options: argparse.Namespace) -> int:
    from mascot.alignment.policy_session import run_group

    return run_group(options)


def _dpo(options: argparse.Namespace) -> int:
    from mascot.alignment.dpo_session import run_dpo

    return run_dpo(options)
