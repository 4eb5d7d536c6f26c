"""`simulate` on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

from annotations.commands.show import show
from mascot.commandline import count, share
from mascot.errors import InputError
from mascot.settings import read_settings
from studies.design.reading import read_design
from studies.simulate.report import lines
from studies.simulate.run import Crowd, simulate
from studies.web.serving import Place

Add = Callable[[str, str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]


def add_simulate(add: Add) -> None:
    """Add the command."""
    command = add("simulate", "let simulated raters walk through a copy of the prepared study", run)
    command.add_argument("--raters", type=count, default=60, metavar="N")
    command.add_argument("--seed", type=int, default=0, metavar="S")
    command.add_argument("--dropouts", type=share(), default=0.2, metavar="SHARE")
    command.add_argument("--doubles", type=share(), default=0.1, metavar="SHARE", help="requests sent twice")
    command.add_argument(
        "--careless", type=share(), default=0.0, metavar="SHARE", help="raters who do not read"
    )
    command.add_argument("--at-once", type=count, default=8, metavar="N", help="raters at the same time")
    command.add_argument(
        "--think", type=float, default=0.0, metavar="SECONDS", help="between two requests, mean"
    )
    command.add_argument("--to", default="", metavar="URL", help="a new store; by default a file in home")


def run(options: argparse.Namespace) -> int:
    """Returns 1 if anything was lost, given twice, or over or under its quota."""
    design, settings = read_design(options.file), read_settings()
    if design.study.dialogues.live is not None:
        raise InputError("a live study cannot be simulated: there would be nobody to talk with the arms")
    place = Place.of(design, settings, options.store)
    crowd = Crowd(
        options.raters,
        options.seed,
        options.dropouts,
        options.doubles,
        options.careless,
        options.at_once,
        options.think,
    )
    new = place.folder / f"simulated-{options.seed}.db"
    if not options.to:
        for old in place.folder.glob(f"{new.name}*"):
            old.unlink()
    found = simulate(design, place.url, replace(place, url=options.to or f"sqlite:///{new}"), settings, crowd)
    store = options.to or f"sqlite:///{new}"
    show(found.as_dict() | {"store": store}, [*lines(found), f"answers are in {store}"], options.json)
    return 0 if found.sound else 1
