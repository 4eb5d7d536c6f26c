"""How much is said again: by another agent of the same round, and in other dialogues.

Inside a dialogue likeness is measured by meaning (embeddings), across dialogues by words: a group that
consoles everybody with the same phrases is fluent in each dialogue and a template over all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import exp, log

import numpy as np

from mascot.conversation.text import words
from mascot.engines.embedding import Vectors

Gram = tuple[str, ...]
_ORDER = 4
"""BLEU counts runs of one to four words (Papineni et al. 2002)."""


def grams(text: str, size: int) -> list[Gram]:
    """Runs of `size` words, in order."""
    spoken = words(text)
    return [tuple(spoken[i : i + size]) for i in range(len(spoken) - size + 1)]


def overlap(agents: Sequence[str], vectors: Vectors) -> float | None:
    """Mean cosine between utterances of different agents, -1 to 1; None where only one spoke.

    Args:
        agents: who said each utterance of the round.
        vectors: their unit vectors, shape (utterances, dimension).
    """
    who = np.array(agents)
    pairs = np.triu(who[:, None] != who[None, :], 1)
    return float((vectors @ vectors.T)[pairs].mean()) if pairs.any() else None


def vendi(vectors: Vectors) -> float | None:
    """Effective number of different texts, 1 to the number of texts (Friedman and Dieng 2023).

    The exponential of the entropy of the eigenvalues of K/n, where K are the cosines of n unit vectors.
    None for no text.
    """
    if not len(vectors):
        return None
    # The smaller of the two Gram matrices has the same eigenvalues but for zeros.
    kernel = vectors @ vectors.T if len(vectors) <= vectors.shape[1] else vectors.T @ vectors
    shares = np.linalg.eigvalsh(kernel.astype(np.float64) / len(vectors))
    shares = shares[shares > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def distinct(texts: Iterable[str], size: int) -> float | None:
    """Different runs of `size` words over all of them, 0 to 1 (Li et al. 2016); None where there are none.

    Falls with the number of words, whatever they are: compare systems on the same dialogues, and look at
    their lengths.
    """
    found = [gram for text in texts for gram in grams(text, size)]
    return len(set(found)) / len(found) if found else None


def reuse(dialogues: Sequence[Sequence[str]], size: int) -> float | None:
    """Template reuse: share of utterances with a run of `size` words that another dialogue has, too.

    Args:
        dialogues: the utterances of each dialogue.
    """
    return _shared([[set(grams(text, size)) for text in texts] for texts in dialogues])


def openings(dialogues: Sequence[Sequence[str]], size: int = 3) -> float | None:
    """Share of utterances whose first `size` words open an utterance of another dialogue, too."""
    return _shared([[set(grams(text, size)[:1]) for text in texts] for texts in dialogues])


def _shared(dialogues: Sequence[Sequence[set[Gram]]]) -> float | None:
    """Share of utterances of which any gram occurs in another dialogue."""
    within = Counter(gram for dialogue in dialogues for gram in set[Gram]().union(*dialogue))
    again = [any(within[gram] > 1 for gram in found) for dialogue in dialogues for found in dialogue]
    return float(np.mean(again)) if again else None


def self_bleu(dialogues: Sequence[Sequence[str]]) -> float | None:
    """Mean BLEU-4 of each utterance against all utterances of the other dialogues, 0 to 1 (Zhu et al. 2018).

    Utterances of its own dialogue are no references: to come back to what was said is no template. None
    for fewer than two dialogues in which something was said.
    """
    known = _References(dialogues)
    if known.dialogues < 2:
        return None
    spoken = ((text, place) for place, texts in enumerate(dialogues) for text in texts if words(text))
    return float(np.mean([known.bleu(text, place) for text, place in spoken]))


class _References:
    """Of each gram the two dialogues in which one utterance has it most often: enough to leave one out."""

    def __init__(self, dialogues: Sequence[Sequence[str]]) -> None:
        self._top: dict[Gram, list[tuple[int, int]]] = defaultdict(list)
        self._lengths: dict[int, set[int]] = defaultdict(set)
        for place, texts in enumerate(dialogues):
            most: Counter[Gram] = Counter()
            for text in texts:
                for counts in _counted(text):
                    most |= counts
                if length := len(words(text)):
                    self._lengths[length].add(place)
            for gram, count in most.items():
                _keep_two(self._top[gram], (count, place))
        self.dialogues = len(set[int]().union(*self._lengths.values()))

    def bleu(self, text: str, own: int) -> float:
        """BLEU-4 against every dialogue but `own`; counts without a match are smoothed by halving."""
        length = len(words(text))
        orders = _counted(text)
        right = [sum(min(n, self._elsewhere(gram, own)) for gram, n in one.items()) for one in orders]
        elsewhere = (other for other, places in self._lengths.items() if places - {own})
        nearest = min((abs(other - length), other) for other in elsewhere)[1]
        return bleu(right, [counts.total() for counts in orders], length, nearest)

    def _elsewhere(self, gram: Gram, own: int) -> int:
        return next((count for count, place in self._top.get(gram, []) if place != own), 0)


def _keep_two(best: list[tuple[int, int]], new: tuple[int, int]) -> None:
    if len(best) < 2:
        best.append(new)
    elif new > min(best):
        best.remove(min(best))
        best.append(new)
    best.sort(reverse=True)


@lru_cache(maxsize=16384)
def _counted(text: str) -> tuple[Counter[Gram], ...]:
    """How often each gram occurs, by order; remembered, as a jackknife asks for it many times."""
    return tuple(Counter(grams(text, size)) for size in range(1, _ORDER + 1))


def bleu(right: Sequence[int], total: Sequence[int], length: int, reference: int) -> float:
    """BLEU from its counts, 0 to 1 (Papineni et al. 2002).

    Orders that a short text does not have are left out; the k-th order without a match counts as 2^-k
    matches (NIST's smoothing, `exp` in sacrebleu).

    Args:
        right: matching grams, by order.
        total: all grams, by order.
        length: words of the text.
        reference: words of the reference nearest in length, the shorter of two.
    """
    if not any(right):
        return 0.0
    logs, halvings = [], 0
    for matches, of in zip(right, total, strict=True):
        if of:
            halvings += matches == 0
            logs.append(log((matches or 0.5**halvings) / of))
    brevity = min(0.0, 1 - reference / length)
    return exp(sum(logs) / len(logs) + brevity)
