"""What the benchmark asks."""

from __future__ import annotations

import pytest

from mascot.bench.material import SELECTOR, card_first, history, ours, selector, short_talks
from mascot.conversation.personas import load_cast
from mascot.conversation.prompt import Prompt
from mascot.engines.prefix import common_prefix
from mascot.engines.scripted import ScriptedEngine

CAST = load_cast()
count = ScriptedEngine().count


def text(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)


@pytest.mark.parametrize("size", [128, 512, 2048])
def test_a_history_is_as_long_as_asked_and_at_most_a_turn_longer(size: int) -> None:
    talk = history(size, CAST, count)
    assert size <= talk.tokens < size + 80


def test_a_longer_history_begins_like_a_shorter_one() -> None:
    short, long = (history(size, CAST, count).transcript.turns for size in (128, 1024))
    assert long[: len(short)] == short


def test_rounds_differ_in_their_last_turn_only() -> None:
    talk = history(512, CAST, count)
    first, second = talk.after(0).turns, talk.after(1).turns
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_ours_shares_the_talk_between_speakers_and_a_card_in_front_does_not() -> None:
    talk = history(1024, CAST, count).after(0)
    one, other = (text(ours(talk, CAST, number, "adapter")) for number in (0, 1))
    assert common_prefix(one, other) > 0.95 * len(one)
    one, other = (text(card_first(talk, CAST, number)) for number in (0, 1))
    assert common_prefix(one, other) < 0.01 * len(one)


def test_both_prompts_carry_every_word_that_was_said() -> None:
    talk = history(256, CAST, count).after(0)
    for prompt in (ours(talk, CAST, 2, "card"), card_first(talk, CAST, 2), selector(talk, CAST)):
        assert all(turn.text in text(prompt) for turn in talk.turns)


def test_the_selector_is_asked_in_autogens_words() -> None:
    asked = text(selector(history(128, CAST, count).transcript, CAST))
    assert asked.startswith(SELECTOR.splitlines()[0])
    assert "Then select the next role from ['Anchor', 'Catalyst', 'Beacon', 'Action Guide'] to play." in asked


def test_conversations_at_once_are_about_different_things() -> None:
    talks = short_talks(16, CAST)
    assert len({talk.turns[0].text for talk in talks}) == 16
    assert {turn.speaker for talk in talks for turn in talk.turns} <= {*CAST.ids, "user"}


def test_there_are_only_so_many_dialogues() -> None:
    with pytest.raises(ValueError, match="there are 128 dialogues"):
        short_talks(129, CAST)
