"""`agreement`, `strengths`, `quality` and `plan`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from annotations.commands.frames import by_criterion, level_of, quality_tables, votes
from annotations.commands.show import show
from annotations.statistics import agreement as agreements
from annotations.statistics import long_table, planning, strengths
from annotations.statistics import quality as qualities
from annotations.statistics.errors import StatisticsError
from annotations.statistics.ratings import read_ratings
from annotations.statistics.votes import read_rankings
from annotations.store import Store
from mascot.errors import InputError


def agreement(options: Namespace) -> int:
    """Of the store, or of any long table."""
    if options.csv is not None:
        for name in ("item", "rater", "value"):
            if getattr(options, name) is None:
                raise InputError(f"--csv needs --{name} COLUMN")
        columns = (options.item, options.rater, options.value, options.criterion)
        found = long_table.agreement_of_csv(
            long_table.LongTable(options.csv, *columns, options.level or "nominal"), options.draws
        )
    else:
        with Store.open(options.store) as store:
            tables = by_criterion(store.answers(options.study, options.criterion))
        if not tables:
            raise InputError("there are no answers (yet) that could be compared")
        found = [
            agreements.agreement(read_ratings(rows, level), level, f"{criterion} ({kind})", options.draws)
            for (criterion, kind), rows in tables.items()
            for level in (level_of(kind, options.level or "interval"),)
        ]
    show([each.as_dict() for each in found], long_table.lines(found), options.json)
    return 0


def strengths_of_arms(options: Namespace) -> int:
    """Of each criterion with votes or rankings."""
    with Store.open(options.store) as store:
        tables = votes(store.answers(options.study, transcripts=options.length), options.length)
    if not tables:
        raise InputError("there are no votes or rankings (yet)")
    style = ["length"] if options.length else []
    found: dict[str, dict[str, object]] = {}
    lines: list[str] = []
    for criterion, rows in tables.items():
        try:  # with few votes one criterion may be ready before another
            each = strengths.strengths(read_rankings(rows, style), raters=options.raters)
        except StatisticsError as error:
            if len(tables) == 1:
                raise
            found[criterion] = {"error": str(error)}
            lines += [f"{criterion}: {error}", ""]
        else:
            found[criterion] = each.as_dict()
            lines += [f"{criterion}:", *strengths.lines(each), ""]
    if all("error" in each for each in found.values()):
        raise InputError(lines[0])
    show(found, lines, options.json)
    return 0


def quality(options: Namespace) -> int:
    """Of every rater."""
    with Store.open(options.store) as store:
        answers, checks = quality_tables(store.answers(options.study))
    if answers.empty:
        raise InputError("there are no answers (yet) in numbers or votes")
    found = qualities.quality(answers, checks)
    show([each.as_dict() for each in found], qualities.lines(found), options.json)
    return 0


def plan(options: Namespace) -> int:
    """What a study of this size could show; or the smallest of several that could."""
    fixed: dict[str, Any] = {
        "raters": options.raters,
        "per_item": options.per_item,
        "effect": options.effect,
        "ties": options.ties,
    }
    plans = [planning.Plan(items=items, **fixed) for items in options.items]
    if options.wanted is not None:
        found = [planning.smallest(plans[0], options.items, options.wanted, options.alpha, options.studies)]
    else:
        found = [planning.power(each, options.alpha, options.studies) for each in plans]
    show([each.as_dict() for each in found], planning.lines(found), options.json)
    return 0
