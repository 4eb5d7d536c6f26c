"""The arithmetic of figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.bench.measure import (
    Figure,
    decode_rate,
    figure_of,
    first_token,
    interleaved,
    jain,
    percentile,
)
from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine

shares = st.lists(st.floats(0, 1e6), min_size=1, max_size=20)


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def contender(name: str, worth: float):
        def measure(number: int) -> float:
            order.append(f"{name}{number}")
            return worth + number

        return measure

    samples = interleaved({"a": contender("a", 0), "b": contender("b", 10)}, 3)
    assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert samples == {"a": (0, 1, 2), "b": (10, 11, 12)}


def test_a_figure_is_its_median_and_its_extremes() -> None:
    figure = Figure("x", (3.0, 1.0, 2.0, 9.0), "s")
    assert (figure.median, figure.low, figure.high) == (2.5, 1.0, 9.0)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=9), st.none() | st.integers(0, 10**6))
def test_a_figure_comes_back_from_its_record(samples: list[int], at: int | None) -> None:
    figure = Figure("waiting", tuple(float(sample) for sample in samples), "s", at)
    assert figure_of(figure.as_dict()) == figure


def test_percentiles_are_samples() -> None:
    samples = [float(n) for n in range(1, 21)]
    assert percentile(samples, 50) == 10
    assert percentile(samples, 95) == 19
    assert percentile(samples, 100) == 20
    assert percentile([7.0], 5) == 7


def test_no_samples_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_equal_shares_are_fair_and_one_that_has_all_is_not() -> None:
    assert jain([5, 5, 5, 5]) == 1
    assert jain([20, 0, 0, 0]) == 0.25
    assert jain([0, 0]) == 1


@given(shares, st.floats(0.1, 100))
def test_fairness_is_between_one_nth_and_one_whatever_the_unit(
    given_shares: list[float], unit: float
) -> None:
    fairness = jain(given_shares)
    assert 1 / len(given_shares) - 1e-9 <= fairness <= 1 + 1e-9
    assert jain([share * unit for share in given_shares]) == pytest.approx(fairness, abs=1e-6)


def test_the_rate_counts_from_the_first_piece_on() -> None:
    assert decode_rate([(1, 10.0), (2, 10.5), (5, 11.0)]) == 4
    assert decode_rate([(3, 1.0)]) == 0
    assert decode_rate([]) == 0


def test_what_was_read_for_the_first_token_is_known() -> None:
    engine = ScriptedEngine(["one two three four five six"])
    seconds, read = first_token(engine, Request(Prompt((), (Message("user", "How many?"),))))
    assert seconds > 0
    assert read == 2


def test_an_answer_without_words_ends_the_waiting() -> None:
    seconds, _ = first_token(ScriptedEngine([""]), Request(Prompt((), (Message("user", "?"),))))
    assert seconds > 0
