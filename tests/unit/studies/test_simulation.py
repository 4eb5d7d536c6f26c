"""Simulated raters walk the real way over HTTP: nothing lost or twice, quotas exact, the truth found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mascot.errors import InputError
from studies.simulate.report import Report, lines
from studies.simulate.run import Crowd, simulate
from tests.fixtures.studies import ARMS, prepared


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("simulation")
    design, place, settings = prepared(folder, attention_misses=0)
    crowd = Crowd(raters=40, seed=3, dropouts=0.2, doubles=0.1, careless=0.1)
    return simulate(design, place.url, replace(place, url=f"sqlite:///{folder / 'new.db'}"), settings, crowd)


def test_every_quota_is_met_exactly_and_orders_are_balanced(found: Report) -> None:
    assert found.ends.get("dropped", 0) + found.ends.get("screened", 0) > 0
    assert (found.completed, found.overfull, found.underfull) == (found.wanted, 0, 0)
    assert found.imbalance <= 1


def test_nothing_that_was_acknowledged_is_lost_and_nothing_is_there_twice(found: Report) -> None:
    assert found.acknowledged > 150
    assert found.repeated > 10
    assert (found.lost, found.twice, found.steps_repeated, found.problems) == (0, 0, 0, ())
    assert found.sound


def test_the_truth_is_found_again_as_far_as_72_ratings_can_tell(found: Report) -> None:
    assert {each.arm for each in found.found} == set(ARMS)
    for each in found.found:  # twice as wide as 95 %: who meets whom is left to the threads
        assert abs(each.value - each.truth) < 2 * max(each.high - each.value, each.value - each.low)
    ranked = {each.arm: each.value for each in found.found if each.criterion == "order"}
    assert ranked[ARMS[0]] > ranked[ARMS[-1]]


def test_the_report_says_what_it_found(found: Report) -> None:
    said = "\n".join(lines(found))
    assert f"{found.acknowledged} answers acknowledged, 0 lost, 0 twice" in said


def test_a_rehearsal_is_not_mixed_with_another_one(tmp_path: Path) -> None:
    design, place, settings = prepared(tmp_path)
    with pytest.raises(InputError, match="two rehearsals would become one: name a new store"):
        simulate(design, place.url, place, settings, Crowd(raters=1))
