"""Licensed words do not get into a report, whoever says them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mascot.evaluation.dialogue import Start
from mascot.evaluation.printable import LEFT_OUT, printable

MESSAGE = "I went to the market with my sister on Sunday, and she lost her purse there."


def start(text: str = MESSAGE, published: bool = False) -> Start:
    return Start(id="a", source="ed", domain="everyday", emotion="sad", text=text, published=published)


def test_what_somebody_repeats_of_a_licensed_message_is_left_out() -> None:
    said = 'You wrote: "I WENT to the market, with my sister, on Sunday" — that hurts.'
    assert printable(said, start()) == f'You wrote: "{LEFT_OUT}" — that hurts.'
    assert printable(f"{MESSAGE} {MESSAGE}", start()) == f"{LEFT_OUT}."


def test_a_message_of_ours_may_be_repeated() -> None:
    assert printable(MESSAGE, start(published=True)) == MESSAGE


def test_fewer_words_in_a_row_are_language() -> None:
    said = "Your sister lost her purse there, on Sunday, with you."
    assert printable(said, start()) == said


WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), max_size=30).map(" ".join)


@given(WORDS, WORDS)
def test_no_eight_words_in_a_row_are_left(said: str, message: str) -> None:
    left = [part.split() for part in printable(said, start(message)).split(LEFT_OUT)]
    theirs = message.split()
    runs = [theirs[i : i + 8] for i in range(len(theirs) - 7)]
    assert not any(part[i : i + 8] in runs for part in left for i in range(len(part) - 7))
