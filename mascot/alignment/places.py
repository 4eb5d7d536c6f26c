"""Places of the expert corpus in which somebody has to say something, or to direct."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mascot.alignment.policy import Start
from mascot.alignment.preferences import Block, Candidate
from mascot.alignment.samples import Part, Sample
from mascot.alignment.tokens import Encoder
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import DialogueTurn, GroupDialogue
from mascot.corpora.expert import ExpertSituation


@dataclass(frozen=True)
class TalkStart:
    """A talk in which the person has just spoken."""

    id: str
    turns: Block
    person: tuple[str, ...]
    """What the person says later on, whenever the group gives the floor back: the simulated user."""


def persona_places(
    situations: Sequence[ExpertSituation],
    dialogues: Sequence[GroupDialogue],
    cast: Cast,
    part: Part,
    seed: int,
) -> list[Candidate]:
    """Every place of a persona, with what its expert said there; situations as rounds in an order by lot."""
    found = []
    for situation in (s for s in situations if s.split == part):
        order = list(situation.replies)
        random.Random(f"{seed}/{situation.id}").shuffle(order)
        heard: Block = (DialogueTurn(speaker=PERSON, says=situation.text),)
        for agent in order:
            reply = situation.replies[agent]
            found.append(Candidate(heard, agent, reply.action, reply.tone, reply.says))
            heard = (*heard, DialogueTurn(speaker=agent, says=reply.says))
    for dialogue in (d for d in dialogues if d.split == part):
        found += [
            Candidate(dialogue.turns[:i], turn.speaker, turn.action, turn.tone, turn.says)
            for i, turn in enumerate(dialogue.turns)
            if turn.speaker in cast
        ]
    return found


def talk_starts(dialogues: Sequence[GroupDialogue], part: Part) -> list[TalkStart]:
    """Every place of a group dialogue at which the person has just said something."""
    return [
        TalkStart(
            f"{dialogue.id}/{i}",
            dialogue.turns[: i + 1],
            tuple(later.says for later in dialogue.turns[i + 1 :] if later.speaker == PERSON),
        )
        for dialogue in dialogues
        if dialogue.split == part
        for i, turn in enumerate(dialogue.turns)
        if turn.speaker == PERSON
    ]


def start_of(sample: Sample, encode: Encoder, options: Sequence[str] = ()) -> Start:
    """Where the answer to a sample's prompt begins; its reply is left out.

    Args:
        options: texts to choose from, with the space before each.
    """
    encoded = encode(sample)
    begun = encoded.tail[: len(encoded.tail) - encoded.learned]
    return Start(encoded.context, begun, tuple(tuple(encode.ids(text)) for text in options))
