"""Agreement, strengths, quality, positions and blinding: what `annotations` says of one study."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from scipy.stats import binomtest

from annotations.commands.frames import by_criterion, level_of, quality_tables, votes
from annotations.records import Choice
from annotations.statistics import agreement as agreements
from annotations.statistics import strengths as strength
from annotations.statistics.errors import StatisticsError
from annotations.statistics.quality import quality as rater_quality
from annotations.statistics.ratings import read_ratings
from annotations.statistics.votes import read_rankings
from mascot.errors import InputError
from studies.design.tasks import GuessTask
from studies.flow.desk import Blinding, Position
from studies.flow.flow import Flow

DRAWS = 300
"""Bootstrap samples behind an interval of agreement on the page; the command draws more."""


def agreement(flow: Flow) -> list[dict[str, Any]]:
    """How far raters agree, per criterion.

    Raises:
        InputError: there is nothing to compare yet.
    """
    tables = by_criterion(flow.served.store.answers(flow.study.id))
    if not tables:
        raise InputError("there are no answers (yet) that could be compared")
    return [
        _plain(
            agreements.agreement(
                read_ratings(rows, level_of(kind, "interval")),
                level_of(kind, "interval"),
                f"{criterion} ({kind})",
                DRAWS,
            ).as_dict()
        )
        for (criterion, kind), rows in tables.items()
    ]


def strengths(flow: Flow) -> dict[str, Any]:
    """How strong each arm is, per criterion whose votes can tell it.

    Raises:
        InputError: there are no votes yet, or too few of every criterion.
    """
    return {name: _plain(found.as_dict()) for name, found in strengths_of(flow).items()}


def strengths_of(flow: Flow) -> dict[str, strength.Strengths]:
    """The same as records.

    Raises:
        InputError: as `strengths`.
    """
    found: dict[str, strength.Strengths] = {}
    refusal = "there are no votes or rankings (yet)"
    for name, rows in votes(flow.served.store.answers(flow.study.id), lengths=False).items():
        try:
            found[name] = strength.strengths(read_rankings(rows, []))
        except StatisticsError as error:
            refusal = f"{name}: {error}"  # with few votes one criterion may be ready before another
    if not found:
        raise InputError(refusal)
    return found


def quality(flow: Flow) -> list[dict[str, Any]]:
    """Raters whose answers are worth a look, and why.

    Raises:
        InputError: there is nothing to look at yet.
    """
    answers, checks = quality_tables(flow.served.store.answers(flow.study.id))
    if answers.empty:
        raise InputError("there are no answers (yet) in numbers or votes")
    return [_plain(each.as_dict()) for each in rater_quality(answers, checks)]


def positions(flow: Flow) -> list[dict[str, Any]]:
    """How often what stood at each place was preferred, ties aside."""
    found: list[dict[str, Any]] = []
    for criterion, rows in votes(flow.served.store.answers(flow.study.id), lengths=False).items():
        firsts = rows[rows["rank"] == 1]
        alone = firsts[~firsts["vote"].duplicated(keep=False)]
        won = Counter(int(place) for place in alone["position"])
        for place in sorted({int(place) for place in rows["position"]}):
            share, low, high = _share(won[place], len(alone))
            position = Position(
                criterion=criterion, place=place, share=share, low=low, high=high, votes=len(alone)
            )
            found.append(position.model_dump())
    return found


def blinding(flow: Flow) -> dict[str, Any]:
    """Whether people can tell the systems apart.

    Raises:
        InputError: the study does not ask, or nobody has answered yet.
    """
    task = next((task for task in flow.study.tasks if isinstance(task, GuessTask)), None)
    if task is None:
        raise InputError("this study does not ask which system it was: add a task of the kind guess")
    guesses = right = 0
    for rated in flow.served.store.answers(flow.study.id, task.id):
        if isinstance(rated.answer.value, Choice):
            guesses += 1
            right += rated.answer.value.options == (rated.item.arms[rated.answer.target.candidate or 0],)
    if not guesses:
        raise InputError("nobody has guessed (yet)")
    share, low, high = _share(right, guesses)
    chance = 1 / len(flow.study.arms)
    return Blinding(guesses=guesses, right=right, share=share, low=low, high=high, chance=chance).model_dump()


def _share(won: int, of: int) -> tuple[float, float, float]:
    """With Wilson's 95 % interval."""
    if not of:
        return 0.0, 0.0, 1.0
    interval = binomtest(won, of).proportion_ci(method="wilson")
    return won / of, float(interval.low), float(interval.high)


def _plain(value: Any) -> Any:
    """Ready for JSON, which knows no infinity and no "not a number"."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
