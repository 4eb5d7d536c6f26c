"""No thought is ever seen, however the stream is cut into pieces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.engines.base import Piece, collect
from mascot.engines.thinking import strip_thinking, without_thinking


def cut(text: str, size: int) -> Iterator[Piece]:
    starts = range(0, len(text), size)
    for i, at in enumerate(starts):
        yield Piece(text[at : at + size], i + 1)
    yield Piece("", len(starts), "stop", 7)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("Hello.", "Hello."),
        ("<think>hm</think>\n\nHello.", "Hello."),
        ("Well <think>hm</think> then <think>ah</think>!", "Well then !"),
        ("Hello. <think>hm", "Hello. "),
        ("a <thin b < c", "a <thin b < c"),
        ("a <thi", "a <thi"),
        ("no </think> block", "no </think> block"),
        ("<think>a <think> b</think>c", "c"),
        ("<think></think>", ""),
    ],
)
def test_thoughts_are_taken_out_wherever_pieces_end(written: str, seen: str, size: int) -> None:
    whole = collect(strip_thinking(cut(written, size)))
    assert whole.text == seen
    assert (whole.finish, whole.prompt_tokens) == ("stop", 7)


@given(st.text("a<think>/ \n", max_size=40), st.integers(1, 9))
def test_where_pieces_end_makes_no_difference(text: str, size: int) -> None:
    assert collect(strip_thinking(cut(text, size))).text == collect(strip_thinking(cut(text, 1000))).text


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", " ", "<"]), max_size=12).map("".join))
def test_history_and_stream_agree(text: str) -> None:
    assert collect(strip_thinking(cut(text, 3))).text == without_thinking(text)


def test_closing_the_stream_closes_its_source() -> None:
    closed: list[bool] = []

    def source() -> Iterator[Piece]:
        try:
            yield from cut("abcdef", 1)
        finally:
            closed.append(True)

    stream = strip_thinking(source())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert closed == [True]
