"""`python -m mascot adapters`: what there is, what the app loads, and how to go back."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from mascot.adapters.lineage import lineage_of_training
from mascot.adapters.registry import Entry, Registry
from mascot.engines.gguf_lora import CONFIG, WEIGHTS, export_lora
from mascot.engines.models import EMBEDDED_GGUF
from mascot.errors import AdapterError
from mascot.hub.command import add_pull, add_push, run_push, say, say_there
from mascot.settings import read_settings


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `adapters` and its ways to the command line."""
    parser = commands.add_parser("adapters", help="trained personas and directors: list, promote, go back")
    ways = parser.add_subparsers(required=True, metavar="WAY")

    ways.add_parser("list", help="every adapter and its state").set_defaults(run=_list)

    show = ways.add_parser("show", help="where an adapter came from, as JSON")
    _named(show, "the one that the app loads")
    show.set_defaults(run=_show)

    add = ways.add_parser("add", help="take what a training left, as a candidate")
    add.add_argument("folder", type=Path, metavar="FOLDER")
    add.add_argument("--version", help="its name in the registry (default: day and checksum)")
    add.set_defaults(run=_add)

    promote = ways.add_parser("promote", help="load this version from now on; an older one goes back to it")
    promote.add_argument("name", metavar="NAME")
    promote.add_argument("version", metavar="VERSION")
    promote.set_defaults(run=_promote)

    retire = ways.add_parser("retire", help="take a version out of use; the shipped one speaks again")
    _named(retire, "the promoted one")
    retire.set_defaults(run=_retire)

    export = ways.add_parser("export", help="write an adapter for other programs")
    _named(export, "the one that the app loads")
    export.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    export.add_argument("--format", choices=("peft", "gguf"), default="peft")
    export.add_argument(
        "--base", type=Path, metavar="FILE", help="for gguf, the model (default: the embedded)"
    )
    export.set_defaults(run=_export)
    _add_hub(ways)


def _add_hub(ways: argparse._SubParsersAction) -> None:
    push = add_push(ways)
    _named(push, "the one that the app loads")
    push.set_defaults(run=_push)
    pull = add_pull(ways, "as a candidate")
    pull.add_argument("--version", help="its name in the registry (default: the one that it has there)")
    pull.set_defaults(run=_pull)


def _named(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("name", metavar="NAME", help="a persona's id, or director")
    parser.add_argument("version", nargs="?", metavar="VERSION", help=f"default: {default}")


def _registry() -> Registry:
    return Registry(read_settings().home / "adapters")


def _list(_options: argparse.Namespace) -> int:
    entries = _registry().entries()
    for entry in entries:
        say(_line(entry))
    if not entries:
        say("no adapters yet: `python -m mascot align sft` trains some")
    return 0


def _line(entry: Entry) -> str:
    lineage = entry.lineage
    origin = "shipped" if entry.shipped else f"{lineage.created:%Y-%m-%d}"
    return f"{lineage.name:14} {lineage.version:24} {entry.state:10} {origin:10} {lineage.base}"


def _show(options: argparse.Namespace) -> int:
    entry = _registry().get(options.name, options.version)
    say(entry.lineage.model_dump_json(indent=2))
    say(f"{entry.state}, in {entry.folder}")
    return 0


def _add(options: argparse.Namespace) -> int:
    entry = _registry().add(options.folder, lineage_of_training(options.folder, options.version))
    say(_line(entry))
    return 0


def _promote(options: argparse.Namespace) -> int:
    say(_line(_registry().promote(options.name, options.version)))
    return 0


def _retire(options: argparse.Namespace) -> int:
    say(_line(_registry().retire(options.name, options.version)))
    return 0


def _export(options: argparse.Namespace) -> int:
    entry = _registry().get(options.name, options.version)
    try:
        options.to.mkdir(parents=True, exist_ok=True)
        if options.format == "peft":
            written = options.to
            for file in (CONFIG, WEIGHTS):
                shutil.copyfile(entry.folder / file, options.to / file)
        else:
            written = options.to / f"{entry.lineage.name}-{entry.lineage.version}.gguf"
            export_lora(entry.folder, options.base or read_settings().models / EMBEDDED_GGUF, written)
    except OSError as error:
        raise AdapterError(f"{options.to} cannot be written: {error.strerror}") from None
    say(f"written to {written}")
    return 0


def _push(options: argparse.Namespace) -> int:
    from mascot.adapters.hub import parts

    entry = _registry().get(options.name, options.version)
    message = f"{entry.lineage.name} {entry.lineage.version}"
    return run_push(options, parts(entry, options.licence), message)


def _pull(options: argparse.Namespace) -> int:
    from mascot.adapters import hub

    if not options.really:
        say_there(options.repo, hub.there(options.repo, options.revision))
        return 0
    entry = hub.pull(options.repo, _registry(), options.revision, options.version)
    say(_line(entry))
    say(f"to load it: python -m mascot adapters promote {entry.lineage.name} {entry.lineage.version}")
    return 0
