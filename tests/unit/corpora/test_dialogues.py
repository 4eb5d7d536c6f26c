"""The group dialogues are talks that the director and the rules of the table could have led."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest

from mascot.conversation.personas import load_cast
from mascot.conversation.text import jaccard, words
from mascot.corpora.dialogues import DialogueTurn, GroupDialogue, group_dialogues
from mascot.corpora.expert import expert_corpus

CAST = load_cast()


@pytest.fixture(scope="module")
def dialogues() -> tuple[GroupDialogue, ...]:
    return group_dialogues()


def spoken(turns: Sequence[DialogueTurn]) -> list[DialogueTurn]:
    return [turn for turn in turns if turn.speaker in CAST]


def test_there_are_enough_and_half_of_them_have_a_flawed_twin(dialogues) -> None:
    assert len(dialogues) >= 120
    taken = {situation.id for situation in expert_corpus()}
    assert len({dialogue.id for dialogue in dialogues} - taken) == len(dialogues)
    kinds = Counter(dialogue.flawed.kind for dialogue in dialogues if dialogue.flawed)
    assert sum(kinds.values()) >= 0.45 * len(dialogues)
    assert len(kinds) == 4


def test_every_turn_is_a_directive_a_message_or_a_yield(dialogues) -> None:
    for dialogue in dialogues:
        blocks = [dialogue.turns, dialogue.flawed.turns if dialogue.flawed else ()]
        for turn in (turn for turns in blocks for turn in turns):
            if turn.speaker in CAST:
                persona = CAST[turn.speaker]
                assert turn.action in persona.repertoire, (dialogue.id, turn)
                assert turn.tone in persona.tones, (dialogue.id, turn)
            else:
                assert turn.speaker in ("user", "yield"), (dialogue.id, turn)
            assert bool(turn.says) == (turn.speaker != "yield"), (dialogue.id, turn)


def test_the_rules_of_the_table_hold(dialogues) -> None:
    for dialogue in dialogues:
        speakers = [turn.speaker for turn in dialogue.turns]
        assert speakers[0] == "user", dialogue.id
        assert speakers[-1] == "yield", dialogue.id
        assert 5 <= sum(speaker != "yield" for speaker in speakers) <= 12, dialogue.id
        for before, after in pairwise(speakers):
            assert before != after, dialogue.id
            assert (after == "user") == (before == "yield"), dialogue.id


def test_nobody_repeats_another(dialogues) -> None:
    for dialogue in dialogues:
        said = [turn.says for turn in spoken(dialogue.turns)]
        assert all(jaccard(a, b) < 0.5 for a, b in pairwise(said)), dialogue.id


def test_openings_are_not_worn_out(dialogues) -> None:
    said = [turn.says for dialogue in dialogues for turn in spoken(dialogue.turns)]
    openings = Counter(" ".join(words(text)[:3]) for text in said)
    assert max(openings.values()) <= max(5, 0.01 * len(said))
