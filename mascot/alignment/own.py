"""Replies that somebody wrote for a persona of their own: a JSON Lines file, and samples out of it.

{"text": "My bus was late again.", "action": "tell an old story", "tone": "dry", "says": "In 1911 …"}
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mascot.alignment.rows import read_rows
from mascot.alignment.samples import Sample, spoken_sample
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Turn
from mascot.errors import InputError

_DEV = 5
"""The replies to every fifth text decide which weights are kept, and are not learned."""


class OwnReply(BaseModel):
    """What a person says, and what the persona answers to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    action: str = Field(min_length=1)
    """One of the card's repertoire."""
    tone: str = Field(min_length=1)
    """One of the card's tones."""
    says: str = Field(min_length=1)


def read_replies(file: Path) -> list[OwnReply]:
    """The replies of a file.

    Raises:
        InputError: it cannot be read, or a line is wrong; names file, line and field.
    """
    return read_rows(file, OwnReply)


def own_samples(persona: str, replies: Sequence[OwnReply], cast: Cast) -> tuple[list[Sample], list[Sample]]:
    """Samples to learn from, and samples to measure by: those of one text in five, chosen by its hash.

    Raises:
        InputError: an action or a tone that is not on the persona's card.
    """
    card = cast[persona]
    for reply in replies:
        for what, said, known in (
            ("action", reply.action, card.repertoire),
            ("tone", reply.tone, card.tones),
        ):
            if said not in known:
                raise InputError(f"{said!r} is no {what} of {card.name}: the card has {', '.join(known)}")
    ordered = sorted(replies, key=lambda reply: (_digest(reply.text), reply.says))
    held_out = set(list(dict.fromkeys(reply.text for reply in ordered))[::_DEV])
    train: list[Sample] = []
    dev: list[Sample] = []
    for i, reply in enumerate(ordered):
        part = dev if reply.text in held_out else train
        part.append(spoken_sample(f"own-{i}/{persona}", [Turn(PERSON, reply.text)], cast, persona, reply))
    return train, dev


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
