"""What the patterns must and must not do; needs no model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mascot.safety.recogniser import CrisisRecogniser
from tests.unit.safety.conftest import CountingEmbedder

PATTERNS = CrisisRecogniser(None)
CRISES = [
    ("I want to kill myself", "suicide"),
    ("i dont want to be alive anymore", "suicide"),
    ("I'm cutting myself again", "self_harm"),
    ("my husband hits me", "abuse"),
    ("I'm going to stab him, I have the knife", "violence"),
    ("I took too many pills", "medical"),
    ("my friend says she wants to die tonight", "suicide"),
]
HARMLESS = [
    "this queue is killing me",
    "I could murder a curry",
    "how do I kill the process on port 8080",
    "In the film the hero kills himself",
    "Ten years ago I tried to end my life; today I am fine",
    "I'm a nurse and three patients had overdosed",
    "we lost our dog last week",
    "I'm not suicidal, only tired",
]
CALM_SENTENCES = ["The sun is out.", "I had soup for lunch.", "Hello everyone.", "We talked about plants."]


@pytest.mark.parametrize(("text", "kind"), CRISES)
def test_a_plain_crisis_fires_with_its_kind(text: str, kind: str) -> None:
    verdict = PATTERNS.check(text)
    assert (verdict.crisis, verdict.kind) == (True, kind)
    assert 0.5 <= verdict.score <= 1


@pytest.mark.parametrize("text", HARMLESS)
def test_idioms_films_the_settled_past_and_work_do_not_fire(text: str) -> None:
    verdict = PATTERNS.check(text)
    assert (verdict.crisis, verdict.kind) == (False, None)


def test_a_figure_of_speech_does_not_hide_what_else_is_said() -> None:
    assert PATTERNS.check("this queue is killing me and I want to die").crisis


def test_a_past_told_as_returning_fires() -> None:
    assert PATTERNS.check("I tried to kill myself two years ago and I want to kill myself again").crisis


@pytest.mark.parametrize(
    "text",
    [
        "I want to k1ll mys3lf",
        "i want to k i l l  m y s e l f",
        "i want to kill mysefl",
        "I want to k\u200bill my\u200dself",
        "I wаnt to kіll mysеlf",
        "I WANT TO KILL MYSELLLLLF",
        "ｉ ｗａｎｔ ｔｏ ｋｉｌｌ ｍｙｓｅｌｆ",
    ],
)
def test_disguises_and_slips_are_seen_through(text: str) -> None:
    assert PATTERNS.check(text).crisis


@pytest.mark.parametrize("text", ["quiero morir", "je veux mourir", "ich will nicht mehr leben"])
def test_the_plainest_phrases_of_three_other_languages_fire(text: str) -> None:
    assert PATTERNS.check(text).kind == "suicide"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00\x07", "\u200b", "😀", "\ud800"])
def test_nothing_to_read_is_calm(text: str) -> None:
    assert not PATTERNS.check(text).crisis


@given(st.text(alphabet=st.characters(), max_size=400))
def test_no_text_makes_it_raise(text: str) -> None:
    assert 0 <= PATTERNS.check(text).score <= 1


@given(
    st.sampled_from([text for text, _ in CRISES]),
    st.lists(st.sampled_from(CALM_SENTENCES), max_size=30),
    st.lists(st.sampled_from(CALM_SENTENCES), max_size=30),
)
def test_harmless_sentences_around_a_crisis_do_not_hide_it(
    crisis: str, before: list[str], after: list[str]
) -> None:
    assert PATTERNS.check(" ".join([*before, f"{crisis}.", *after])).crisis


@given(st.sampled_from([text for text, _ in CRISES]), st.data())
def test_case_and_hidden_characters_change_nothing(crisis: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(crisis)))
    hidden = data.draw(st.sampled_from(["\u200b", "\u200d", "\ufeff", "\u00ad"]))
    assert PATTERNS.check(crisis.upper()[:at] + hidden + crisis[at:]) == PATTERNS.check(crisis)


def test_one_crisis_sentence_in_a_long_message_is_found() -> None:
    filler = "I went to the shop and bought some bread. " * 600
    assert PATTERNS.check(f"{filler}I want to kill myself. {filler}").crisis


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 60))
def test_the_embedder_is_asked_once_and_for_a_bounded_part(thousands: int) -> None:
    counting = CountingEmbedder()
    text = " ".join(f"Sentence number {number} is about lamps." for number in range(thousands * 25))
    CrisisRecogniser(counting).check(text)
    assert len(counting.batches) == 1
    assert sum(map(len, counting.batches[0])) <= 6_000


def test_worrying_sentences_of_a_very_long_message_reach_the_embedder(counting: CountingEmbedder) -> None:
    filler = " ".join(f"Lamp number {number} is on the shelf." for number in range(1500))
    CrisisRecogniser(counting).check(f"{filler} I feel so much pain. {filler}")
    assert "i feel so much pain." in counting.batches[0]


def test_several_messages_take_one_call_and_keep_their_order(counting: CountingEmbedder) -> None:
    verdicts = CrisisRecogniser(counting).check_all(
        ["hello there", "I want to kill myself", "", "a nice lamp"]
    )
    assert [verdict.crisis for verdict in verdicts] == [False, True, False, False]
    assert len(counting.batches) == 1


def test_without_an_embedder_it_says_that_it_is_degraded(counting: CountingEmbedder) -> None:
    assert CrisisRecogniser(None).degraded
    assert not CrisisRecogniser(counting).degraded
