"""What is under test: somebody who answers a person, alone or as a group.

Every system gets the same engine, the same first messages and the same dice. Baselines speak unguarded, as
their authors describe them; only what was never meant to be heard (thoughts) is kept out. They draw tokens as
an untrained persona of ours does on the same model (`studio.manner`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mascot.conversation.layout import fit
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.text import sentences, words
from mascot.conversation.transcript import Transcript
from mascot.director.base import dice
from mascot.engines.base import Completion, Engine, Request, Sampling, collect
from mascot.evaluation.dialogue import Said

ASSISTANT = "assistant"
"""Who speaks where there is one voice only."""
_LEAK = 6
"""So many words in a row out of a thought are the thought."""


@dataclass(frozen=True)
class Round:
    """What a system says after the person has spoken, and the talk with it."""

    said: tuple[Said, ...]
    talk: Transcript
    empty: int = 0
    """Turns of which nothing came."""
    counts: Mapping[str, int] = field(default_factory=dict)


class Companions(ABC):
    """A system under test."""

    @abstractmethod
    def answer(self, talk: Transcript, session: str) -> Round:
        """One round.

        Args:
            talk: ends with the person's words; its seed is the only source of chance.
            session: the engine's cache hint.

        Raises:
            EngineError: the engine cannot answer.
        """


@dataclass(frozen=True)
class Asking:
    """Questions to an engine about one talk."""

    engine: Engine
    talk: Transcript
    session: str

    def say(
        self, build: Callable[[Transcript], Sequence[Message]], sampling: Sampling, purpose: str
    ) -> Completion:
        """What the model answers to a prompt, cut at its last whole sentence.

        Args:
            build: the messages for as much of the talk as fits.
            purpose: names the dice; two questions of one talk need two names.
        """
        request = self._request(build, sampling, purpose)
        made = collect(self.engine.stream(request))
        return Completion(whole(made), made.tokens, made.finish)

    def choose(
        self, build: Callable[[Transcript], Sequence[Message]], options: Sequence[str], prefill: str
    ) -> list[float]:
        """Probability of each option after the prefill."""
        request = self._request(build, Sampling(max_tokens=8), "", prefill)
        return self.engine.choose(request, options)

    def _request(
        self,
        build: Callable[[Transcript], Sequence[Message]],
        sampling: Sampling,
        purpose: str,
        prefill: str = "",
    ) -> Request:
        budget = self.engine.info.context_tokens - sampling.max_tokens - 64
        prompt = fit(
            lambda talk: Prompt((), tuple(build(talk)), prefill), self.talk, self.engine.count, budget
        ).prompt
        seeded = Sampling(
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            repeat_penalty=sampling.repeat_penalty,
            stop=sampling.stop,
            seed=dice(self.talk, purpose).randrange(2**31),
        )
        return Request(prompt, seeded, self.session)


def whole(made: Completion) -> str:
    """The text without a last sentence that the tokens ran out on, unless that is all there is."""
    text = made.text.strip()
    found = sentences(text)
    if made.finish != "length" or len(found) < 2 or text[-1] in '.!?…"”':
        return text
    return text[: text.rindex(found[-1])].strip()


def without(thought: str, text: str) -> str:
    """The text without sentences that give a thought away: six words in a row of it, or its label."""
    secret = _runs(thought)
    kept = [s for s in sentences(text) if not _runs(s) & secret and "thoughts:" not in s.casefold()]
    return " ".join(kept)


def _runs(text: str) -> set[tuple[str, ...]]:
    spoken = words(text)
    return {tuple(spoken[i : i + _LEAK]) for i in range(len(spoken) - _LEAK + 1)}
