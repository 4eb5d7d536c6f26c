"""What every policy promises, whoever directs and whatever was said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mascot.conversation.events import Directive, Event, Opened, UserSaid, Utterance, Yielded
from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import Transcript, fold
from mascot.director.base import Decision, Policy
from mascot.director.rules import legal
from mascot.director.select import POLICIES, make_policy
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import SettingsError
from tests.unit.conversation.test_transcript import history

CAST = load_cast()


def by_length(_request: Request, options: Sequence[str]) -> list[float]:
    return [float(len(option)) for option in options]


def first_only(_request: Request, options: Sequence[str]) -> list[float]:
    return [1.0] + [0.0] * (len(options) - 1)


def last_only(_request: Request, options: Sequence[str]) -> list[float]:
    return [0.0] * (len(options) - 1) + [1.0]


def makers() -> list[tuple[str, ScriptedEngine]]:
    simple = [(name, ScriptedEngine()) for name in POLICIES if name != "model"]
    return simple + [("model", ScriptedEngine(weigh=weigh)) for weigh in (by_length, first_only, last_only)]


@pytest.fixture(params=makers(), ids=lambda made: made[0], scope="module")
def policy(request: pytest.FixtureRequest) -> Policy:
    return make_policy(*request.param)


def decide(policy: Policy, transcript: Transcript) -> Decision:
    return policy.decide(transcript, CAST, legal(transcript, CAST), "a talk")


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(0, 25))
def test_every_decision_is_legal(policy: Policy, seed: int, length: int) -> None:
    transcript = replace(fold(history(seed, length)), floor="group", speaking=None)
    moves = legal(transcript, CAST)
    decision = decide(policy, transcript)
    if decision.agent is None:
        assert moves.may_yield
        assert (decision.action, decision.tone) == ("", "")
    else:
        assert decision.agent in moves.agents
        assert decision.action in CAST[decision.agent].repertoire
        assert decision.tone in CAST[decision.agent].tones
    assert 0 <= decision.score <= 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(0, 25))
def test_what_was_weighed_are_the_legal_moves_and_adds_up_to_one(
    policy: Policy, seed: int, length: int
) -> None:
    transcript = replace(fold(history(seed, length)), floor="group", speaking=None)
    moves = legal(transcript, CAST)
    weighed = decide(policy, transcript).weighed
    if weighed:
        assert {move.agent for move in weighed} == {*moves.agents, *([None] if moves.may_yield else [])}
        assert sum(move.probability for move in weighed) == pytest.approx(1)
        assert all(0 <= move.probability <= 1 for move in weighed)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), length=st.integers(0, 25))
def test_the_same_transcript_is_decided_the_same(policy: Policy, seed: int, length: int) -> None:
    transcript = replace(fold(history(seed, length)), floor="group", speaking=None)
    assert decide(policy, transcript) == decide(policy, transcript)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_round_ends(policy: Policy, seed: int) -> None:
    transcript = fold(
        [Opened(cast=CAST.ids, policy=policy.name, seed=seed, max_turns=4), UserSaid(text="Hello")]
    )
    for turn in range(6):
        decision = decide(policy, transcript)
        event: list[Event] = [Yielded(reason="director")]
        if decision.agent is not None:
            said = Utterance(agent=decision.agent, text=f"Turn {turn}.")
            event = [Directive(agent=decision.agent, action="", tone="", score=1), said]
        for one in event:
            transcript = transcript.after(one)
        if transcript.floor == "user":
            break
    assert transcript.floor == "user"
    speakers = [turn.speaker for turn in transcript.turns]
    assert 1 <= len(speakers) - 1 <= 4
    assert all(a != b for a, b in pairwise(speakers))


def test_round_robin_lets_everyone_speak_once_in_order_of_seats() -> None:
    assert _round("round-robin") == list(CAST.ids)


def test_random_gives_everyone_an_even_chance() -> None:
    firsts = Counter(_round("random", seed)[0] for seed in range(200))
    assert set(firsts) == set(CAST.ids)
    assert min(firsts.values()) > 25


def test_by_mention_one_answers_and_the_floor_goes_back() -> None:
    assert len(_round("mention")) == 1


def test_the_seed_decides_what_chance_decides() -> None:
    assert _round("random", 5) == _round("random", 5)
    assert len({tuple(_round("random", seed)) for seed in range(20)}) > 5


def test_the_model_prefers_what_this_talk_makes_likelier_than_any_other() -> None:
    def taken_with_beacon(request: Request, options: Sequence[str]) -> list[float]:
        told = any("my exam" in message.content for message in request.prompt.messages)
        return [20.0 if told and "Beacon" in option else 1.0 for option in options]

    policy = make_policy("model", ScriptedEngine(weigh=taken_with_beacon))
    opened = Opened(cast=CAST.ids, policy="model", seed=1, max_turns=4)
    told = policy.decide(t := fold([opened, UserSaid(text="my exam")]), CAST, legal(t, CAST), "")
    plain = policy.decide(t := fold([opened, UserSaid(text="my cat")]), CAST, legal(t, CAST), "")
    chance = {move.agent: move.probability for move in told.weighed}
    assert chance["beacon"] == max(chance.values())
    assert {round(move.probability, 6) for move in plain.weighed} == {0.25}


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="unknown policy 'oracle': choose one of model, round-robin"):
        make_policy("oracle", ScriptedEngine())


def _round(name: str, seed: int = 0) -> list[str]:
    policy = make_policy(name, ScriptedEngine())
    opened = Opened(cast=CAST.ids, policy=name, seed=seed, max_turns=6)
    transcript = fold([opened, UserSaid(text="Hello")])
    while True:
        moves = legal(transcript, CAST)
        decision = decide(policy, transcript) if moves.agents else Decision(None)
        if decision.agent is None or len(transcript.turns) > 10:
            return [turn.speaker for turn in transcript.turns[1:]]
        for event in (
            Directive(agent=decision.agent, action="", tone="", score=1),
            Utterance(agent=decision.agent, text=f"Turn {len(transcript.turns)}."),
        ):
            transcript = transcript.after(event)
