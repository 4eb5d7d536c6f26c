"""No part of a stop string is ever seen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.engines.base import Piece, collect
from mascot.engines.stops import until_stop


def cut(text: str, size: int) -> Iterator[Piece]:
    for i, at in enumerate(range(0, len(text), size)):
        yield Piece(text[at : at + size], i + 1)
    yield Piece("", len(text), "length")


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize(
    ("text", "stop", "seen", "finish"),
    [
        ("Ann: hi\nBob: ho", ("\nBob:",), "Ann: hi", "stop"),
        ("one two three", ("three", "two"), "one ", "stop"),
        ("one tw", ("two",), "one tw", "length"),
        ("aab", ("ab",), "a", "stop"),
        ("stop", ("stop",), "", "stop"),
        ("free", (), "free", "length"),
    ],
)
def test_text_ends_before_the_first_stop(
    text: str, stop: tuple[str, ...], seen: str, finish: str, size: int
) -> None:
    whole = collect(until_stop(cut(text, size), stop))
    assert (whole.text, whole.finish) == (seen, finish)


@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3))
def test_what_is_seen_is_the_text_up_to_the_stop_that_is_complete_first(text: str, stop: list[str]) -> None:
    found = [(text.find(s) + len(s), text.find(s)) for s in stop if s in text]
    pieces = list(until_stop(cut(text, 1), stop))
    assert "".join(p.text for p in pieces) == (text[: min(found)[1]] if found else text)
    assert collect(until_stop(cut(text, 50), stop)).text == "".join(p.text for p in pieces)
    assert [p.finish for p in pieces].count(None) == len(pieces) - 1


def test_the_source_is_closed_at_the_stop() -> None:
    closed: list[bool] = []

    def source() -> Iterator[Piece]:
        try:
            yield from cut("abcdef", 1)
        finally:
            closed.append(True)

    collect(until_stop(source(), ("c",)))
    assert closed == [True]
