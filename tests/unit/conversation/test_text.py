"""Small facts about written English."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.text import clean, first_sentence_end, jaccard, sentences, words

TALK = st.text(st.sampled_from("abz .!?…\"”')’,;:-–é7漢\n"), max_size=60)


@given(TALK | st.text(max_size=60))
def test_the_sentences_of_a_text_joined_cover_it(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_hundred_thousand_dots_are_read_at_once() -> None:
    dots = "." * 100_000
    assert sentences(f"{dots}x") == [f"{dots}x"]


@given(TALK)
def test_no_sentence_is_empty_or_padded(text: str) -> None:
    assert all(sentence and sentence == sentence.strip() for sentence in sentences(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I saw Dr. Smith. He was kind.", ["I saw Dr. Smith.", "He was kind."]),
        ("Bring food, e.g. soup. Then rest!", ["Bring food, e.g. soup.", "Then rest!"]),
        ('"Really?" she said.', ['"Really?"', "she said."]),
        ("It cost 3.50 in all. Fine", ["It cost 3.50 in all.", "Fine"]),
        ("Well… yes.", ["Well…", "yes."]),
        ("no end mark", ["no end mark"]),
        ("  ", []),
    ],
)
def test_sentences_end_where_a_reader_would_say(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("text", ["I saw Dr.", "I saw Dr. ", "It cost 3.", "Wait", ""])
def test_a_sentence_that_may_go_on_has_not_ended(text: str) -> None:
    assert first_sentence_end(text) is None


@given(TALK, TALK)
def test_growing_text_never_moves_the_end_of_its_first_sentence(text: str, more: str) -> None:
    end = first_sentence_end(text)
    if end is not None:
        assert first_sentence_end(text + more) == end


@given(TALK, TALK)
def test_likeness_is_symmetric_and_between_0_and_1(a: str, b: str) -> None:
    assert jaccard(a, b) == jaccard(b, a)
    assert 0 <= jaccard(a, b) <= 1
    assert jaccard(a, a) == 1


def test_likeness_counts_words_not_marks_or_capitals() -> None:
    assert jaccard("Don't worry!", "don’t, WORRY") == 1
    assert jaccard("one two three", "four five") == 0
    assert jaccard("one two", "two three") == pytest.approx(1 / 3)
    assert words("It's 2 o'clock_now") == ["it's", "2", "o'clock", "now"]


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_cleaned_text_has_no_control_or_direction_characters(text: str) -> None:
    assert all(
        c in "\n\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in clean(text)
    )


def test_cleaning_keeps_what_a_person_meant() -> None:
    assert clean("  a\r\nb\rc\n\n\n\nd\te\x00\x1b[31m\u202e  ") == "a\nb\nc\n\nd e[31m"
    assert clean("👩\u200d👧 ok") == "👩\u200d👧 ok"
    assert clean("\x00\u200b \n") == ""
