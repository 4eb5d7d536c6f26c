"""`python -m mascot space`: assemble a Space, try it as the hub would run it, push it."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import suppress
from pathlib import Path

from huggingface_hub import get_token

from mascot.settings import read_settings
from mascot.spaces.assemble import assemble
from mascot.spaces.push import push
from mascot.spaces.trial import PORT, try_out

CHECKOUT = Path(__file__).parents[2]


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `space` to the command line."""
    parser = commands.add_parser("space", help="assemble a Hugging Face Space, try it, push it")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "space", metavar="FOLDER")
    parser.add_argument(
        "--hardware", choices=("cpu", "gpu", "zero"), default="cpu", help="what it shall run on"
    )
    parser.add_argument("--try", dest="trial", action="store_true", help="start it here, and have one answer")
    parser.add_argument("--serve", action="store_true", help="start it here, and keep it until Ctrl-C")
    parser.add_argument("--port", type=int, default=PORT, help=f"where it listens here (a Space: {PORT})")
    parser.add_argument("--fetch", action="store_true", help="let it fetch its models, as on the hub")
    parser.add_argument("--push", metavar="OWNER/NAME", help="put it there")
    parser.add_argument("--private", action="store_true", help="if the Space is made now")
    parser.set_defaults(run=_space)


def _space(options: argparse.Namespace) -> int:
    names = assemble(CHECKOUT, options.out, options.hardware)
    size = sum((options.out / name).stat().st_size for name in names)
    _say(f"{options.out}: {len(names)} files, {size / 2**20:.1f} MiB, for a Space on {options.hardware}")
    if options.trial or options.serve:
        _try(options)
    return _push(options, names)


def _try(options: argparse.Namespace) -> None:
    models = read_settings().models
    lent = models if models.is_dir() and not options.fetch else None
    _say(f"starting it as a Space would ({'models lent from here' if lent else 'fetching its models'})")
    trial = try_out(options.out, lent, options.port, _stay if options.serve else lambda _address: None)
    _say(
        f"the page answered after {trial.start_seconds:.1f} s, and {trial.speaker} "
        f"{trial.answer_seconds:.1f} s after a first message"
    )


def _stay(address: str) -> None:
    _say(f"it is at {address} until Ctrl-C")
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _push(options: argparse.Namespace, names: list[str]) -> int:
    if options.push is None:
        _say("nothing was pushed: name a Space with --push OWNER/NAME")
        return 0
    if get_token() is None:
        for name in names:
            _say(f"  {(options.out / name).stat().st_size:>10,}  {name}")
        _say(f"these {len(names)} files would be pushed to the Space {options.push}: set HF_TOKEN to do so")
        return 0
    _say(push(options.out, names, options.push, options.private))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
