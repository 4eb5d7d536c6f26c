"""What of a dialogue is judged, and how it is put before a judge.

By the agent-specific criteria one utterance of each dialogue is judged (or more, or all): which one is drawn
by the dialogue's id, the same turn for every system that says as much. By the collective ones, and by the
trained judge, the whole dialogue is.
"""

from __future__ import annotations

from random import Random

from mascot.conversation.personas import Cast, Persona
from mascot.conversation.transcript import PERSON
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.judges.base import Case, Line

ASSISTANT = "a companion who listens to the person and helps"
"""What an agent is meant to be that is no persona."""


def utterance_cases(dialogue: Dialogue, start: Start, cast: Cast, most: int = 1) -> list[Case]:
    """So many utterances of a dialogue, each with what was said before it; 0 is all of them."""
    places = [place for place, (who, _) in enumerate(dialogue.turns) if who != PERSON]
    drawn = Random(f"judged:{dialogue.id}").sample(range(len(places)), len(places))[: most or None]
    lines = talk(dialogue, start, cast)
    return [
        Case(
            id=f"{dialogue.id}#{number}",
            heard=lines[: places[number] + 1],
            said=(lines[places[number] + 1],),
            persona=_meant(dialogue.turns[places[number]][0], cast),
        )
        for number in sorted(drawn)
    ]


def dialogue_case(dialogue: Dialogue, start: Start, cast: Cast) -> Case:
    """The whole dialogue: the first message is heard, everything after it judged."""
    first, *rest = talk(dialogue, start, cast)
    return Case(id=dialogue.id, heard=(first,), said=tuple(rest))


def talk(dialogue: Dialogue, start: Start, cast: Cast) -> tuple[Line, ...]:
    """Everything said, the first message included, under the names that people read."""
    turns = ((PERSON, start.text), *dialogue.turns)
    return tuple(Line(speaker=_called(who, cast), text=text) for who, text in turns)


def described(persona: Persona) -> str:
    """A persona as a judge must know it."""
    does, does_not = "; ".join(persona.does), "; ".join(persona.does_not)
    return f"{persona.name}, {persona.role}. Does: {does}. Does not: {does_not}."


def _meant(agent: str, cast: Cast) -> str:
    return described(cast[agent]) if agent in cast else ASSISTANT


def _called(who: str, cast: Cast) -> str:
    return cast[who].name if who in cast else who if who == PERSON else who.capitalize()
