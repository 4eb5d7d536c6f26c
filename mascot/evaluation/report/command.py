"""`python -m mascot report`: see `build`."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.evaluation.judges.command import CARDS
from mascot.evaluation.voices_command import need_packages


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `report`."""
    report = commands.add_parser("report", help="a run of `evaluate` as Markdown, HTML and pictures")
    report.add_argument("folder", type=Path, metavar="DIR", help="the run")
    report.add_argument("--cards", type=Path, default=CARDS, metavar="DIR", help="judges' report cards")
    report.add_argument("--out", type=Path, metavar="DIR", help="where it goes (DIR/report)")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.report.build import write_report

    write_report(options.folder, options.cards, options.out)
    return 0
