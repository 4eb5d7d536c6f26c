"""`push` and `pull` on the command line, the same for everything that goes to the hub: dry by default."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping


def add_push(ways: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """Add `push` to the ways of a command; what shall be pushed is added to what this returns."""
    push = ways.add_parser("push", help="to the Hugging Face Hub; without --really it says what would go")
    push.add_argument("--to", required=True, metavar="OWNER/NAME")
    push.add_argument("--licence", default="", metavar="ID", help="as the hub names it, e.g. cc0-1.0")
    push.add_argument("--public", action="store_true", help="for everyone to see")
    push.add_argument(
        "--collection", default="", metavar="SLUG_OR_TITLE", help="put it in there; a new title makes one"
    )
    push.add_argument("--really", action="store_true", help="upload")
    return push


def add_pull(ways: argparse._SubParsersAction, what: str) -> argparse.ArgumentParser:
    """Add `pull` to the ways of a command; where it goes is added to what this returns."""
    pull = ways.add_parser("pull", help=f"from the hub, {what}; without --really it says what is there")
    pull.add_argument("repo", metavar="OWNER/NAME")
    pull.add_argument("--revision", metavar="REV", help="branch, tag or commit (default: the newest)")
    pull.add_argument("--really", action="store_true", help="download")
    return pull


def run_push(options: argparse.Namespace, files: Mapping[str, bytes], message: str) -> int:
    """Push files as the options say, or tell what would be; returns the exit code.

    Raises:
        HubError: no token, no such name, or the hub refuses or is not there.
    """
    from mascot.hub.repository import check_name, push

    check_name(options.to)
    if options.really:
        to, private = options.to, not options.public
        done = push(to, files, message, private=private, collection=options.collection)
        say(f"pushed to {done.url}" + (f", in {done.collection}" if done.collection else ""))
        return 0
    _list({name: len(content) for name, content in files.items()})
    seen = "everyone sees" if options.public else "only its owners see"
    within = f", and put into the collection {options.collection!r}" if options.collection else ""
    say(f"would be pushed to {options.to}, which {seen}, if it is new{within}")
    say("nothing was sent: add --really")
    return 0


def say_there(repo: str, sizes: Mapping[str, int]) -> None:
    """Tell what would be fetched, with sizes in bytes."""
    _list(sizes)
    say(f"would be fetched from {repo}; nothing was: add --really")


def say(line: str) -> None:
    """One line to whoever typed the command."""
    sys.stdout.write(f"{line}\n")


def _list(sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        say(f"{size:>12,} bytes  {name}")
