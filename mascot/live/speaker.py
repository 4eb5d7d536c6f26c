"""From a directive to words that may be shown: prompt, model, guards, and the choice among candidates."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from mascot.conversation import layout
from mascot.conversation.events import Directive, Utterance
from mascot.conversation.guards import Guards
from mascot.conversation.layout import Style
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import PERSON, Transcript
from mascot.director.base import dice
from mascot.engines.base import Engine, Request, Sampling
from mascot.engines.embedding import Embedder

_DRAWS = 3
"""So often a turn may be drawn when the guards let nothing of it through."""
_BOLDER = 0.5
"""Each further draw is warmer by so much of the temperature: what a sharp model says again and again it says
in every draw at its usual one."""
_VOICE, _ECHO = 0.5, 0.5
"""Weight of likeness to the persona's examples, and of likeness to what the others just said, beside
nearness to the person's words, which weighs 1: cosines of MiniLM embeddings, weights of ours."""


@dataclass(frozen=True)
class Manner:
    """How a model is made to speak; which manner suits which model is measured in `docs/log.md`."""

    style: Style = "card"
    sampling: Sampling = field(default_factory=lambda: Sampling(max_tokens=120, top_p=0.9))
    candidates: int = 1
    """Drawn for each utterance; the one closest to what the person said, in this persona's voice and
    unlike what the others said, is spoken. 1 streams from the first sentence on."""
    max_sentences: int = 3


INSTRUCTED = Manner()
"""Models that follow an instruction, from about a billion parameters."""
TINY = Manner(
    style="examples",
    sampling=Sampling(max_tokens=56, temperature=0.5, top_p=1.0, min_p=0.1, repeat_penalty=1.1),
    candidates=3,
    max_sentences=2,
)
"""The embedded model without adapters."""
TRAINED = Manner(
    style="adapter",
    sampling=Sampling(max_tokens=72, temperature=0.6, top_p=0.95, min_p=0.08, repeat_penalty=1.1),
)
"""A persona with an adapter of its own."""


@dataclass
class Report:
    """What an utterance has cost, complete once its words are."""

    tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    dropped_turns: int = 0
    first_token_seconds: float = 0.0
    seconds: float = 0.0
    caught: Counter[str] = field(default_factory=Counter)

    def utterance(self, agent: str, text: str) -> Utterance:
        """The event of the finished utterance."""
        return Utterance(
            agent=agent,
            text=text,
            tokens=self.tokens,
            seconds=round(self.seconds, 3),
            first_token_seconds=round(self.first_token_seconds, 3),
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            dropped_turns=self.dropped_turns,
            guards=dict(self.caught),
        )


@dataclass(frozen=True)
class Speaker:
    """Speaks as any persona of a cast: with the adapter of its name where the engine has one."""

    engine: Engine
    cast: Cast
    manner: Manner
    """How a persona without an adapter is made to speak."""
    embedder: Embedder | None = None
    """Ranks candidates; without one the first that the guards pass is spoken."""
    harmful: Callable[[str], bool] | None = None
    """Whether a sentence must not be said to a person in distress."""
    trained: Manner = TRAINED
    """How a persona with one is."""

    def speak(
        self,
        transcript: Transcript,
        directive: Directive,
        report: Report,
        session: str = "",
        cancel: threading.Event | None = None,
    ) -> Iterator[str]:
        """The words of the utterance, some at a time, each already passed by the guards.

        Nothing at all comes if the guards passed nothing in three draws, or after `cancel`.

        Raises:
            EngineError: the engine cannot answer.
        """
        started = time.perf_counter()
        request = self._request(transcript, directive, report, session)
        chance = dice(transcript, directive.agent)
        for draw in range(transcript.failed, transcript.failed + _DRAWS):
            warmth = request.sampling.temperature * (1 + _BOLDER * min(draw, _DRAWS - 1))
            sampling = replace(request.sampling, seed=chance.randrange(2**31 - 64), temperature=warmth)
            attempt = _Attempt(self, transcript, directive, report, started)
            spoken = False
            for words in attempt.words(replace(request, sampling=sampling), cancel):
                spoken = True
                yield words
            report.seconds = time.perf_counter() - started
            if spoken or (cancel is not None and cancel.is_set()):
                return

    def manner_of(self, agent: str) -> Manner:
        """How this persona is made to speak."""
        return self.trained if agent in self.engine.adapters else self.manner

    def _request(self, transcript: Transcript, directive: Directive, report: Report, session: str) -> Request:
        """The prompt, as much of the talk as fits, and room for the answer."""
        agent, manner = directive.agent, self.manner_of(directive.agent)
        budget = self.engine.info.context_tokens - manner.sampling.max_tokens - 8

        def build(fitting: Transcript) -> Prompt:
            return layout.speak(fitting, self.cast, directive, manner.style)

        fitted = layout.fit(build, transcript, self.engine.count, budget)
        report.dropped_turns = fitted.dropped_turns
        # Prompts that begin with a persona's examples share these, not the talk.
        memory = f"persona/{agent}" if manner.style == "examples" else session
        adapter = agent if agent in self.engine.adapters else None
        return Request(fitted.prompt, manner.sampling, memory, adapter)


