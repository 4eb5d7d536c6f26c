"""Policies beside expert dialogues: whoever decides as the experts did is right everywhere."""

from __future__ import annotations

import pytest

from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.transcript import Transcript
from mascot.corpora.dialogues import DialogueTurn, GroupDialogue, group_dialogues
from mascot.director.base import Decision, Policy
from mascot.director.model import ModelDirector
from mascot.director.rules import Legal
from mascot.director.simple import ByMention, RandomOrder, RoundRobin
from mascot.engines.scripted import ScriptedEngine
from mascot.evaluation.directing import Answer, accuracy, ask, points, scores, yields
from mascot.evaluation.director_run import beside
from mascot.evaluation.remembering import Remembering

CAST = load_cast()
HELD_OUT = [dialogue for dialogue in group_dialogues() if dialogue.split == "test"]


class Expert(Policy):
    """Knows the dialogue."""

    name = "expert"

    def __init__(self, dialogue: GroupDialogue) -> None:
        self._moves = {point.transcript.turns: point for point in points(dialogue, CAST)}

    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:
        point = self._moves[transcript.turns]
        if point.agent is None and not legal.may_yield:
            return Decision(legal.agents[0], cast[legal.agents[0]].repertoire[0])
        return Decision(point.agent, point.action, point.tone)


def answers(policy: Policy, dialogues=HELD_OUT, draws: int = 16) -> list[Answer]:
    return [a for d in dialogues for point in points(d, CAST) for a in ask(policy, point, CAST, draws)]


def test_every_turn_of_the_group_and_every_yield_is_a_decision() -> None:
    dialogue = HELD_OUT[0]
    moves = [turn.speaker for turn in dialogue.turns if turn.speaker != "user"]
    assert [point.agent or "yield" for point in points(dialogue, CAST)] == moves
    said = [turn.says for turn in dialogue.turns if turn.says]
    last = points(dialogue, CAST)[-1].transcript
    assert [turn.text for turn in last.turns] == said


def test_the_expert_is_right_everywhere() -> None:
    found = [a for dialogue in HELD_OUT for a in answers(Expert(dialogue), [dialogue])]
    assert all(answer.top and answer.likely == 1 for answer in found)
    assert {answer.question for answer in found} == {"agent", "yield", "action", "tone"}
    assert all(estimate is not None and estimate.value == 1 for estimate in scores(found).values())


def test_the_random_one_is_at_chance() -> None:
    found = scores(answers(RandomOrder(), draws=64))
    assert found["agent expected"] is not None
    assert 0.2 < found["agent expected"].value < 0.4
    assert found["action expected"] is not None
    assert 0.15 < found["action expected"].value < 0.25
    assert found["yield precision"] is None
    assert found["yield recall"] is not None
    assert found["yield recall"].value == 0


def test_who_always_yields_recalls_every_yield_and_is_not_precise() -> None:
    found = yields(answers(ByMention()))
    assert found["recall"] is not None
    assert found["recall"].value == 1
    assert found["precision"] is not None
    assert 0.2 < found["precision"].value < 0.7


def test_precision_and_recall_by_hand() -> None:
    found = yields(
        [
            Answer("a", "yield", 1, top=True, expert_yields=True),
            Answer("a", "yield", 0, top=False, expert_yields=True),
            Answer("a", "yield", 0, top=False, expert_yields=False),
            Answer("a", "yield", 1, top=True, expert_yields=False),
            Answer("b", "yield", 1, top=True, expert_yields=True),
        ]
    )
    assert {kind: e.value if e else None for kind, e in found.items()} == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3}
    )


def test_models_are_put_beside_the_first_one_dialogue_by_dialogue() -> None:
    def right(share: float) -> list[Answer]:
        return [Answer(f"d{i}", "agent", share + i / 100, top=share > 0.5) for i in range(8)]

    found = beside({"random": right(0.1), "model: base": right(0.2), "model: trained": right(0.6)})
    assert list(found) == ["model: trained"]
    assert found["model: trained"]["agent expected"].value == pytest.approx(0.4)
    assert found["model: trained"]["agent"].low == found["model: trained"]["agent"].high == 1.0
    assert "action" not in found["model: trained"]
    assert beside({"random": right(0.1)}) == beside({"model: base": right(0.2)}) == {}


def test_a_round_robin_has_its_own_order() -> None:
    turns = [DialogueTurn(speaker="user", says="Hello there.")]
    turns += [
        DialogueTurn(speaker=p.id, says=f"{p.name[0]}.", action=p.repertoire[0], tone=p.tones[0])
        for p in CAST
    ]
    turns.append(DialogueTurn(speaker="yield"))
    fields = {"id": "x", "domain": "everyday", "emotion": "joyful", "valence": "positive", "theme": "t"}
    dialogue = GroupDialogue.model_validate({**fields, "turns": turns})
    found = answers(RoundRobin(), [dialogue])
    assert accuracy(found, "agent") == {"x": 1.0}
    assert all(answer.top for answer in found if answer.question == "yield")


def test_a_model_is_asked_each_question_once_however_often_it_draws() -> None:
    engine = ScriptedEngine(weigh=lambda _, options: [len(options) - i for i in range(len(options))])
    director = ModelDirector(Remembering(engine), adapter=None)
    point = points(HELD_OUT[0], CAST)[0]
    ask(director, point, CAST, draws=2)
    few = len(engine.requests)
    again = ModelDirector(Remembering(engine := ScriptedEngine()), adapter=None)
    ask(again, point, CAST, draws=64)
    assert len(engine.requests) <= few + 4
