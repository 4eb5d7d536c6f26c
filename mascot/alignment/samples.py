"""What adapters learn from: prompts as the live loop lays them out, each with the words that should follow.

A situation becomes a round of its four expert replies in an order drawn by lot, so that each persona learns
to speak first and to speak after others. A group dialogue becomes one sample per persona turn, and for the
director one per choice that it is asked for: who, what, in which tone.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

from mascot.conversation.events import Directive
from mascot.conversation.layout import speak
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.corpora.dialogues import YIELD, DialogueTurn, GroupDialogue
from mascot.corpora.expert import ExpertSituation
from mascot.director.model import THE_PERSON, ask

DIRECTOR: Final = "director"
"""The name of the director's adapter; a persona's is its id."""
Part = Literal["train", "dev"]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Sample:
    """A prompt and what should follow it."""

    id: str
    """Situation or dialogue, and what of it; unique."""
    adapter: str
    """Who learns from it: a persona's id, or `DIRECTOR`."""
    prompt: Prompt
    reply: str
    ends: bool = True
    """Whether the turn is over with the reply. A director's choice is only read as far as it is made."""


class Spoken(Protocol):
    """Something a persona says, with the directive that leads to it."""

    @property
    def action(self) -> str: ...
    @property
    def tone(self) -> str: ...
    @property
    def says(self) -> str: ...


def round_samples(situation: ExpertSituation, cast: Cast, seed: int) -> list[Sample]:
    """One sample per persona, each after the replies of those whom the lot put before it."""
    order = list(situation.replies)
    random.Random(f"{seed}/{situation.id}").shuffle(order)
    turns = [Turn(PERSON, situation.text)]
    samples = []
    for agent in order:
        reply = situation.replies[agent]
        samples.append(spoken_sample(f"{situation.id}/{agent}", turns, cast, agent, reply))
        turns.append(Turn(agent, reply.says))
    return samples


def dialogue_samples(dialogue: GroupDialogue, cast: Cast) -> list[Sample]:
    """One sample per persona turn."""
    return [
        spoken_sample(f"{dialogue.id}/{i}", _heard(dialogue.turns[:i]), cast, turn.speaker, turn)
        for i, turn in enumerate(dialogue.turns)
        if turn.speaker in cast
    ]


def director_samples(dialogue: GroupDialogue, cast: Cast) -> list[Sample]:
    """For every decision who is next, and unless that is the person, also what to do and in which tone."""
    samples: list[Sample] = []
    for i, turn in enumerate(dialogue.turns):
        if turn.speaker == PERSON:
            continue
        transcript = Transcript(cast.ids, turns=tuple(_heard(dialogue.turns[:i])))
        name = cast[turn.speaker].name if turn.speaker in cast else THE_PERSON
        choices = [("who", "", name)]
        if turn.speaker in cast:
            choices += [("task", f" {name}. Task:", turn.action), ("tone", f" {name}. Tone:", turn.tone)]
        samples += [
            Sample(
                f"{dialogue.id}/{i}/{of}",
                DIRECTOR,
                ask(transcript, cast, so_far, trained=True),
                f" {reply}",
                False,
            )
            for of, so_far, reply in choices
        ]
    return samples


def corpus_samples(
    situations: Sequence[ExpertSituation],
    dialogues: Sequence[GroupDialogue],
    cast: Cast,
    part: Part,
    share: float = 1.0,
    seed: int = 0,
) -> list[Sample]:
    """Every sample of one part of the corpus, for all personas and the director.

    Args:
        share: above 0, up to 1: how much of the part is used; a smaller share is contained in a larger one.
    """
    return [
        *(
            sample
            for s in _some([s for s in situations if s.split == part], share, seed)
            for sample in round_samples(s, cast, seed)
        ),
        *(
            sample
            for d in _some([d for d in dialogues if d.split == part], share, seed)
            for sample in (*dialogue_samples(d, cast), *director_samples(d, cast))
        ),
    ]


def _some(items: list[_Item], share: float, seed: int) -> list[_Item]:
    order = random.Random(seed).sample(range(len(items)), len(items))
    return [items[i] for i in sorted(order[: round(share * len(items))])]


def heard(turns: Iterable[DialogueTurn], cast: Cast) -> Transcript:
    """The transcript after these turns, the floor being the group's: as rules and director see it."""
    turns = list(turns)
    since: list[str] = []
    asked: tuple[str, ...] = ()
    for turn in turns:
        if turn.speaker == PERSON:
            since, asked = [], cast.addressed(turn.says)
        elif turn.speaker == YIELD:
            since, asked = [], ()
        else:
            since, asked = [*since, turn.speaker], tuple(a for a in asked if a != turn.speaker)
    return Transcript(cast.ids, turns=tuple(_heard(turns)), floor="group", round=tuple(since), asked=asked)


def _heard(turns: Iterable[DialogueTurn]) -> list[Turn]:
    return [Turn(turn.speaker, turn.says) for turn in turns if turn.says]


def spoken_sample(id: str, turns: Iterable[Turn], cast: Cast, agent: str, turn: Spoken) -> Sample:
    """The sample of a persona's turn after these turns, everyone of the cast being at the table."""
    directive = Directive(agent=agent, action=turn.action, tone=turn.tone, score=1.0)
    prompt = speak(Transcript(cast.ids, turns=tuple(turns)), cast, directive, "adapter")
    return Sample(id, agent, prompt, turn.says)