@dataclass(frozen=True)
class _Attempt:
    """One attempt at an utterance."""

    by: Speaker
    transcript: Transcript
    directive: Directive
    report: Report
    started: float

    def words(self, request: Request, cancel: threading.Event | None) -> Iterator[str]:
        """What may be shown: as it is made, or the best of several candidates at once."""
        candidates = self.by.manner_of(self.directive.agent).candidates
        if candidates == 1:
            yield from self._streamed(request, cancel)
            return
        texts = []
        for seed in range(candidates):
            sampling = replace(request.sampling, seed=(request.sampling.seed or 0) + seed)
            text = "".join(self._streamed(replace(request, sampling=sampling), cancel))
            if cancel is not None and cancel.is_set():
                return
            if text:
                texts.append(text)
        if texts:
            yield texts[self._rank(texts)]

    def _streamed(self, request: Request, cancel: threading.Event | None) -> Iterator[str]:
        report, guards = self.report, self._guards()
        spent = report.tokens
        complete = True
        for piece in self.by.engine.stream(request, cancel):
            if piece.text and not report.first_token_seconds:
                report.first_token_seconds = time.perf_counter() - self.started
            report.tokens = spent + piece.tokens
            if piece.finish is not None:
                complete = piece.finish == "stop"
                if not report.prompt_tokens:  # of further candidates the prompt is in the cache
                    report.prompt_tokens, report.cached_tokens = piece.prompt_tokens, piece.cached_tokens
            if words := guards.feed(piece.text):
                yield words
            if guards.done:
                break
        if words := guards.finish(complete):
            yield words
        report.caught += guards.caught

    def _rank(self, texts: list[str]) -> int:
        """Index of the text that is most to the point, in voice and new."""
        if self.by.embedder is None or len(texts) == 1:
            return 0
        heard = self.transcript.heard
        said = [turn.text for turn in heard if turn.speaker == PERSON][-1:]
        others = [turn.text for turn in heard if turn.speaker != PERSON][-4:]
        own = [example.says for example in self.by.cast[self.directive.agent].examples]
        vectors = self.by.embedder.encode([*texts, *said, *others, *own])
        candidates, to_person, to_others, in_voice = np.split(
            vectors, np.cumsum([len(texts), len(said), len(others)])
        )
        score = _VOICE * (candidates @ in_voice.T).mean(axis=1)
        if said:
            score += (candidates @ to_person.T)[:, 0]
        if others:
            score -= _ECHO * (candidates @ to_others.T).max(axis=1)
        return int(score.argmax())

    def _guards(self) -> Guards:
        persona = self.by.cast[self.directive.agent]
        earlier = [turn.text for turn in self.transcript.heard]
        hidden = layout.secrets(persona, self.directive)
        by = self.by
        sentences = by.manner_of(persona.id).max_sentences
        return Guards(persona, by.cast, earlier, hidden, sentences, by.harmful)
