"""One assistant: zero-shot, few-shot, with thoughts or without, and the most consistent of several replies.

Zero-shot and few-shot chain of thought (Wei et al. 2022, Kojima et al. 2022) ask twice: for thoughts, then
for the reply that they lead to. The thoughts stay in the second prompt and out of the dialogue.
Self-consistency (Wang et al. 2022) takes a majority of answers over several chains of thought. Replies in
free text have none, so the reply is taken that is most like the others (mean cosine of MiniLM embeddings).
That, three chains, and all wording is ours; the paper publishes none of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mascot.conversation.prompt import Message
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.engines.base import Engine, Sampling
from mascot.engines.embedding import Embedder
from mascot.evaluation.baselines.base import ASSISTANT, Asking, Companions, Round, without
from mascot.evaluation.baselines.shots import Shot
from mascot.evaluation.dialogue import Said

_THOUGHT_TOKENS = 48
_TASK = (
    "You are a supportive companion. Answer the person in one to three sentences: show that you understand, "
    "and help them a step further."
)
_THINK = (
    "Think step by step about what the person feels, what led to it and what would help. Write these "
    "thoughts only, in two or three sentences, and no reply."
)
_DRAWS = 3
"""So often a reply is drawn anew that is empty or nothing but the thoughts again."""


@dataclass(frozen=True)
class Assistant(Companions):
    """One voice that answers once per message of the person."""

    engine: Engine
    sampling: Sampling
    shots: tuple[Shot, ...] = ()
    thinks: bool = False
    chains: int = 1
    """Replies drawn; the one most like the others is given."""
    embedder: Embedder | None = None
    """Needed for more than one chain."""

    def answer(self, talk: Transcript, session: str) -> Round:
        started = time.perf_counter()
        asking = Asking(self.engine, talk, session)
        drawn = [self._reply(asking, chain) for chain in range(self.chains)]
        texts = [text for text, _ in drawn if text]
        if not texts:
            return Round((), talk, empty=1)
        tokens, seconds = sum(cost for _, cost in drawn), time.perf_counter() - started
        return spoken(talk, texts[self._most_alike(texts)], tokens, seconds)

    def _reply(self, asking: Asking, chain: int) -> tuple[str, int]:
        """A reply and the new tokens it took."""
        thought, tokens = "", 0
        if self.thinks:
            made = asking.say(self._thinking, shorter(self.sampling, _THOUGHT_TOKENS), f"thought:{chain}")
            thought, tokens = made.text, made.tokens
        for draw in range(_DRAWS):
            made = asking.say(
                lambda talk: self._replying(talk, thought), self.sampling, f"reply:{chain}:{draw}"
            )
            tokens += made.tokens
            text = without(thought, made.text) if self.thinks else made.text
            if text:
                return text, tokens
        return "", tokens

    def _thinking(self, talk: Transcript) -> list[Message]:
        shots = [m for s in self.shots for m in (Message("user", s.to), Message("assistant", s.thought))]
        return [Message("system", f"{_TASK} {_THINK}"), *shots, *_talk(talk)]

    def _replying(self, talk: Transcript, thought: str) -> list[Message]:
        shots: list[Message] = []
        for shot in self.shots:
            shots += [
                _thought_of(shot.to, shot.thought if self.thinks else ""),
                Message("assistant", shot.says),
            ]
        *before, last = _talk(talk)
        return [Message("system", _TASK), *shots, *before, _thought_of(last.content, thought)]

    def _most_alike(self, texts: Sequence[str]) -> int:
        if len(texts) < 3 or self.embedder is None:
            return 0
        vectors = self.embedder.encode(list(texts))
        return int((vectors @ vectors.T).sum(axis=1).argmax())


def shorter(sampling: Sampling, tokens: int) -> Sampling:
    """The same dice for at most so many tokens."""
    return replace(sampling, max_tokens=min(tokens, sampling.max_tokens))


def spoken(talk: Transcript, text: str, tokens: int, seconds: float) -> Round:
    """The round in which the assistant says this."""
    said = Said(agent=ASSISTANT, text=text, tokens=tokens, seconds=seconds)
    return Round((said,), talk_with(talk, ASSISTANT, text))


def talk_with(talk: Transcript, speaker: str, text: str) -> Transcript:
    """The talk after somebody has spoken who needs no directive."""
    return replace(talk, turns=(*talk.turns, Turn(speaker, text)))


def _talk(talk: Transcript) -> list[Message]:
    return [Message("user" if t.speaker == PERSON else "assistant", t.text) for t in talk.heard]


def _thought_of(text: str, thought: str) -> Message:
    return Message("user", f"{text}\n(Thoughts: {thought})" if thought else text)
