"""From a directive to words that may be shown: prompt, model, guards, and the choice among candidates."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from mascot.conversation import layout
from mascot.conversation.events import Directive, Utterance
from mascot.conversation.guards import Guards
from mascot.conversation.layout import Style
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import PERSON, Transcript
from mascot.director.base import dice
from mascot.engines.base import Completion, Engine, Request, Sampling
from mascot.engines.embedding import Embedder

_DRAWS = 3
"""So often a turn may be drawn anew when the guards let nothing of it through."""


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
    candidates=4,
    max_sentences=2,
)
"""The embedded model."""


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


class Speaker:
    """Speaks as any persona of a cast.

    Args:
        engine: the model.
        cast: everyone at the table.
        manner: how the model is made to speak.
        embedder: ranks candidates; without one the first that the guards pass is spoken.
    """

    def __init__(self, engine: Engine, cast: Cast, manner: Manner, embedder: Embedder | None = None) -> None:
        self._engine = engine
        self._cast = cast
        self._manner = manner
        self._embedder = embedder

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
        sampling = self._manner.sampling
        budget = self._engine.info.context_tokens - sampling.max_tokens - 8

        def build(fitting: Transcript) -> Prompt:
            return layout.speak(fitting, self._cast, directive, self._manner.style)

        fitted = layout.fit(build, transcript, self._engine.count, budget)
        report.dropped_turns = fitted.dropped_turns
        chance = dice(transcript, directive.agent)
        for _ in range(_DRAWS):
            drawn = replace(sampling, seed=chance.randrange(2**31 - 64))
            request = Request(fitted.prompt, drawn, session)
            spoken = False
            for words in self._draw(request, transcript, directive, report, started, cancel):
                spoken = True
                yield words
            report.seconds = time.perf_counter() - started
            if spoken or (cancel is not None and cancel.is_set()):
                return

    def _draw(
        self,
        request: Request,
        transcript: Transcript,
        directive: Directive,
        report: Report,
        started: float,
        cancel: threading.Event | None,
    ) -> Iterator[str]:
        if self._manner.candidates == 1:
            yield from self._stream(request, transcript, directive, report, started, cancel)
            return
        candidates = self._engine.complete(request, self._manner.candidates, cancel)
        report.first_token_seconds = time.perf_counter() - started
        best = self._best(candidates, transcript, directive, report)
        if best:
            yield best

    def _stream(
        self,
        request: Request,
        transcript: Transcript,
        directive: Directive,
        report: Report,
        started: float,
        cancel: threading.Event | None,
    ) -> Iterator[str]:
        guards = self._guards(transcript, directive)
        spent = report.tokens
        complete = True
        for piece in self._engine.stream(request, cancel):
            if piece.text and not report.first_token_seconds:
                report.first_token_seconds = time.perf_counter() - started
            report.tokens = spent + piece.tokens
            if piece.finish is not None:
                report.prompt_tokens, report.cached_tokens = piece.prompt_tokens, piece.cached_tokens
                complete = piece.finish == "stop"
            if words := guards.feed(piece.text):
                yield words
            if guards.done:
                break
        if words := guards.finish(complete):
            yield words
        report.caught += guards.caught

    def _best(
        self, candidates: list[Completion], transcript: Transcript, directive: Directive, report: Report
    ) -> str:
        """The best of the candidates after the guards; only what they caught in it is counted."""
        passed: list[tuple[str, Counter[str]]] = []
        for candidate in candidates:
            guards = self._guards(transcript, directive)
            text = guards.feed(candidate.text)
            text += guards.finish(candidate.finish == "stop")
            report.tokens += candidate.tokens
            passed.append((text, guards.caught))
        report.prompt_tokens = candidates[0].prompt_tokens
        report.cached_tokens = candidates[0].cached_tokens
        spoken = [(text, caught) for text, caught in passed if text]
        if not spoken:
            for _, caught in passed:
                report.caught += caught
            return ""
        text, caught = spoken[self._rank([text for text, _ in spoken], transcript, directive)]
        report.caught += caught
        return text

    def _rank(self, texts: list[str], transcript: Transcript, directive: Directive) -> int:
        """Index of the text that is most to the point, in voice and new; weights by measurement."""
        if self._embedder is None or len(texts) == 1:
            return 0
        said = [turn.text for turn in transcript.heard if turn.speaker == PERSON][-1:]
        others = [turn.text for turn in transcript.heard if turn.speaker != PERSON][-4:]
        own = [example.says for example in self._cast[directive.agent].examples]
        vectors = self._embedder.encode([*texts, *said, *others, *own])
        n, s, o = len(texts), len(texts) + len(said), len(texts) + len(said) + len(others)
        candidates = vectors[:n]
        score = 0.5 * (candidates @ vectors[o:].T).mean(axis=1)
        if said:
            score += (candidates @ vectors[n:s].T)[:, 0]
        if others:
            score -= 0.5 * (candidates @ vectors[s:o].T).max(axis=1)
        return int(score.argmax())

    def _guards(self, transcript: Transcript, directive: Directive) -> Guards:
        persona = self._cast[directive.agent]
        earlier = [turn.text for turn in transcript.heard]
        hidden = layout.secrets(persona, directive)
        return Guards(persona, self._cast, earlier, hidden, self._manner.max_sentences)
