"""Several voices in the one answer that a chat client shows, and back again.

The convention: each utterance begins with its speaker's name in bold and a colon, and an empty line stands
between two. A client sends earlier answers back as they were, so they are read by the same convention.

    **Anchor:** That sounds heavy.

    **Catalyst:** What would have to change?
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Turn

BETWEEN = "\n\n"
"""What separates two utterances."""


def label(cast: Cast, agent: str) -> str:
    """What an utterance begins with."""
    return f"**{cast[agent].name}:** "


def written(cast: Cast, turns: Iterable[tuple[str, str]]) -> str:
    """Utterances, each a persona's id and its words, as one text."""
    return BETWEEN.join(label(cast, agent) + text for agent, text in turns)


def heard(cast: Cast, text: str) -> tuple[list[Turn], str]:
    """The utterances in a text, and what stands before the first of them: words of nobody at this table."""
    anyone = "|".join(re.escape(persona.name) for persona in cast)
    pattern = re.compile(
        rf"^[ \t]*\*\*[ \t]*({anyone})[ \t]*(?::\*\*|\*\*:)[ \t]*", re.IGNORECASE | re.MULTILINE
    )
    marks = list(pattern.finditer(text))
    if not marks:
        return [], text.strip()
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    said = [
        Turn(cast.named(mark[1]), text[mark.end() : end].strip())
        for mark, end in zip(marks, ends, strict=True)
    ]
    return [turn for turn in said if turn.text], text[: marks[0].start()].strip()
