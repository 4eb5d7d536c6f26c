"""How a conversation is put before a model: what everyone shares first, one speaker's cue last.

Three ways to cue a speaker, chosen by what the model can do (measured in `docs/log.md`):

    card       the whole talk, then the persona's card and the directive as an instruction: for models
               that follow one
    examples   answers of this persona to other people, then its own talk with the person: for models
               too small to follow an instruction or a group, but able to continue a pattern. The
               examples come first and stay in the cache, one slot per persona
    adapter    the whole talk, then only who speaks, to do what, in which tone: the persona itself is in
               the weights of its adapter

A conversation that has outgrown the model's context loses its oldest turns, never its opening.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from mascot.conversation.events import Directive
from mascot.conversation.personas import Cast, Persona
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn

Style = Literal["card", "examples", "adapter"]
Build = Callable[[Transcript], Prompt]

_BLOCK = 8
"""Turns are dropped by so many, so that the beginning of the prompt, and with it the cache, stays."""
_SHORTEST = 60
"""Characters to which a message may be cut where nothing else helps."""


@dataclass(frozen=True)
class Fitted:
    """A prompt that fits, and how many of the oldest turns had to go for it."""

    prompt: Prompt
    dropped_turns: int = 0


def fit(build: Build, transcript: Transcript, count: Callable[[Prompt], int], budget: int) -> Fitted:
    """The prompt of a transcript within `budget` tokens, as far as that is possible.

    Drops whole turns, the oldest after the opening first; the opening and the last turn stay. Where these
    two are too long by themselves, the ends of their texts are kept.
    """
    turns = transcript.heard
    most = max(len(turns) - 2, 0)

    def without(dropped: int) -> Transcript:
        return replace(transcript, turns=(*turns[:1], *turns[1 + dropped :]))

    for dropped in (*range(0, most, _BLOCK), most):
        prompt = build(without(dropped))
        if count(prompt) <= budget:
            return Fitted(prompt, dropped)
    kept = without(most)
    longest = max((len(turn.text) for turn in kept.turns), default=0)
    while longest > _SHORTEST and count(build(kept)) > budget:
        longest //= 2
        kept = replace(kept, turns=tuple(replace(turn, text=turn.text[-longest:]) for turn in kept.turns))
    return Fitted(build(kept), most)


def shared(transcript: Transcript, cast: Cast) -> tuple[Message, ...]:
    """The table and the talk so far: the same whoever speaks next, and growing only at its end."""
    seats = " ".join(f"{p.name}: {p.summary}" for p in cast.only(transcript.cast))
    table = Message("system", f"A person talks with a group of companions. {seats}")
    return (table, *(_said(turn, cast) for turn in transcript.heard))


def speak(transcript: Transcript, cast: Cast, directive: Directive, style: Style) -> Prompt:
    """The prompt for the utterance that a directive asks for (paper, section 3: persona, talk, directive)."""
    persona = cast[directive.agent]
    if style == "examples":
        return _examples(persona, directive, transcript)
    cue = _card(persona, directive) if style == "card" else _named(persona, directive)
    return Prompt(shared(transcript, cast), cue)


def secrets(persona: Persona, directive: Directive) -> tuple[str, ...]:
    """What of a cue must never be heard."""
    bidden = f"{directive.action} {directive.tone}"
    lines = (persona.voice, *persona.goals, *persona.does, *persona.does_not, bidden)
    cue = (line for message in _card(persona, directive) for line in message.content.splitlines())
    return (*lines, *(example.says for example in persona.examples), *cue)


def _said(turn: Turn, cast: Cast) -> Message:
    if turn.speaker == PERSON:
        return Message("user", turn.text)
    broken = " —" if turn.interrupted else ""
    name = cast[turn.speaker].name if turn.speaker in cast else turn.speaker  # who has left the table
    return Message("assistant", f"{name}: {turn.text}{broken}")


def _card(persona: Persona, directive: Directive) -> tuple[Message, ...]:
    lines = (
        f"(It is the turn of {persona.name}, {persona.role}. {persona.voice}",
        f"{persona.name} {_listed(persona.does)}. {persona.name} does not {_listed(persona.does_not)}.",
        f"What to do now: {directive.action}. Tone: {directive.tone}.",
        f"Write only what {persona.name} says, one to three sentences, to the person, without a name in "
        "front. Be specific to what the person told. Do not repeat what was already said; build on it or "
        "disagree with it.)",
    )
    return (Message("user", "\n".join(lines)),)


def _named(persona: Persona, directive: Directive) -> tuple[Message, ...]:
    return (Message("user", f"({persona.name}, {persona.role}: {directive.action}, {directive.tone}.)"),)


def _examples(persona: Persona, directive: Directive, transcript: Transcript) -> Prompt:
    """The persona's examples, then its own talk with the person, the directive with the last words."""
    shots: list[Message] = []
    for i, example in enumerate(persona.examples):
        action = persona.repertoire[i % len(persona.repertoire)]
        tone = persona.tones[i % len(persona.tones)]
        shots += [Message("user", _bidden(example.to, action, tone)), Message("assistant", example.says)]
    who = Message("system", f"You are {persona.name}, {persona.role}.")
    own = [
        Message("user" if turn.speaker == PERSON else "assistant", turn.text)
        for turn in transcript.heard
        if turn.speaker in (PERSON, persona.id)
    ]
    said = [m.content for m in own if m.role == "user"]
    last = _bidden(said[-1] if said else "Hello.", directive.action, directive.tone)
    before = own[:-1] if own and own[-1].role == "user" else own
    return Prompt((who, *shots, *before), (Message("user", last),))


def _bidden(text: str, action: str, tone: str) -> str:
    return f"{text} ({action.capitalize()}, {tone}.)"


def _listed(phrases: tuple[str, ...]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
