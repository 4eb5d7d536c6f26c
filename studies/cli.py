"""The command line: `python -m studies COMMAND FILE`.

A mistake of the user's is one line on standard error (of `check`: one for each mistake) and exit code 2.
"""

from __future__ import annotations

import argparse
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from annotations.commands.show import show, table
from annotations.store import Store
from mascot.commandline import OneLineParser, exit_code
from mascot.engines.fetch import fetch_embedded
from mascot.settings import read_settings
from studies.design import plan as plans
from studies.design.reading import read_design
from studies.design.yaml_file import MistakesError
from studies.desk.status import status
from studies.prepare import differences
from studies.prepare.arms import open_arm
from studies.prepare.run import prepare
from studies.prepare.sources import starts
from studies.recruit.sync import sync_in_background
from studies.simulate.command import add_simulate
from studies.web.live import open_talks
from studies.web.serving import Place, StudyServer, close_served, open_served

_Run = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    return exit_code("studies", lambda: options.run(options))


def _check(options: argparse.Namespace) -> int:
    try:
        design = read_design(options.file)
        found = plans.plan(design, len(starts(design)))
    except MistakesError as error:
        for mistake in error.mistakes:
            sys.stderr.write(f"{error.source}, {mistake}\n")
        return 2
    lines = [f"{options.file} can be used", *plans.lines(found)]
    show({"study": design.study.id, "plan": found.as_dict()}, lines, options.json)
    return 0


def _prepare(options: argparse.Namespace) -> int:
    design, settings = read_design(options.file), read_settings()
    place = Place.of(design, settings, options.store)
    if any(arm.model == "auto" for arm in design.study.arms.values()):
        fetch_embedded(settings.models)
    wanted = len(starts(design)) * len(design.study.arms)
    with Store.open(place.url) as store, tqdm(total=wanted, desc="dialogues", disable=None) as bar:

        def tick(arm: str) -> None:
            bar.set_postfix_str(arm)
            bar.update()

        found = prepare(
            design,
            store,
            place.dialogues,
            settings,
            lambda name, arm: open_arm(name, arm, settings, design.path.parent),
            tick,
        )
    lines = [f"{found.situations} situations, {found.items} items are ready in {place.url}"]
    lines += differences.lines(found.looks) if found.looks else []
    if found.left_out:
        lines.append(f"left out, because some arm said nothing: {', '.join(found.left_out)}")
    content = {
        "store": place.url,
        "situations": found.situations,
        "items": found.items,
        "left_out": found.left_out,
        "looks": {arm: look.as_dict() for arm, look in found.looks.items()},
    }
    show(content, lines, options.json)
    return 0


def _serve(options: argparse.Namespace) -> int:
    design, settings = read_design(options.file), read_settings()
    place = Place.of(design, settings, options.store)
    with open_talks(design, settings, place) as talks:
        served = open_served(design, place, settings, talks=talks)
        try:
            token = place.token()
            with (
                StudyServer(served, token, options.host, options.port) as server,
                sync_in_background(server.flow),
            ):
                base = f"{server.address}/study/{design.study.id}"
                sys.stdout.write(f"participants: {base}\nresearcher:   {base}/desk#{token}\n")
                sys.stdout.flush()
                if options.open:
                    webbrowser.open(base)
                threading.Event().wait()
        except KeyboardInterrupt:
            return 0
        finally:
            close_served(served)
    return 0


def _status(options: argparse.Namespace) -> int:
    design, settings = read_design(options.file), read_settings()
    served = open_served(design, Place.of(design, settings, options.store), settings)
    try:
        found = status(served)
    finally:
        close_served(served)
    cells = [(c.condition, c.wanted, c.completed, c.open, _orders(c.orders)) for c in found.cells]
    lines = [
        f"{found.study} is {found.state}: {found.completed} of {found.wanted} ratings",
        f"{found.entered} came, {found.consented} consented, {found.finished} finished, "
        f"{found.dropped} dropped out",
        *table(("condition", "wanted", "completed", "open", "orders"), cells),
        f"greatest difference between two orders of a condition: {found.imbalance}",
        *(f"{t.kind}: {t.count} took {t.median:.0f} s (median), {t.p90:.0f} s (90 %)" for t in found.times),
    ]
    show(found.model_dump(mode="json"), lines, options.json)
    return 0


def _close(options: argparse.Namespace) -> int:
    design, settings = read_design(options.file), read_settings()
    served = open_served(design, Place.of(design, settings, options.store), settings)
    try:
        served.journal.set_state(design.study.id, "closed")
        found = status(served)
    finally:
        close_served(served)
    line = f"{found.study} is closed: nobody new can begin, those who began can finish"
    show({"study": found.study, "state": found.state}, [line], options.json)
    return 0


def _orders(orders: dict[str, int]) -> str:
    return ", ".join(f"{order}: {count}" for order, count in orders.items())


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="studies", description="Run a human study from one file.")
    common = OneLineParser(add_help=False)
    common.add_argument("file", type=Path, metavar="FILE", help="the study file")
    common.add_argument(
        "--store", default="", metavar="URL", help="SQLAlchemy URL; by default a file in home"
    )
    common.add_argument("--json", action="store_true", help="for programs")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help: str, run: _Run) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, parents=[common])
        command.set_defaults(run=run)
        return command

    add("check", "every mistake of the file by line, and what the study takes", _check)
    add("prepare", "hold the dialogues of all arms and make the items; can be resumed", _prepare)
    serve = add("serve", "serve the pages until Ctrl-C", _serve)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=7870)
    serve.add_argument("--open", action="store_true", help="open the participants' page in a browser")
    add_simulate(add)
    add("status", "how the study stands", _status)
    add("close", "let nobody new begin", _close)
    return parser
