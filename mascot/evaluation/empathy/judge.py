"""A small judge of empathy, trained on the ratings of three experts: less than five thousand numbers.

It is no language model: a ridge regression on the sentence embedding of what was said and on eleven counts.
It answers only for the dimensions for which it agreed with experts on conversations that it had never seen
(κ of at least `TOO_WEAK`), and its card says how well.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import numpy as np

from mascot.engines.embedding import Embedder
from mascot.errors import InputError
from mascot.evaluation.empathy.features import Features, features
from mascot.evaluation.empathy.ridge import Linear
from mascot.evaluation.judges.base import Case, Criterion, Judge, Verdict
from mascot.evaluation.judges.card import TOO_WEAK, Card

NAME = "empathy"
WEIGHTS, CARD = "weights.npz", "card.json"


class EmpathyJudge(Judge):
    """Scores a supporter's part of a conversation.

    Args:
        embedder: the embedded one, on which it was trained.
        trained: by dimension; None takes those that are shipped.
        card: how good they are; None takes the shipped one.
    """

    name = NAME

    def __init__(
        self, embedder: Embedder, trained: Mapping[str, Linear] | None = None, card: Card | None = None
    ) -> None:
        self._embedder = embedder
        self._trained = shipped_weights() if trained is None else trained
        self.card = shipped_card() if card is None else card
        self._good = {
            line.dimension for line in self.card.lines if line.kappa is not None and line.kappa >= TOO_WEAK
        }
        self._read: tuple[Case, Features] | None = None

    def knows(self, criterion: Criterion) -> bool:
        """Whether it was trained for it, and well enough to be asked."""
        return criterion.id in self._good & self._trained.keys() and criterion.level == "conversation"

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        if not self.knows(criterion):
            known = ", ".join(sorted(self._good))
            raise InputError(f"the trained judge does not know {criterion.id!r}: it knows {known}")
        predicted = float(self._trained[criterion.id].predict(self._features(case))[0])
        score = min(max(predicted, criterion.low), criterion.high)
        return Verdict(case=case.id, criterion=criterion.id, judge=self.name, score=score)

    def _features(self, case: Case) -> Features:
        """Of the case asked about last they are remembered: all its questions come one after another."""
        read = self._read
        if read is None or read[0] != case:
            read = self._read = case, features([case], self._embedder)
        return read[1]


def shipped_weights() -> dict[str, Linear]:
    """What was trained, by dimension."""
    with files("mascot.evaluation.empathy").joinpath(WEIGHTS).open("rb") as file:
        arrays = np.load(file)
        names, rows = arrays["dimensions"], arrays["weights"].astype(np.float64)
    return {str(name): Linear(row[:-1], float(row[-1])) for name, row in zip(names, rows, strict=True)}


def shipped_card() -> Card:
    """How well it agrees with experts."""
    text = files("mascot.evaluation.empathy").joinpath(CARD).read_text("utf-8")
    return Card.model_validate_json(text)
