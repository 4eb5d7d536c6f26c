"""Power by simulation, and stopping that may be looked at all the time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.statistics.errors import StatisticsError
from annotations.statistics.planning import Plan, lines, power, smallest
from annotations.statistics.stopping import BETS, log_capital, look

PLAN = Plan(raters=20, items=60, per_item=4, effect=0.5)


def test_more_items_raters_and_effect_give_more_power() -> None:
    least = power(replace(PLAN, items=30), studies=300)
    more = power(PLAN, studies=300)
    assert least.power < more.power < power(replace(PLAN, effect=1.0), studies=300).power
    assert more.votes == 240


def test_no_difference_is_found_about_as_rarely_as_wanted() -> None:
    assert 0.02 <= power(PLAN, studies=1000).false_alarms <= 0.08


def test_power_is_the_textbooks_where_votes_are_independent() -> None:
    """Without ties, tastes and items of their own: a test of a proportion with 1,000 votes."""
    plan = Plan(500, 500, 2, effect=np.log(0.54 / 0.46), ties=0, rater_deviation=0, item_deviation=0)
    assert power(plan, studies=600).power == pytest.approx(0.715, abs=0.07)


def test_the_smallest_plan_reaches_the_wanted_power_and_the_one_before_does_not() -> None:
    found = smallest(replace(PLAN, effect=0.8), [10, 20, 40, 80], studies=300)
    assert found.power >= 0.8
    before = power(replace(found.plan, items=found.plan.items // 2), studies=300)
    assert before.power < 0.8
    assert str(found.plan.items) in "\n".join(lines([found]))


def test_a_plan_that_cannot_be_is_refused() -> None:
    with pytest.raises(StatisticsError, match="no more raters of an item"):
        Plan(raters=3, items=10, per_item=4, effect=0.3)
    with pytest.raises(StatisticsError, match=r"power 0\.8 is not reached, only"):
        smallest(replace(PLAN, effect=0.05), [4, 8], studies=50)


@pytest.mark.parametrize("name", ["effect", "ties", "rater_deviation", "item_deviation"])
def test_a_plan_with_no_number_has_no_power(name: str) -> None:
    with pytest.raises(StatisticsError, match="must be finite"):
        replace(PLAN, **{name: float("nan")})


def test_an_effect_that_leaves_no_doubt_is_always_found() -> None:
    assert power(replace(PLAN, effect=2000.0), studies=20).power == 1.0


def test_looking_after_every_vote_raises_false_alarms_no_further_than_alpha() -> None:
    """600 studies of 400 votes without a difference, a third of them ties; a t-test fails this by far."""
    rng = np.random.default_rng(0)
    votes = rng.choice([0, 0.5, 1], p=[1 / 3, 1 / 3, 1 / 3], size=(600, 400))
    ever = (log_capital(votes) >= np.log(20)).any(axis=1).mean()
    assert ever <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 600)
    count = np.arange(1, 401)
    z = (votes - 0.5).cumsum(axis=1) / np.sqrt(count / 6)
    assert (np.abs(z[:, 20:]) > 1.96).any(axis=1).mean() > 0.2


@pytest.mark.long
def test_looking_after_every_vote_long_form() -> None:
    """20,000 studies of 2,000 votes; α itself, no allowance."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(200):
        votes = rng.choice([0, 0.5, 1], p=[0.4, 0.2, 0.4], size=(100, 2000))
        alarms += int((log_capital(votes) >= np.log(20)).any(axis=1).sum())
    assert alarms / 20_000 <= 0.05


def test_a_real_difference_ends_the_comparison_early() -> None:
    rng = np.random.default_rng(2)
    votes = rng.choice([0, 0.5, 1], p=[0.2, 0.2, 0.6], size=(100, 400))
    crossed = log_capital(votes) >= np.log(20)
    assert crossed.any(axis=1).mean() > 0.97
    assert np.median(crossed.argmax(axis=1)) < 150


def test_capital_is_a_fair_game_exactly() -> None:
    """Over all sequences of four votes, weighted by their chance, the mean capital is one."""
    values, chances = np.array([0, 0.5, 1]), np.array([0.3, 0.4, 0.3])
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 4), axis=-1).reshape(-1, 4)
    capital = np.exp(log_capital(values[grid])[:, -1])
    assert (capital * chances[grid].prod(axis=1)).sum() == pytest.approx(1, abs=1e-12)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_the_interval_and_the_evidence_say_the_same(votes: list[float]) -> None:
    found = look(np.array(votes))
    assert found.mean is not None
    assert 0 <= found.low <= found.mean <= found.high <= 1
    if found.decided:
        assert not found.low + 0.002 < 0.5 < found.high - 0.002
    else:
        assert found.low <= 0.5 <= found.high


def test_sides_are_treated_alike() -> None:
    votes = np.random.default_rng(3).choice([0, 0.5, 1], p=[0.2, 0.2, 0.6], size=80)
    one, two = look(votes), look(1 - votes)
    assert one.evidence == pytest.approx(two.evidence)
    assert one.low == pytest.approx(1 - two.high, abs=1e-9)
    assert np.sort(BETS) == pytest.approx(-np.sort(BETS)[::-1])


def test_before_the_first_vote_nothing_is_known_and_wrong_votes_are_refused() -> None:
    assert look(np.array([])).decided is False
    for wrong in (np.array([0.2, 1.5]), np.array([np.nan])):
        with pytest.raises(StatisticsError, match="is not from 0 to 1"):
            look(wrong)
    with pytest.raises(StatisticsError, match="alpha 1 is not"):
        look(np.array([1.0]), alpha=1)


@pytest.mark.parametrize("always", [0.0, 1.0])
def test_votes_that_are_all_alike_leave_the_end_of_the_scale_however_many_they_are(always: float) -> None:
    verdict = look(np.full(100_000, always))
    assert verdict.decided
    assert verdict.low <= always <= verdict.high
    assert verdict.high - verdict.low < 0.01
