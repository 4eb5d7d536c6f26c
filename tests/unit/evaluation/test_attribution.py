"""The classifier that guesses who spoke, on the real expert corpus."""

from __future__ import annotations

import numpy as np

from mascot.evaluation.attribution import WhoSpoke, confusion, drift
from mascot.evaluation.dialogue import Dialogue, Said
from mascot.evaluation.starts import expert_dialogues, training_replies


def test_held_out_experts_are_told_apart(who: WhoSpoke) -> None:
    right = [each for dialogue in expert_dialogues() for each in who.right(dialogue)]
    assert len(right) >= 100
    assert np.mean(right) >= 0.9


def test_experts_whose_names_are_shuffled_are_at_chance(who: WhoSpoke) -> None:
    rng = np.random.default_rng(0)
    right = []
    for dialogue in expert_dialogues():
        names = rng.permutation([said.agent for said in dialogue.said])
        said = [s.model_copy(update={"agent": str(n)}) for s, n in zip(dialogue.said, names, strict=True)]
        right += who.right(dialogue.model_copy(update={"said": tuple(said)}))
    assert 0.15 < np.mean(right) < 0.35


def test_no_training_reply_is_measured() -> None:
    measured = {text for dialogue in expert_dialogues() for text in dialogue.texts}
    assert not measured & set(training_replies()[0])


def test_nobody_is_guessed_where_nobody_spoke(who: WhoSpoke) -> None:
    assert who.right(Dialogue(id="x", source="test", said=())) == ()


def test_confusion_has_a_row_for_whoever_spoke() -> None:
    table = confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    assert table.tolist() == [[1, 1], [0, 1]]


def test_voices_fade_where_only_the_first_half_is_guessed() -> None:
    assert drift([True, True, False, False]) == 1
    assert drift([False, True, True]) == -1
    assert drift([True]) is None


def test_a_guess_is_one_of_the_speakers(who: WhoSpoke) -> None:
    said = Said(agent="anchor", text="You could text her tonight.")
    dialogue = Dialogue(id="x", source="test", said=(said,))
    assert set(who.guess(dialogue.texts)) <= set(who.speakers)
    assert set(who.speakers) == {"anchor", "catalyst", "beacon", "action-guide"}
