"""What a directive is worth: what it is learned from, and that it is found again where it is known."""

from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.alignment.preferences import BlockPreference
from mascot.alignment.preferences_expert import expert_blocks
from mascot.alignment.rewards.directives import (
    QUESTIONS,
    Choice,
    Chosen,
    DirectiveReward,
    chosen_in,
    fit_directives,
    movers,
    told_right,
)
from mascot.conversation.personas import load_cast
from mascot.corpora.dialogues import YIELD, DialogueTurn
from mascot.errors import ModelError

CAST = load_cast()
ROWS = expert_blocks()
ASKED = DialogueTurn(speaker="user", says="My sister forgot my birthday.")
ANCHOR = DialogueTurn(speaker="anchor", says="That hurts.", action=CAST["anchor"].repertoire[0], tone="calm")


def of(part: str) -> list[Chosen]:
    return [one for row in ROWS if row.split == part for one in chosen_in(row, CAST)]


def test_who_may_be_next_is_what_the_rules_of_the_table_say() -> None:
    assert set(movers((ASKED,), CAST)) == set(CAST.ids)
    assert set(movers((ASKED, ANCHOR), CAST)) == {*CAST.ids, YIELD} - {"anchor"}
    hailed = DialogueTurn(speaker="user", says="What do you think, Beacon?")
    assert movers((hailed,), CAST) == ("beacon",)
    answered = DialogueTurn(speaker="beacon", says="You went on.")
    assert set(movers((hailed, answered), CAST)) == {*CAST.ids, YIELD} - {"beacon"}


def test_every_choice_of_an_expert_stands_among_its_legal_options() -> None:
    found = [one for row in ROWS for one in chosen_in(row, CAST)]
    assert {one.choice.question for one in found} == set(QUESTIONS)
    for one in found:
        assert one.option in one.choice.options
        assert len(one.choice.options) > 1
        if one.choice.question != "who":
            card = CAST[one.choice.persona]
            assert one.choice.options == (card.repertoire if one.choice.question == "task" else card.tones)
    spoken = sum(turn.speaker in CAST for row in ROWS for turn in row.blocks[0])
    assert sum(one.choice.question == "task" for one in found) == spoken


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=5))
def test_probabilities_are_a_distribution_and_who_follows_it_is_not_ahead_in_the_mean(
    weights: list[float],
) -> None:
    phrases = CAST["anchor"].repertoire
    named = {f"anchor: {phrase}": weight for phrase, weight in zip(phrases, weights, strict=True)}
    model, choice = DirectiveReward(named), Choice("task", (ASKED,), phrases, "anchor")
    shares = [exp(likely) for likely in model.likelihoods(choice)]
    assert sum(shares) == pytest.approx(1)
    ahead = [model.ahead(choice, phrase) for phrase in phrases]
    assert sum(p * a for p, a in zip(shares, ahead, strict=True)) == pytest.approx(0, abs=1e-9)
    assert ahead[weights.index(max(weights))] == max(ahead)


def test_a_habit_is_found_again_and_what_was_never_seen_weighs_nothing() -> None:
    lot = random.Random(0)
    first, second = CAST["anchor"].repertoire[:2]

    def row(i: int) -> Chosen:
        again = lot.random() < 0.5
        context = (ASKED, ANCHOR, DialogueTurn(speaker=YIELD), ASKED) if again else (ASKED,)
        choice = Choice("task", context, CAST["anchor"].repertoire, "anchor")
        return Chosen(choice, second if again else first, f"theme {i}", 1.0)

    model = fit_directives([row(i) for i in range(200)], 1e-3)
    told = told_right(model, [row(i) for i in range(50)], "task")
    assert len(told) == 50
    assert set(told.values()) == {1.0}
    strangers = Choice("task", (ASKED,), ("sing", "dance"), "singer")
    assert model.likelihoods(strangers) == pytest.approx([-0.693, -0.693], abs=1e-3)


def test_a_coin_counts_nothing() -> None:
    choice = Choice("who", (ASKED,), CAST.ids)
    sure = [Chosen(choice, "anchor", "a", 1.0)] * 5
    thrown = [Chosen(choice, "beacon", "b", 0.0)] * 50
    assert fit_directives([*sure, *thrown], 0.1).weights == pytest.approx(
        fit_directives(sure, 0.1).weights, abs=1e-4
    )


def test_it_tells_what_experts_choose_in_talks_it_has_not_seen() -> None:
    model = fit_directives(of("train"), 1e-3)
    unseen = [*of("dev"), *of("test")]
    by_chance = {"who": 1 / 4, "task": 1 / 5, "tone": 1 / 3}
    for question in QUESTIONS:
        right = list(told_right(model, unseen, question).values())
        assert sum(right) / len(right) > by_chance[question] + 0.08


def test_talks_without_directives_teach_nothing_and_such_a_reward_is_refused() -> None:
    plain = tuple(DialogueTurn(speaker=s, says="Hm.") for s in ("user", "somebody", "else"))
    row = BlockPreference(
        id="1", source="human", theme="t", context=plain[:1], chosen=plain[1:], rejected=plain[2:]
    )
    assert chosen_in(row, CAST) == []
    assert fit_directives([], 1e-3).weights == {}
    with pytest.raises(ModelError, match="knows nothing of directives"):
        DirectiveReward.load({})
