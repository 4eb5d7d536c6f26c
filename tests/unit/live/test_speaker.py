"""A persona speaks with its adapter where there is one, and otherwise as its model needs it."""

from __future__ import annotations

from pathlib import Path

from mascot.conversation.events import Directive, Interrupted, Opened, UserSaid
from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import Transcript, fold
from mascot.engines.base import Sampling
from mascot.engines.scripted import ScriptedEngine
from mascot.live.speaker import TINY, TRAINED, Report, Speaker

CAST = load_cast()
TALK = fold(
    [Opened(cast=CAST.ids, policy="round-robin", seed=1, max_turns=4), UserSaid(text="I lost my job.")]
)


def directive(agent: str) -> Directive:
    persona = CAST[agent]
    return Directive(agent=agent, action=persona.repertoire[0], tone=persona.tones[0], score=1.0)


def spoken_by(engine: ScriptedEngine, agent: str) -> None:
    list(Speaker(engine, CAST, TINY).speak(TALK, directive(agent), Report(), "talk"))


def test_a_persona_with_an_adapter_is_cued_by_its_directive_alone_and_shares_the_talk() -> None:
    engine = ScriptedEngine(["You carried that alone for weeks."])
    engine.load_adapter("anchor", Path("anchor"))
    spoken_by(engine, "anchor")
    [request] = engine.requests
    assert request.adapter == "anchor"
    assert request.session == "talk"
    assert request.sampling.temperature == TRAINED.sampling.temperature
    [cue] = request.prompt.cue
    assert directive("anchor").action in cue.content
    assert CAST["anchor"].voice not in cue.content


def test_a_persona_without_one_speaks_beside_it_as_its_model_needs() -> None:
    engine = ScriptedEngine(["What would you tell a friend?"])
    engine.load_adapter("anchor", Path("anchor"))
    spoken_by(engine, "catalyst")
    assert len(engine.requests) == TINY.candidates
    assert {request.adapter for request in engine.requests} == {None}
    assert {request.session for request in engine.requests} == {"persona/catalyst"}


def drawn(engine: ScriptedEngine, transcript: Transcript) -> list[Sampling]:
    """How the turn was drawn, and drawn anew."""
    before = len(engine.requests)
    list(Speaker(engine, CAST, TINY).speak(transcript, directive("anchor"), Report(), "talk"))
    return [request.sampling for request in engine.requests[before:]]


def test_what_says_the_same_again_and_again_is_drawn_warmer_each_time_and_by_another_throw_later() -> None:
    engine = ScriptedEngine(lambda request: "I lost my job.")
    engine.load_adapter("anchor", Path("anchor"))
    first, second, third = drawn(engine, TALK)
    usual = TRAINED.sampling.temperature
    assert usual == first.temperature < second.temperature < third.temperature <= 2 * usual
    failed = TALK.after(directive("anchor")).after(Interrupted(agent="anchor", text="", reason="failure"))
    again = drawn(engine, failed)
    assert not {s.seed for s in again} & {first.seed, second.seed, third.seed}
    assert again[0].temperature > usual
