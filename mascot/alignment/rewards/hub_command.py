"""`python -m mascot rewards`: a reward model to the Hugging Face Hub and from it, as `adapters` does."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.hub.command import add_pull, add_push, run_push, say, say_there


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `rewards` and its ways to the command line."""
    parser = commands.add_parser("rewards", help="reward models: to the Hugging Face Hub, and from it")
    ways = parser.add_subparsers(required=True, metavar="WAY")
    push = add_push(ways)
    push.add_argument("folder", type=Path, metavar="FOLDER", help="of `align reward` or `align group-reward`")
    push.set_defaults(run=_push)
    pull = add_pull(ways, "into a folder")
    pull.add_argument("--out", type=Path, required=True, metavar="DIR", help="where it is written")
    pull.set_defaults(run=_pull)


def _push(options: argparse.Namespace) -> int:
    from mascot.alignment.rewards.hub import parts

    files = parts(options.folder, options.licence)
    return run_push(options, files, f"Reward model {options.folder.resolve().name}")


def _pull(options: argparse.Namespace) -> int:
    from mascot.alignment.rewards import hub

    if not options.really:
        say_there(options.repo, hub.there(options.repo, options.revision))
        return 0
    record = hub.pull(options.repo, options.out, options.revision)
    way = "--group-reward" if record.what == "group-reward" else "--reward"
    say(f"a {record.kind} {record.what} is in {options.out}: use it with {way} {options.out}")
    return 0
