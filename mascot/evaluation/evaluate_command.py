"""`python -m mascot evaluate`: the paper's experiments on any corpus, with any model."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.commandline import count
from mascot.evaluation.voices_command import need_packages


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `evaluate`."""
    parser = commands.add_parser("evaluate", help="systems under test beside one another, resumably")
    parser.add_argument(
        "--data",
        type=_listed,
        default=("situations",),
        metavar="LIST",
        help="corpora: situations, expert, dialogues, a file or folder, OWNER/NAME of the hub (situations)",
    )
    parser.add_argument(
        "--systems", default="paper", metavar="LIST", help="systems, or `paper`, or `all` (paper)"
    )
    parser.add_argument("--judges", type=_listed, default=(), metavar="LIST", help="who judges them (nobody)")
    parser.add_argument("--limit", type=count, metavar="N", help="first messages of each corpus (all)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="same seed, same dialogues (1)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    parser.add_argument("--turns", type=count, default=4, metavar="N", help="turns of a group in a round (4)")
    parser.add_argument(
        "--users", type=_types, default=(), metavar="LIST", help="MBTI types who answer back, or `all` (none)"
    )
    parser.add_argument(
        "--rounds", type=count, default=1, metavar="N", help="messages of the person; 2 or more need --users"
    )
    parser.add_argument(
        "--at-once", type=count, metavar="N", help="dialogues at a time (1 on llama.cpp, elsewhere 4)"
    )
    parser.add_argument(
        "--servers",
        type=_listed,
        default=(),
        metavar="LIST",
        help="in bulk over these servers (http://…/v1, all of the same model), by datatrove",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.errors import InputError
    from mascot.evaluation.evaluate_run import run

    if bool(options.users) != (options.rounds > 1):
        raise InputError("people who answer back need both: --users LIST and --rounds N of 2 or more")
    return run(options)


def _listed(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts:
        raise argparse.ArgumentTypeError("an empty list: name at least one")
    return parts


def _types(text: str) -> tuple[str, ...]:
    from mascot.evaluation.users import TYPES

    asked = TYPES if text == "all" else tuple(part.upper() for part in _listed(text))
    strange = next((part for part in asked if part not in TYPES), None)
    if strange is not None:
        raise argparse.ArgumentTypeError(f"{strange!r} is no MBTI type: there are {', '.join(TYPES)}")
    return asked
