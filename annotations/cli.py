"""The command line: `python -m annotations COMMAND`.

A mistake of the user's is one line on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from annotations.cards import NO_LICENCE
from annotations.commands import exchange, statistics
from annotations.commands.show import show, table
from annotations.database import must_be_there
from annotations.exports.formats import FORMATS
from annotations.exports.tables import KINDS
from annotations.records import Withdrawal
from annotations.store import Store
from mascot.commandline import OneLineParser, count, exit_code, share

DEFAULT_STORE = "sqlite:///ratings.db"
_Deed = Callable[[argparse.Namespace], int]
_Add = Callable[[str, str, _Deed], argparse.ArgumentParser]
"""Adds a command: its name, one line about it, what it does."""
_NO_STORE_NEEDED = ("init", "import", "plan")
"""Commands that make the store if need be, or need none."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    return exit_code("annotations", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if options.command not in _NO_STORE_NEEDED and getattr(options, "csv", None) is None:
        must_be_there(options.store)
    return options.run(options)


def _init(options: argparse.Namespace) -> int:
    with Store.open(options.store) as store:
        head = store.head()
    ready = {"store": options.store, "entries": head.seq}
    show(ready, [f"{options.store} is ready; its journal has {head.seq} entries"], options.json)
    return 0


def _status(options: argparse.Namespace) -> int:
    head = ("study", "items", "wanted", "completed", "open", "raters", "answers")
    with Store.open(options.store) as store:
        items = Counter({study.id: 0 for study in store.studies()})
        wanted: Counter[str] = Counter()
        for item in store.items():
            items[item.study] += 1
            wanted[item.study] += item.wanted
        done: Counter[tuple[str, str | None]] = Counter()
        raters: dict[str, set[str]] = {study: set() for study in items}
        for each in store.assignments():
            done[each.study, each.outcome] += 1
            raters[each.study].add(each.rater)
        answers = Counter(rated.answer.study for rated in store.answers())
    rows = [
        (s, n, wanted[s], done[s, "completed"], done[s, None], len(raters[s]), answers[s])
        for s, n in items.items()
    ]
    content = [dict(zip(head, row, strict=True)) for row in rows]
    show(content, table(head, rows) if rows else ["there is no study yet"], options.json)
    return 0


def _verify(options: argparse.Namespace) -> int:
    with Store.open(options.store) as store:
        findings = store.verify(options.head)
        head = store.head()
    content = {"well": not findings, "findings": findings, "entries": head.seq, "head": head.hash}
    well = [
        f"all {head.seq} entries of the journal and every row are as they were written",
        f"head {head.hash}",
    ]
    show(content, findings or well, options.json)
    return 1 if findings else 0


def _withdraw(options: argparse.Namespace) -> int:
    withdrawal = Withdrawal(
        rater=options.rater, study=options.study, erase=options.erase, reason=options.reason
    )
    scope = options.study or "everything"
    with Store.open(options.store) as store:
        receipt = store.withdraw(withdrawal, f"withdraw {options.rater} {scope} {options.erase}")
    erased = ", and their words are erased" if options.erase else ""
    line = f"the answers of {options.rater} are out of {scope}{erased}"
    show({"rater": options.rater, "from": scope, "entry": receipt.seq}, [line], options.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="annotations", description="The store of ratings, and what can be made of it."
    )
    common = OneLineParser(add_help=False)
    common.add_argument("--store", default=DEFAULT_STORE, metavar="URL", help="SQLAlchemy URL of the store")
    common.add_argument("--json", action="store_true", help="for programs")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def add(name: str, help: str, run: _Deed) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, parents=[common])
        command.set_defaults(run=run)
        return command

    add("init", "make the store, or bring its tables up to date", _init)
    add("status", "how far each study is", _status)
    _add_statistics(add)
    _add_exchange(add)
    verify = add("verify", "whether every row is as it was written", _verify)
    verify.add_argument("--head", metavar="HASH", help="an earlier head the journal must contain")
    withdraw = add("withdraw", "take a person's answers out of everything", _withdraw)
    withdraw.add_argument("rater", metavar="RATER")
    withdraw.add_argument("--study", metavar="ID", help="only out of this study")
    withdraw.add_argument("--erase", action="store_true", help="delete their words for good, too")
    withdraw.add_argument("--reason", default="", metavar="TEXT")
    return parser


