"""Who spoke? A classifier that knows the experts' voices guesses from the words alone.

It is trained on expert replies of the training themes and never on anything a system said, so a system
scores only by sounding as the experts do. Features are words, word pairs and letters (TF-IDF), the model is
logistic regression; sentence embeddings in their place, or beside them, told held-out experts apart no
better (`docs/evaluation.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from mascot.evaluation.dialogue import Dialogue

_TOKEN = r"\b\w+\b|[?!,;:\"]"
"""Words, and the marks of punctuation that tell voices apart, too."""


class WhoSpoke:
    """A guess for each text.

    Args:
        texts: what was said, by two speakers or more; runs of letters found in one text only are not used.
        speakers: who said it, one per text.
    """

    def __init__(self, texts: Sequence[str], speakers: Sequence[str]) -> None:
        by_word = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=_TOKEN)
        by_letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
        classifier = LogisticRegression(C=20.0, max_iter=3000)
        self._model = make_pipeline(make_union(by_word, by_letter), classifier).fit(texts, speakers)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everyone it can guess."""
        return tuple(str(speaker) for speaker in self._model.classes_)

    def guess(self, texts: Sequence[str]) -> tuple[str, ...]:
        """The likeliest speaker of each text."""
        return tuple(str(speaker) for speaker in self._model.predict(texts)) if texts else ()

    def right(self, dialogue: Dialogue) -> tuple[bool, ...]:
        """For each utterance whether its speaker is guessed."""
        guessed = self.guess(dialogue.texts)
        return tuple(guess == said.agent for guess, said in zip(guessed, dialogue.said, strict=True))


def confusion(actual: Sequence[str], guessed: Sequence[str], speakers: Sequence[str]) -> np.ndarray:
    """How often each speaker (row) was taken for each (column); shape (speakers, speakers), counts."""
    place = {speaker: i for i, speaker in enumerate(speakers)}
    table = np.zeros((len(speakers), len(speakers)), dtype=int)
    for was, taken_for in zip(actual, guessed, strict=True):
        table[place[was], place[taken_for]] += 1
    return table


def drift(right: Sequence[bool]) -> float | None:
    """How much of the voice is lost in the course of a dialogue.

    Share of right guesses in its first half minus the share in its second, -1 to 1, positive where the
    voices fade; the middle one of an odd number is left out. None below two utterances.
    """
    half = len(right) // 2
    return float(np.mean(right[:half]) - np.mean(right[-half:])) if half else None
