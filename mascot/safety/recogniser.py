"""The crisis recogniser: does this message say that somebody is in danger?

Two readers look at every sentence: patterns (patterns.py, minus figures of speech and harmless contexts), and
likeness to labelled crises. Either one is enough. Without an embedder only the patterns read; they miss more,
so the caller has to ask for it in words (`CrisisRecogniser(None)`), and `degraded` tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mascot.engines.embedding import Embedder
from mascot.safety import likeness
from mascot.safety.contexts import excused, only_a_figure, without_figures
from mascot.safety.normalise import normalise
from mascot.safety.patterns import alarm_in
from mascot.safety.sentences import by_length, passages, sentences

_EMBEDDED = 6_000
_ALARM_SCORE = 0.95
_STEEPNESS = 4.0


@dataclass(frozen=True)
class Verdict:
    """What the recogniser says of one message.

    `score` runs from 0 to 1 and is at least 0.5 exactly when `crisis` is true; it orders messages and is not
    a probability. `kind` is one of suicide, self_harm, abuse, violence, medical, or None without a crisis.
    """

    crisis: bool
    kind: str | None
    score: float


_CALM = Verdict(crisis=False, kind=None, score=0.0)


class CrisisRecogniser:
    """Reads messages for self-harm, suicide, abuse, violence and medical emergencies, in English.

    Safe to share between threads. It keeps and logs nothing of what it reads.
    """

    def __init__(self, embedder: Embedder | None) -> None:
        """With `None`, patterns alone: for when there is no embedder and none is better than nothing.

        Raises:
            ModelError: the fitted weights are missing or unreadable.
        """
        self._embedder = embedder
        self._likeness = likeness.load() if embedder is not None else None

    @property
    def degraded(self) -> bool:
        """Whether only the patterns read, because there is no embedder; a page has to say so."""
        return self._embedder is None

    def check(self, text: str) -> Verdict:
        """The verdict on one message, of any length and in any characters.

        Patterns read every sentence, in time that grows with the length; the embedder reads at most 6,000
        characters, in one call: of a longer message the worrying sentences first.

        Raises:
            ModelError: the embedder's files are missing. No other exception.
        """
        return self.check_all([text])[0]

    def check_all(self, texts: Sequence[str]) -> list[Verdict]:
        """The verdicts on several messages, each as `check` gives it, with the embedder called once.

        Raises:
            ModelError: the embedder's files are missing. No other exception.
        """
        parts = [sentences(normalise(text)) for text in texts]
        verdicts = [_by_patterns(each) for each in parts]
        unsure = [at for at, verdict in enumerate(verdicts) if not verdict.crisis]
        for at, verdict in self._by_likeness({at: comparable(parts[at]) for at in unsure}).items():
            verdicts[at] = verdict
        return verdicts

    def _by_likeness(self, units: dict[int, list[str]]) -> dict[int, Verdict]:
        units = {at: found for at, found in units.items() if found}
        if self._embedder is None or self._likeness is None or not units:
            return {}
        distinct = by_length(unit for found in units.values() for unit in found)
        row = {unit: at for at, unit in enumerate(distinct)}
        scores = self._likeness.scores(self._embedder.encode(distinct))
        threshold = self._likeness.threshold
        return {at: _verdict(scores[[row[unit] for unit in found]], threshold) for at, found in units.items()}


def alarm(sentence: str) -> str | None:
    """The kind of alarm that a normalised sentence sets off, unless its context excuses it."""
    plain = sentence.replace("'", "")
    kind = alarm_in(without_figures(plain))
    return None if kind is None or excused(plain) else kind


def comparable(parts: list[str]) -> list[str]:
    """The passages that likeness judges: not bare figures of speech, nor what their context excuses."""
    return [unit for unit in passages(parts, _EMBEDDED) if not _harmless(unit.replace("'", ""))]


def _harmless(plain: str) -> bool:
    return excused(plain) or only_a_figure(plain)


def _by_patterns(parts: list[str]) -> Verdict:
    kind = next((found for part in parts if (found := alarm(part))), None)
    return Verdict(crisis=True, kind=kind, score=_ALARM_SCORE) if kind else _CALM


def _verdict(scores: NDArray[np.float32], threshold: float) -> Verdict:
    top = scores[int(scores[:, 0].argmax())]
    above = float(top[0]) - threshold
    crisis = above >= 0
    kind = likeness.KINDS[int(top[1:].argmax())] if crisis else None
    return Verdict(crisis=crisis, kind=kind, score=round(1 / (1 + math.exp(-_STEEPNESS * above)), 4))
