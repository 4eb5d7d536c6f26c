"""Patterns find what they are named after, and say nothing of silence."""

from __future__ import annotations

import pytest

from mascot.evaluation import style


@pytest.mark.parametrize("text", ["What would he say?", 'He asked: "Why now?"', "No. And you? Good."])
def test_a_question_is_found(text: str) -> None:
    assert style.asks(text)


@pytest.mark.parametrize(
    "text",
    ["You could write to her.", "Text him tonight.", "I'd suggest a walk.", "How about calling him?"],
)
def test_advice_is_found(text: str) -> None:
    assert style.advises(text)


@pytest.mark.parametrize("text", ["You kept going for six years.", "The house is quiet.", "Who said that?"])
def test_what_is_no_advice_is_none(text: str) -> None:
    assert not style.advises(text)


@pytest.mark.parametrize(
    "text", ["You feel left out.", "No wonder.", "It sounds like a lot.", "You are so tired."]
)
def test_a_reflection_is_found(text: str) -> None:
    assert style.reflects(text)


@pytest.mark.parametrize(
    "text", ["Exactly, that is it.", "I agree with Anchor.", "Anchor is right.", "As Beacon said, wait."]
)
def test_agreement_is_found(text: str) -> None:
    assert style.agrees(text)


def test_whoever_speaks_first_agrees_with_nobody() -> None:
    assert style.agreement(["Exactly.", "Exactly.", "No."]) == 0.5
    assert style.agreement(["Exactly."]) is None


def test_entropy_is_one_where_all_speak_alike_and_nought_where_one_does() -> None:
    assert style.speaker_entropy(["a", "b", "c", "d"], 4) == pytest.approx(1)
    assert style.speaker_entropy(["a", "a"], 4) == 0
    assert style.speaker_entropy(["a", "b"], 4) == pytest.approx(0.5)
    assert style.speaker_entropy([], 4) is None


def test_nothing_said_has_no_share_and_no_length() -> None:
    assert style.share([]) is None
    assert style.mean_words([]) is None
    assert style.mean_words(["One two.", "Three four five six."]) == 3


@pytest.mark.parametrize(
    "text",
    [
        "I can’t help with that.",
        "As an AI, I have no feelings.",
        "I'm just a language model.",
        "I am unable to assist.",
    ],
)
def test_a_refusal_is_found(text: str) -> None:
    assert style.refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't help but smile.",
        "You can't help him now.",
        "I won't pretend it is easy.",
        "An answer may wait.",
    ],
)
def test_what_only_looks_like_a_refusal_is_none(text: str) -> None:
    assert not style.refuses(text)
