"""The crisis recogniser: does this message say that somebody is in danger?

The message as a whole and every passage of it are read by what was learnt (likeness.py), patterns among it.
One passage is enough, but has to be a little clearer than a whole message. Without an embedder only the
patterns read; they miss more, so the caller has to ask for it in words (`CrisisRecogniser(None)`), and
`degraded` tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mascot.engines.embedding import Embedder
from mascot.safety.contexts import excused, without_figures
from mascot.safety.likeness import KINDS, Likeness, load, mixed
from mascot.safety.normalise import normalise
from mascot.safety.patterns import alarm_in
from mascot.safety.sentences import by_length, passages, sentences

_EMBEDDED = 6_000
_WHOLE = 1_000
_ALARM_SCORE = 0.95

_ALARMED = 10
_APART = 2.0
"""How much clearer a passage has to be than a whole message, in log-odds: it was taken out of its context."""


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


@dataclass(frozen=True)
class Passage:
    """A part of a message, or all of it; `alarm` is the kind of the pattern's alarm in it."""

    text: str
    alarm: str | None
    penalty: float


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
        self._likeness = load() if embedder is not None else None

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
        plain = [normalise(text) for text in texts]
        if self._embedder is None or self._likeness is None:
            return [_by_patterns(sentences(text)) for text in plain]
        learnt = self._likeness
        found = log_odds([read_in(text) for text in plain], self._embedder, learnt)
        return [_verdict(above, kind, learnt.threshold) for above, kind in found]


def alarm(sentence: str) -> str | None:
    """The kind of alarm that a normalised sentence sets off, unless its context excuses it."""
    plain = sentence.replace("'", "")
    kind = alarm_in(without_figures(plain))
    return None if kind is None or excused(plain) else kind


def read_in(text: str) -> list[Passage]:
    """What the embedder reads of a normalised message: it all, then passages, 6,000 characters at most.

    Sentences that sound an alarm go before the others, so that no length hides them.
    """
    parts = sentences(text)
    if not parts:
        return []
    alarms = {part: alarm(part) for part in parts}
    whole = text[:_WHOLE]
    alarmed = [part for part, kind in alarms.items() if kind][:_ALARMED]
    budget = _EMBEDDED - len(whole) - sum(map(len, alarmed))
    apart = dict.fromkeys([*alarmed, *passages(parts, budget)])
    apart.pop(whole, None)
    loud = [(part, kind) for part, kind in alarms.items() if kind]
    texts = [(whole, 0.0), *((text, _APART) for text in apart)]
    return [
        Passage(text, next((kind for part, kind in loud if part in text), None), penalty)
        for text, penalty in texts
    ]


def log_odds(messages: list[list[Passage]], embedder: Embedder, learnt: Likeness) -> list[tuple[float, str]]:
    """Of each message's clearest passage: log-odds of a crisis, less what being apart costs, and the kind."""
    distinct = by_length(part.text for parts in messages for part in parts)
    if not distinct:
        return [(-math.inf, KINDS[0]) for _ in messages]
    row = {text: at for at, text in enumerate(distinct)}
    votes, words = learnt.votes_on(embedder.encode(distinct)), learnt.wording(distinct)
    return [_clearest(parts, votes, words, [row[part.text] for part in parts]) for parts in messages]


def _clearest(
    parts: list[Passage], votes: NDArray[np.float32], words: NDArray[np.float32], rows: list[int]
) -> tuple[float, str]:
    if not parts:
        return -math.inf, KINDS[0]
    alarms = np.array([part.alarm is not None for part in parts], dtype=np.float32)
    penalties = np.array([part.penalty for part in parts], dtype=np.float32)
    found = mixed(votes[rows, 0], words[rows], alarms) - penalties
    top = int(found.argmax())
    return float(found[top]), parts[top].alarm or KINDS[int(votes[rows[top], 1:].argmax())]


def _verdict(log_odds: float, kind: str, threshold: float) -> Verdict:
    above = log_odds - threshold
    if above == -math.inf:
        return _CALM
    score = round(1 / (1 + math.exp(-max(-30.0, min(30.0, above)))), 4)
    if above >= 0:
        return Verdict(crisis=True, kind=kind, score=max(score, 0.5))
    return Verdict(crisis=False, kind=None, score=min(score, 0.4999))


def _by_patterns(parts: list[str]) -> Verdict:
    kind = next((found for part in parts if (found := alarm(part))), None)
    return Verdict(crisis=True, kind=kind, score=_ALARM_SCORE) if kind else _CALM