def _add_statistics(add: _Add) -> None:
    agreement = add("agreement", "how far raters agree, per criterion", statistics.agreement)
    agreement.add_argument("--csv", type=Path, metavar="FILE", help="of any long table instead of the store")
    agreement.add_argument("--study", metavar="ID")
    for name in ("item", "rater", "value"):
        agreement.add_argument(f"--{name}", metavar="COLUMN", help="with --csv")
    agreement.add_argument("--criterion", metavar="NAME", help="only this one; with --csv the column")
    agreement.add_argument("--level", choices=("nominal", "ordinal", "interval"), help="what numbers mean")
    agreement.add_argument("--draws", type=count, default=1000, metavar="N", help="bootstrap samples")

    strengths = add("strengths", "how strong each arm is, per criterion", statistics.strengths_of_arms)
    strengths.add_argument("--study", metavar="ID")
    strengths.add_argument("--length", action="store_true", help="with the length of texts held constant")
    strengths.add_argument("--raters", choices=("clustered", "effects", "independent"), default="clustered")

    quality = add("quality", "raters whose answers are worth a look, and why", statistics.quality)
    quality.add_argument("--study", metavar="ID")

    plan = add("plan", "what a comparison of two arms could show, by simulation", statistics.plan)
    plan.add_argument("--raters", type=count, required=True, metavar="N")
    plan.add_argument("--items", type=count, nargs="+", required=True, metavar="N")
    plan.add_argument("--per-item", type=count, required=True, metavar="N", help="raters of each item")
    plan.add_argument("--effect", type=float, default=0.41, metavar="LOGODDS", help="0.41 is 60 to 40")
    plan.add_argument("--ties", type=float, default=0.5, metavar="NU", help="Davidson's ν")
    plan.add_argument("--alpha", type=float, default=0.05)
    plan.add_argument("--wanted", type=float, metavar="POWER", help="only the smallest plan that reaches it")
    plan.add_argument("--studies", type=count, default=1000, metavar="N", help="simulated studies")


def _add_exchange(add: _Add) -> None:
    export = add("export", "write a dataset folder", exchange.export)
    export.add_argument("--format", nargs="+", choices=FORMATS, default=["ratings", "aggregates"])
    export.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder")
    export.add_argument("--study", metavar="ID")
    export.add_argument("--kind", choices=KINDS, help="only this kind of file; by default both")
    export.add_argument("--personas", type=Path, metavar="FOLDER", help="cards beside the built-in ones")
    export.add_argument("--consent", metavar="CHOICE", help="only of raters who agreed to this, e.g. publish")
    for name in ("validation", "test"):
        export.add_argument(
            f"--{name}", type=share(0.5), default=0.1, metavar="SHARE", help="of the dialogues"
        )
    export.add_argument("--seed", type=int, default=0, metavar="S", help="of the splits")
    export.add_argument("--title", metavar="TEXT")
    export.add_argument("--licence", default=NO_LICENCE, metavar="ID", help="as the hub names it")
    export.add_argument("--creator", default="", metavar="TEXT")
    export.add_argument(
        "--push", metavar="OWNER/NAME", help="to the Hugging Face Hub; a dry run without --really"
    )
    export.add_argument(
        "--collection", default="", metavar="SLUG_OR_TITLE", help="with --push: put it in there"
    )
    export.add_argument("--really", action="store_true", help="with --push: upload")
    export.add_argument("--public", action="store_true", help="with --push: for everyone to see")

    take = add("import", "take ratings over from elsewhere", exchange.take_in)
    take.add_argument("file", type=Path, metavar="FILE")
    take.add_argument(
        "--from", dest="source", required=True, choices=("csv", "argilla", "label-studio", "potato")
    )
    take.add_argument("--study", required=True, metavar="ID", help="the study they go into")
    take.add_argument(
        "--arms", nargs="+", default=["imported"], metavar="ARM", help="what stood side by side"
    )
    take.add_argument("--text", nargs="+", default=[], metavar="QUESTION", help="questions with free text")
    kinds = ("participant", "crowd", "expert", "model", "simulated", "unknown")
    take.add_argument("--raters", choices=kinds, default="unknown", help="what kind of raters they are")
    for name in ("item", "rater", "value", "criterion", "dialogue"):
        take.add_argument(f"--{name}", metavar="COLUMN", help="with --from csv")

    lineage = add("lineage", "the raw answers a row of an export was made of", exchange.lineage)
    lineage.add_argument("row", metavar="ROW", help="as the column `row` names it")
    lineage.add_argument("--personas", type=Path, metavar="FOLDER", help="cards beside the built-in ones")
    lineage.add_argument("--consent", metavar="CHOICE", help="where the export was made with it")
