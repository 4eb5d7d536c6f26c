"""What the trained judge sees of a conversation: what the supporter says, as an embedding and as counts."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from mascot.conversation.text import words
from mascot.conversation.transcript import PERSON
from mascot.engines.embedding import Embedder, Vectors
from mascot.evaluation import style
from mascot.evaluation.judges.base import Case

Features = NDArray[np.float64]

COUNTS = (
    "utterances that ask",
    "utterances that advise",
    "utterances that reflect a feeling",
    "utterances that agree",
    "words an utterance (log)",
    "words (log)",
    "share of I, me, my",
    "share of you, your",
    "nearness to the person's words",
    "utterances with sorry",
    "exclamation marks an utterance",
)
"""The counts, in their order; the embedding stands before them."""

_SELF = frozenset(("i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll"))
_OTHER = frozenset(("you", "your", "yours", "yourself", "you're", "you've"))


def features(cases: Sequence[Case], embedder: Embedder) -> Features:
    """Shape (cases, dimension of the embedder + counts).

    The embedding is the unit mean of those of the judged lines. A case in which nobody but the person
    speaks is all zeros but for the length.
    """
    told = [_told(case) for case in cases]
    texts = list(dict.fromkeys(text for pair in told for part in pair for text in part))
    row = {text: place for place, text in enumerate(texts)}
    vectors = embedder.encode(texts)
    rows = []
    for said, heard in told:
        own = _direction(vectors[[row[text] for text in said]])
        person = _direction(vectors[[row[text] for text in heard]])
        rows.append(np.concatenate([own, _counts(said, float(own @ person))]))
    return np.array(rows, dtype=np.float64)


def _told(case: Case) -> tuple[list[str], list[str]]:
    """What is judged, and what the person said."""
    said = [line.text for line in case.said if line.speaker != PERSON]
    heard = [line.text for line in (*case.heard, *case.said) if line.speaker == PERSON]
    return said, heard


def _direction(vectors: Vectors) -> Features:
    total = vectors.sum(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(total))
    return total / length if length else total


def _counts(said: Sequence[str], near: float) -> Features:
    if not said:
        return np.zeros(len(COUNTS))
    spoken = [words(text) for text in said]
    every = [word for some in spoken for word in some]
    return np.array(
        [
            fmean(map(style.asks, said)),
            fmean(map(style.advises, said)),
            fmean(map(style.reflects, said)),
            fmean(map(style.agrees, said)),
            np.log1p(fmean(map(len, spoken))),
            np.log1p(len(every)),
            sum(word in _SELF for word in every) / max(1, len(every)),
            sum(word in _OTHER for word in every) / max(1, len(every)),
            near,
            fmean("sorry" in some for some in spoken),
            fmean(text.count("!") for text in said),
        ]
    )
