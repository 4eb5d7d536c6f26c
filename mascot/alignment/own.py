"""Replies that somebody wrote for a persona of their own: a JSON Lines file, and samples out of it.

{"text": "My bus was late again.", "action": "tell an old story", "tone": "dry", "says": "In 1911 …"}
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mascot.alignment.samples import Sample, spoken_sample
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Turn
from mascot.errors import InputError

_DEV = 5
"""Every fifth reply decides which weights are kept, and is not learned."""


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
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({type(error).__name__})") from None
    replies = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            replies.append(OwnReply.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(f"{file}, line {number}: {field}: {first['msg']}") from None
    return replies


def own_samples(persona: str, replies: Sequence[OwnReply], cast: Cast) -> tuple[list[Sample], list[Sample]]:
    """Samples to learn from, and samples to measure by: one in five, chosen by a hash of the text.

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
    ordered = sorted(replies, key=lambda reply: hashlib.sha256(reply.text.encode()).hexdigest())
    samples = [
        spoken_sample(f"own-{i}/{persona}", [Turn(PERSON, r.text)], cast, persona, r)
        for i, r in enumerate(ordered)
    ]
    return [s for i, s in enumerate(samples) if i % _DEV], samples[::_DEV]
