"""Which moves are legal: the rules of the table, the same for every policy.

They are ours (the paper leaves them open) and answer what users of other group chats report: an asked
persona answers, nobody speaks twice in a row unasked, a round is bounded, a group told to go on among
themselves says more than one thing, a muted persona is silent.
"""

from __future__ import annotations

from dataclasses import dataclass

from mascot.conversation.events import Reason
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Transcript


@dataclass(frozen=True)
class Legal:
    """Who may speak next, and whether the floor may go back to the person. Never both empty."""

    agents: tuple[str, ...]
    may_yield: bool
    reason: Reason = "director"
    """Why a yield, where it is the only move: `bound` or `nobody`."""


def legal(transcript: Transcript, cast: Cast) -> Legal:
    """The legal moves while the group has the floor."""
    present = tuple(persona_id for persona_id in transcript.cast if persona_id not in transcript.muted)
    asked = tuple(persona_id for persona_id in transcript.asked if persona_id in present)
    if asked:
        return Legal(asked[:1], may_yield=False)
    if not present:
        return Legal((), may_yield=True, reason="nobody")
    if len(transcript.round) >= transcript.max_turns:
        return Legal((), may_yield=True, reason="bound")
    others = tuple(persona_id for persona_id in present if persona_id != _last_speaker(transcript))
    if not others:
        return Legal((), may_yield=True, reason="nobody")
    hailed = tuple(persona_id for persona_id in _hailed(transcript, cast) if persona_id in others)
    if hailed:
        return Legal(hailed[:1], may_yield=False)
    return Legal(others, may_yield=len(transcript.round) >= transcript.least_turns)


def _last_speaker(transcript: Transcript) -> str | None:
    return transcript.last.speaker if transcript.last else None


def _hailed(transcript: Transcript, cast: Cast) -> tuple[str, ...]:
    """Personas that the last speaker, a persona too, has just spoken to."""
    last = transcript.last
    if last is None or last.speaker == PERSON:
        return ()
    return cast.addressed(last.text)
