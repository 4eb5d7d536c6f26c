"""Samples are laid out as the live loop lays out its prompts, and nobody learns from what measures him."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from mascot.alignment.samples import DIRECTOR, director_samples, round_samples
from mascot.conversation.events import Directive
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.corpora.dialogues import GroupDialogue, group_dialogues
from mascot.corpora.expert import expert_corpus, split_of
from mascot.director.model import ModelDirector
from mascot.director.rules import Legal
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.live.speaker import INSTRUCTED, Report, Speaker
from tests.unit.alignment.support import CAST, corpus

SITUATION = expert_corpus()[0]
DIALOGUE = group_dialogues()[0]


def test_nothing_of_a_theme_that_measures_is_learned() -> None:
    split = {item.id: item.split for item in (*expert_corpus(), *group_dialogues())}
    for part in ("train", "dev"):
        used = {sample.id.split("/")[0] for sample in corpus(part)}
        assert used == {id for id, own in split.items() if own == part}


def test_a_dialogue_is_in_the_part_of_the_situations_of_its_theme() -> None:
    assert all(item.split == split_of(item.theme) for item in (*expert_corpus(), *group_dialogues()))


def test_each_sample_has_a_name_of_its_own() -> None:
    names = Counter(sample.id for sample in corpus("train"))
    assert max(names.values()) == 1


def test_in_a_round_each_persona_speaks_once_and_hears_those_before_it() -> None:
    samples = round_samples(SITUATION, CAST, seed=3)
    assert sorted(sample.adapter for sample in samples) == sorted(CAST.ids)
    heard = [[m.content for m in sample.prompt.shared[2:]] for sample in samples]
    said = [f"{CAST[sample.adapter].name}: {sample.reply}" for sample in samples]
    assert heard == [said[:i] for i in range(len(samples))]


def test_every_persona_comes_first_and_last_in_some_round() -> None:
    rounds = [[s.adapter for s in round_samples(situation, CAST, 0)] for situation in expert_corpus()]
    for place in (0, -1):
        first = Counter(order[place] for order in rounds)
        assert min(first.values()) > len(rounds) / 8


def test_a_personas_sample_is_the_prompt_the_live_loop_would_send() -> None:
    sample = round_samples(SITUATION, CAST, seed=0)[0]
    engine = ScriptedEngine(["Yes, the card."])
    speaker = Speaker(engine, CAST, replace(INSTRUCTED, style="adapter"))
    reply = SITUATION.replies[sample.adapter]
    directive = Directive(agent=sample.adapter, action=reply.action, tone=reply.tone, score=1.0)
    transcript = Transcript(CAST.ids, turns=(Turn(PERSON, SITUATION.text),))
    list(speaker.speak(transcript, directive, Report()))
    assert engine.requests[0].prompt == sample.prompt


@pytest.mark.parametrize("dialogue", group_dialogues()[:4], ids=lambda d: d.id)
def test_the_director_learns_the_very_questions_it_is_asked(dialogue: GroupDialogue) -> None:
    samples = director_samples(dialogue, CAST)
    wanted = {sample.prompt: sample.reply for sample in samples}

    def expert(request: Request, options: Sequence[str]) -> list[float]:
        assert wanted[request.prompt] in options
        return [float(option == wanted[request.prompt]) for option in options]

    engine = ScriptedEngine(weigh=expert)
    engine.load_adapter(DIRECTOR, "anywhere")  # type: ignore[arg-type]
    director = ModelDirector(engine, DIRECTOR)
    turns: list[Turn] = []
    for turn in dialogue.turns:
        if turn.speaker != PERSON:
            transcript = Transcript(CAST.ids, turns=tuple(turns))
            decision = director.decide(transcript, CAST, Legal(CAST.ids, may_yield=True), "")
            assert (decision.agent or "yield") == turn.speaker
            assert (decision.action, decision.tone) == (turn.action, turn.tone)
        if turn.says:
            turns.append(Turn(turn.speaker, turn.says))
    assert {request.prompt for request in engine.requests} == set(wanted)


def test_a_smaller_share_is_part_of_a_larger_one() -> None:
    quarter, half, whole = ({s.id for s in corpus("train", share)} for share in (0.25, 0.5, 1.0))
    assert quarter < half < whole
    assert len(quarter) == pytest.approx(len(whole) / 4, rel=0.1)
