"""Intervals that cover, differences that find, corrections that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.evaluation.intervals import Estimate, difference, holm, jackknife, mean, rounded, shown_p


def test_a_mean_lies_in_its_interval_and_the_interval_shrinks_with_more_values() -> None:
    few, many = mean([0.0, 1.0] * 5), mean([0.0, 1.0] * 500)
    assert few.low < few.value == 0.5 < few.high
    assert many.high - many.low < (few.high - few.low) / 5


def test_a_mean_of_equal_values_is_certain_and_one_of_none_is_refused() -> None:
    assert (mean([0.3, 0.3]).low, mean([0.3, 0.3]).high) == (0.3, 0.3)
    with pytest.raises(ValueError, match="nothing"):
        mean([])


def test_the_same_values_have_the_same_interval_every_time() -> None:
    assert mean([0.1, 0.5, 0.9, 0.2]) == mean([0.1, 0.5, 0.9, 0.2])


def test_a_difference_is_taken_over_the_dialogues_that_both_have() -> None:
    gap = difference({"a": 0.0, "b": 0.5, "only": 9.0}, {"a": 0.5, "b": 1.0, "other": -9.0})
    assert gap is not None
    assert (gap.value, gap.n) == (0.5, 2)
    assert difference({"a": 1.0}, {"b": 1.0}) is None


def test_of_a_single_pair_the_difference_is_shown_and_nothing_is_proved_by_it() -> None:
    gap = difference({"a": 0.2, "b": 1.0}, {"a": 0.7})
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (gap.n, gap.p) == (1, 1.0)


def test_equal_pairs_differ_by_nothing_and_with_certainty() -> None:
    gap = difference({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3})
    assert gap is not None
    assert (gap.value, gap.low, gap.high, gap.p) == (0, 0, 0, 1)


def test_a_paired_difference_is_found_where_the_values_alone_would_hide_it() -> None:
    rng = np.random.default_rng(1)
    one = {str(i): float(v) for i, v in enumerate(rng.normal(size=40))}
    better = {id: v + 0.1 + 0.05 * float(rng.normal()) for id, v in one.items()}
    found, none = difference(one, better), difference(one, one)
    assert found is not None
    assert none is not None
    assert found.low > 0
    assert found.p is not None
    assert found.p < 0.01
    assert (none.value, none.p) == (0.0, 1.0)


def test_sign_flips_of_three_values_give_the_exact_p() -> None:
    gap = difference({"a": 0, "b": 0, "c": 0}, {"a": 1, "b": 2, "c": 3})
    assert gap is not None
    assert gap.p == pytest.approx(2 / 8)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = {str(i): float(v) for i, v in enumerate(np.random.default_rng(2).normal(size=20))}
    found = jackknife(lambda ids: float(np.mean([values[id] for id in ids])), list(values))
    error = np.std(list(values.values()), ddof=1) / np.sqrt(20)
    assert (found.high - found.low) / 2 == pytest.approx(2.093 * error, rel=1e-3)


def test_a_figure_that_never_moves_is_no_surer_than_so_many_groups_can_make_it() -> None:
    zero, one = jackknife(lambda ids: 0.0, list("abcd")), jackknife(lambda ids: 1.0, list("abcd"))
    assert (zero.low, zero.high, zero.p) == (0, 0, 1)
    assert (one.low, one.high) == (1, 1)
    for ids in ("abc", "abcd", "abcdefgh"):
        gaps = dict.fromkeys(ids, 1.0)
        paired = difference(dict.fromkeys(ids, 0.0), gaps)
        assert paired is not None
        assert jackknife(lambda some: 1.0, list(ids)).p == pytest.approx(paired.p)


def test_a_figure_that_moves_by_rounding_only_has_not_moved() -> None:
    ids = [str(i) for i in range(31)]
    found = jackknife(lambda some: sum(0.7 for _ in some) / len(some), ids)
    assert found.p == 2.0**-19
    assert found.low == found.value == found.high


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60), st.floats(1e-9, 1e9))
def test_nothing_is_so_sure_that_its_p_is_zero(gaps: list[float], scale: float) -> None:
    moved = {str(i): gap * scale for i, gap in enumerate(gaps)}
    found = difference(dict.fromkeys(moved, 0.0), moved)
    left_out = jackknife(lambda ids: float(np.mean([moved[id] for id in ids])), list(moved))
    for estimate in (found, left_out):
        assert estimate is not None
        assert estimate.p is None or 0 < estimate.p <= 1


@given(st.floats(0, 1, exclude_min=True), st.integers(1, 40))
def test_no_p_is_written_or_shown_as_zero(p: float, tests: int) -> None:
    (corrected, *_) = holm([p] * tests)
    written = rounded(Estimate(0.5, 0.4, 0.6, 10, corrected))
    assert written is not None
    assert written["p"] > 0
    assert written["p"] == pytest.approx(corrected, abs=1e-4)
    assert "0.000" not in shown_p(corrected)


def test_how_a_p_is_shown() -> None:
    assert [shown_p(p) for p in (0.2, 0.001, 0.00099, 0.0)] == [
        "p = 0.200",
        "p = 0.001",
        "p < 0.001",
        "p < 0.001",
    ]
    assert rounded(Estimate(1 / 3, 0, 1, 5)) == {"value": 0.3333, "low": 0, "high": 1, "n": 5}
    assert rounded(Estimate(0.5, 0, 1, 5, 1e-12)) == {"value": 0.5, "low": 0, "high": 1, "n": 5, "p": 0.0001}
    assert rounded(None) is None


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_anything_surer_nor_changes_the_order(ps: list[float]) -> None:
    corrected = holm(ps)
    assert all(before <= after <= 1 for before, after in zip(ps, corrected, strict=True))
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    assert [corrected[i] for i in order] == sorted(corrected)
