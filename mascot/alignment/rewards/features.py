"""What can be seen of a reply without understanding it: numbers that a linear reward weighs.

Some twenty measures (is it near to what the person said, an echo of another, does it name what nobody told),
each in about 0 to 1, and the words and word pairs of the reply.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mascot.alignment.preferences import Candidate
from mascot.conversation.text import sentences, words
from mascot.conversation.transcript import PERSON
from mascot.evaluation import style

Vector = NDArray[np.float32]
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[?!,;:\"]")
_CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_NUMBER = re.compile(r"\d+")
_ENDINGS = ("ing", "ed", "es", "'s", "s", "ly")
_COMMON = frozenset(
    words(
        "a an the and or but if of to in on at for with by from as is are was were be been being am do does "
        "did have has had i you he she it we they me him her us them my your his its our their this that "
        "these those not no so too very just then than there here what who whom which when where why how can "
        "could will would should may might must shall about into over after before out up down off again "
        "more most one some any all own don't it's that's you're i'm let's only even still now"
    )
)


def measures(candidate: Candidate, vector_of: Callable[[str], Vector]) -> dict[str, float]:
    """Every measure by name; the names are the same for every candidate.

    Args:
        vector_of: unit vector of a text of the candidate's context, or of what it says.
    """
    says = candidate.says
    spoken = words(says)
    return {
        **_nearness(candidate, vector_of),
        **_grounds(candidate, spoken),
        "length": len(spoken) / 30,
        "length squared": (len(spoken) / 30) ** 2,
        "sentences": len(sentences(says)) / 3,
        "asks": float(style.asks(says)),
        "ends with a question": float(says.rstrip("\"'”’ ").endswith("?")),
        "advises": float(style.advises(says)),
        "reflects": float(style.reflects(says)),
        "agrees": float(style.agrees(says)),
        "exclaims": says.count("!") / 2,
        "quotes": float('"' in says or "“" in says),
        "commas": says.count(",") / 3,
        "letters a word": sum(map(len, spoken)) / max(1, len(spoken)) / 5,
        "words said twice": 1 - len(set(spoken)) / max(1, len(spoken)),
    }


def _nearness(candidate: Candidate, vector_of: Callable[[str], Vector]) -> dict[str, float]:
    """To what the person said, and to what others did."""
    own = vector_of(candidate.says)
    said = [turn for turn in candidate.context if turn.says]
    person = [float(own @ vector_of(turn.says)) for turn in said if turn.speaker == PERSON] or [0.0]
    others = [turn.says for turn in said if turn.speaker != PERSON]
    ours = set(words(candidate.says)) - _COMMON
    return {
        "near the person": max(person),
        "near the last message": person[-1],
        "near another": max((float(own @ vector_of(text)) for text in others), default=0.0),
        "another's words": max(
            (len(ours & set(words(text))) / max(1, len(ours)) for text in others), default=0.0
        ),
    }


def _grounds(candidate: Candidate, spoken: Sequence[str]) -> dict[str, float]:
    """How much of it was told before."""
    heard = " ".join(turn.says for turn in candidate.context)
    known = {_stem(word) for word in words(heard)}
    content = [_stem(word) for word in spoken if word not in _COMMON]
    new = sum(stem not in known for stem in content)
    names = sum(_stem(name.casefold()) not in known for name in _CAPITALISED.findall(candidate.says))
    numbers = sum(number not in heard for number in _NUMBER.findall(candidate.says))
    return {
        "told before": 1 - new / max(1, len(content)),
        "words told before": min(len(content) - new, 8) / 8,
        "new words": new / 20,
        "new names": names / 2,
        "new numbers": numbers / 2,
    }


def _stem(word: str) -> str:
    """The word without a common ending: crude, and the same on both sides."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


class Vocabulary:
    """Words, word pairs and marks of punctuation, each with a number."""

    def __init__(self, grams: Iterable[str]) -> None:
        self.grams = tuple(grams)
        self._number = {gram: i for i, gram in enumerate(self.grams)}

    @classmethod
    def of(cls, texts: Iterable[str], least: int) -> Vocabulary:
        """Those that occur in at least so many of the texts."""
        counted = Counter(gram for text in texts for gram in _grams(text))
        return cls(sorted(gram for gram, count in counted.items() if count >= least))

    def __len__(self) -> int:
        return len(self.grams)

    def numbers(self, text: str) -> list[int]:
        """Of those in the text, each once, rising."""
        return sorted(self._number[gram] for gram in _grams(text) if gram in self._number)


def _grams(text: str) -> set[str]:
    tokens = [token.casefold().replace("’", "'") for token in _TOKEN.findall(text)]
    return {*tokens, *(f"{a} {b}" for a, b in itertools.pairwise(tokens))}
