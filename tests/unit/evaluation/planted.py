"""Systems with a known fault: every measure must see its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from random import Random

import numpy as np

from mascot.conversation.text import words
from mascot.engines.embedding import Vectors
from mascot.evaluation.dialogue import Dialogue, Said

AGENTS = ("anchor", "catalyst", "beacon", "action-guide")
Say = Callable[[str, str], str]
"""What an agent says after a message."""


class Bag:
    """Embeds a text as its words, hashed: texts with the same words have the same direction."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), 256), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text) or [""]:
                row[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 256] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def system(messages: Mapping[str, str], say: Say) -> list[Dialogue]:
    """The dialogues of a system that says `say(agent, message)` to each message, by id."""
    return [
        Dialogue(
            id=id,
            source="test",
            said=tuple(Said(agent=agent, text=say(agent, message)) for agent in AGENTS),
        )
        for id, message in messages.items()
    ]


def echo(_agent: str, message: str) -> str:
    """Everyone says the person's words again."""
    return message


def template(agent: str, message: str) -> str:
    """The same phrases in every dialogue, with one word of the message."""
    last = (words(message) or ["it"])[-1]
    return {
        "anchor": f"It sounds like you are going through a lot with {last}.",
        "catalyst": f"What would it mean for you if {last} were different?",
        "beacon": f"You have already shown so much strength about {last}.",
        "action-guide": f"One small step you could take today is about {last}.",
    }[agent]


def shuffled(dialogues: Sequence[Dialogue], seed: int = 0) -> list[Dialogue]:
    """The same words under other agents' names."""
    chance = Random(seed)
    return [
        dialogue.model_copy(
            update={
                "said": tuple(
                    said.model_copy(update={"agent": name})
                    for said, name in zip(dialogue.said, chance.sample(AGENTS, 4), strict=True)
                )
            }
        )
        for dialogue in dialogues
    ]
