"""Several voices in one text, and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import Turn
from mascot.interop.speech import heard, written

CAST = load_cast()
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).map(
    str.strip
)
SAID = st.lists(st.tuples(st.sampled_from(CAST.ids), TEXTS.filter(lambda text: text and "**" not in text)))


@given(SAID)
def test_what_was_written_is_heard_again(said: list[tuple[str, str]]) -> None:
    assert heard(CAST, written(CAST, said)) == ([Turn(*one) for one in said], "")


@pytest.mark.parametrize(
    "text",
    [
        "**Anchor:** Stay.",
        "**anchor**: Stay.",
        "  ** Anchor :** Stay.".replace(" :", ":"),
        "\n\n**Anchor:**\nStay.",
    ],
)
def test_a_client_may_reformat_the_names_a_little(text: str) -> None:
    assert heard(CAST, text) == ([Turn("anchor", "Stay.")], "")


def test_a_name_with_a_turkish_i_is_a_name() -> None:
    assert heard(CAST, "**ACTİON GUIDE:** Walk.") == ([Turn("action-guide", "Walk.")], "")


def test_words_before_the_first_name_are_nobodys() -> None:
    assert heard(CAST, "Welcome!\n\n**Beacon:** Look.") == ([Turn("beacon", "Look.")], "Welcome!")


def test_a_bold_word_or_a_strangers_name_is_no_speaker() -> None:
    turns, rest = heard(CAST, "**Note:** this\n\n**Anchor:** I say **Anchor:** and go on.")
    assert [turn.speaker for turn in turns] == ["anchor"]
    assert rest == "**Note:** this"
    assert re.search("go on", turns[0].text)
