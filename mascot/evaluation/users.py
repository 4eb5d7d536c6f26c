"""Simulated people of the 16 MBTI types, who answer a group back.

The paper simulates users of these types; how is unknown. Here one description per letter, in words of ours,
makes a card, and the same model plays the person who wrote the first message. A type is a way to vary how
somebody talks, no claim about people: MBTI is not a valid measure of personality.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Message
from mascot.conversation.text import sentences
from mascot.conversation.transcript import PERSON, Transcript
from mascot.engines.base import Engine, Sampling
from mascot.evaluation.baselines.base import Asking
from mascot.evaluation.dialogue import Answered

_LETTERS = (
    {"E": "You talk a lot and think aloud.", "I": "You say little and only what you have thought over."},
    {
        "S": "You tell concrete facts and what happened when.",
        "N": "You speak of what it means and of what could be.",
    },
    {"T": "You weigh reasons and want what is logical.", "F": "You go by what you feel and how others feel."},
    {"J": "You want a plan and a decision.", "P": "You keep things open and like to see what comes."},
)
TYPES = tuple(a + b + c + d for a in "EI" for b in "SN" for c in "TF" for d in "JP")
"""All 16."""
_ANSWER = Sampling(max_tokens=48, temperature=0.7, top_p=0.9)
_SENTENCES = 2


def card(kind: str) -> str:
    """How somebody of a type talks."""
    return " ".join(letters[letter] for letters, letter in zip(_LETTERS, kind, strict=True))


@dataclass(frozen=True)
class Person:
    """Answers as the person who wrote the first message would."""

    kind: str
    """One of `TYPES`."""
    engine: Engine
    cast: Cast
    """Names for who speaks."""

    def answer(self, talk: Transcript, after: int, session: str) -> Answered:
        """What the person says back; without words of the model's, "Hm."

        Args:
            after: utterances of the agents before it.

        Raises:
            EngineError: the engine cannot answer.
        """
        started = time.perf_counter()
        made = Asking(self.engine, talk, session).say(self._messages, _ANSWER, f"person:{self.kind}")
        text = " ".join(sentences(made.text)[:_SENTENCES]) or "Hm."
        return Answered(after=after, text=text, tokens=made.tokens, seconds=time.perf_counter() - started)

    def _messages(self, talk: Transcript) -> list[Message]:
        """To the model that plays the person, the person is the assistant."""
        system = (
            f"You are a person who has just told others what is on your mind. {card(self.kind)} Answer them "
            "in one or two sentences, as yourself, in the first person."
        )
        opening = Message("user", "What is on your mind?")
        return [Message("system", system), opening, *(self._heard(t.speaker, t.text) for t in talk.heard)]

    def _heard(self, speaker: str, text: str) -> Message:
        if speaker == PERSON:
            return Message("assistant", text)
        name = self.cast[speaker].name if speaker in self.cast else ""
        return Message("user", f"{name}: {text}" if name else text)
