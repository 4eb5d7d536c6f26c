"""Bad raters are found, honest ones mostly left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotations.statistics.competence import mace
from annotations.statistics.errors import StatisticsError
from annotations.statistics.quality import RaterQuality, lines, quality
from annotations.statistics.quality_benchmark import KINDS, benchmark
from annotations.statistics.ratings import read_ratings


def crowd(raters: int = 8, items: int = 40, seed: int = 0) -> pd.DataFrame:
    """Honest raters, 1 to 5, everyone rates everything."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(3, 1.2, items)
    value = np.clip(np.round(truth + rng.normal(0, 0.7, (raters, items))), 1, 5)
    rater = np.repeat([f"r{at}" for at in range(raters)], items)
    item = np.tile(np.arange(items), raters)
    return pd.DataFrame({"item": item, "rater": rater, "value": value.ravel(), "seconds": 20.0})


def of(found: list[RaterQuality], name: str) -> RaterQuality:
    return next(each for each in found if each.rater == name)


def test_honest_raters_are_not_flagged() -> None:
    assert [each.flags for each in quality(crowd())] == [()] * 8


def test_who_answers_at_random_agrees_no_more_than_chance() -> None:
    table = crowd()
    table.loc[table["rater"] == "r3", "value"] = np.random.default_rng(1).integers(1, 6, 40)
    found = of(quality(table), "r3")
    assert "agrees with the others no more than chance" in found.flags
    assert found.agreement is not None
    assert abs(found.agreement) < 0.4


def test_who_answers_the_same_throughout_is_seen_and_has_no_agreement() -> None:
    table = crowd()
    table.loc[table["rater"] == "r3", "value"] = 4
    found = of(quality(table), "r3")
    assert "gives nearly always the same answer" in found.flags
    assert (found.agreement, found.same_share) == (None, 1.0)


def test_the_same_answer_is_no_habit_where_everyone_gives_it() -> None:
    table = crowd()
    table["value"] = np.where(np.random.default_rng(2).random(len(table)) < 0.95, 5, 4)
    assert not any("same answer" in flag for each in quality(table) for flag in each.flags)


def test_who_clicks_the_left_side_is_seen_and_who_prefers_one_arm_is_not() -> None:
    table = crowd()
    rng = np.random.default_rng(3)
    table["position"] = rng.integers(0, 2, len(table))
    table.loc[table["rater"] == "r2", "position"] = 0
    found = quality(table.assign(options=2))
    assert "clicks nearly always the same position" in of(found, "r2").flags
    assert [each.rater for each in found if each.flags] == ["r2"]


def test_who_is_far_too_fast_is_seen() -> None:
    table = crowd()
    table["seconds"] = np.exp(np.random.default_rng(4).normal(3, 0.3, len(table)))
    table.loc[table["rater"] == "r5", "seconds"] = 1.0
    found = quality(table)
    assert [each.rater for each in found if "is far faster than the others" in each.flags] == ["r5"]
    assert of(found, "r5").seconds == 1.0


def test_one_failed_check_of_four_is_forgiven_and_three_are_not() -> None:
    table = crowd()
    checks = pd.DataFrame({"rater": np.repeat(["r1", "r2"], 4), "passed": [1, 1, 1, 0, 0, 0, 1, 0]})
    found = quality(table, checks)
    assert (of(found, "r1").flags, of(found, "r1").failed) == ((), 1)
    assert of(found, "r2").flags == ("failed attention checks",)
    assert of(found, "r3").checks == 0


def test_who_copies_is_seen_with_the_other() -> None:
    table = crowd()
    invented = np.random.default_rng(5).integers(1, 6, 40)
    table.loc[table["rater"].isin(["r6"]), "value"] = invented
    table.loc[table["rater"].isin(["r7"]), "value"] = invented
    found = quality(table)
    assert of(found, "r6").partners == ("r7",)
    assert of(found, "r7").partners == ("r6",)
    assert all(each.partners == () for each in found if each.rater not in {"r6", "r7"})


def test_nothing_is_said_of_who_answered_little() -> None:
    table = crowd()
    table = table[(table["rater"] != "r0") | (table["item"] < 5)]
    table.loc[table["rater"] == "r0", "value"] = 3
    assert of(quality(table), "r0").flags == ()


def test_the_lines_for_people_begin_with_the_flagged() -> None:
    table = crowd()
    table.loc[table["rater"] == "r3", "value"] = 4
    assert list(lines(quality(table)))[1].startswith("r3")


@pytest.mark.parametrize("values", [5])
def test_competence_is_what_the_raters_were_given(values: int) -> None:
    """Six raters who know the answer with these chances and else answer by a habit."""
    rng = np.random.default_rng(6)
    knows = np.array([0.95, 0.85, 0.7, 0.6, 0.3, 0.0])
    truth = rng.integers(0, values, 1500)
    habit = rng.choice(values, p=[0.5, 0.2, 0.1, 0.1, 0.1], size=(6, 1500))
    value = np.where(rng.random((6, 1500)) < knows[:, None], truth, habit)
    item, rater = np.tile(np.arange(1500), 6), np.repeat(np.arange(6), 1500)
    found = mace(read_ratings(pd.DataFrame({"item": item, "rater": rater, "value": value.ravel()})))
    assert found.raters == pytest.approx(knows, abs=0.06)
    majority = np.array([np.bincount(column, minlength=values).argmax() for column in value.T])
    assert (found.truth.argmax(axis=1) == truth).mean() > (majority == truth).mean() + 0.02


def test_the_benchmark_finds_bad_raters_and_suspects_few_honest_ones() -> None:
    share = benchmark(6, seed=1)["share"]
    assert share["honest"] < 0.10
    assert all(share[kind] > 0.80 for kind in KINDS if kind != "honest")


def test_a_table_without_answers_is_refused() -> None:
    with pytest.raises(StatisticsError, match="no answers yet"):
        quality(crowd().iloc[:0])


def test_where_nobody_measured_time_nobody_is_fast() -> None:
    assert all(each.seconds is None for each in quality(crowd().assign(seconds=np.nan)))
