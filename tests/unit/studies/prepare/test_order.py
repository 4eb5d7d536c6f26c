"""Dialogues are shown in the order in which they were spoken."""

from __future__ import annotations

import pytest

from mascot.conversation.transcript import PERSON, fold
from mascot.evaluation.dialogue import Dialogue, Said, Start
from studies.prepare.dialogues import events_of

START = Start(id="s1", source="study", domain="", emotion="", text="I quarrelled with my brother.")


@pytest.mark.parametrize("action", ["", "ask what happened"])
def test_turns_stand_in_the_order_in_which_they_were_said_with_directives_and_without(action: str) -> None:
    agents = ("anchor", "catalyst", "anchor", "beacon")
    said = tuple(Said(agent=agent, text=f"turn {i}", action=action) for i, agent in enumerate(agents))
    events = events_of(Dialogue(id="s1", source="study", said=said), START, agents)
    turns = fold(events).turns
    assert [turn.speaker for turn in turns] == [PERSON, *agents]
    assert [turn.text for turn in turns[1:]] == [f"turn {i}" for i in range(4)]
