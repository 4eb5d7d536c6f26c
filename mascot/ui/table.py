"""What the page needs before anyone has spoken: who is at the table, where to start, what the limits are."""

from __future__ import annotations

from typing import Any

from mascot.conversation.personas import Cast, Persona

NOTICE = "These voices are programs, not clinicians: they can be wrong, and they cannot help in an emergency."

SITUATIONS: tuple[tuple[str, str], ...] = (
    (
        "A quarrel with someone close",
        "I snapped at my mother on the phone and she has not picked up since. I feel guilty, and I am also "
        "still angry with her.",
    ),
    (
        "Passed over at work",
        "A colleague got the promotion that I was told was mine. I smiled at the meeting and cried in the "
        "car. I do not know whether to say something.",
    ),
    (
        "New in town",
        "I moved here four months ago and still eat dinner alone every evening. Everyone seems to have "
        "their people already.",
    ),
    (
        "Something I keep putting off",
        "My exam is in two weeks and I have not opened the book. Each day I wait makes it harder to begin.",
    ),
)
"""Four situations to start from: a title, and first words that the visitor may change before sending."""


def table(cast: Cast, notice: str, max_characters: int) -> dict[str, Any]:
    """The answer of `GET /live/table`."""
    return {
        "personas": [_seat(persona) for persona in cast],
        "situations": [{"title": title, "text": text} for title, text in SITUATIONS],
        "limits": {"characters": max_characters},
        "notice": NOTICE,
        "remark": notice,
    }


def _seat(persona: Persona) -> dict[str, Any]:
    return persona.model_dump(include={"id", "name", "role", "summary", "face", "colour"})
