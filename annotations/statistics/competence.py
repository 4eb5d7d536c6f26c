"""How often each rater knows the answer: MACE, without anybody's gold answers.

The model of Hovy, Berg-Kirkpatrick, Vaswani and Hovy (Learning Whom to Trust with MACE, NAACL 2013): a rater
either gives the true category, with their competence as probability, or answers from a habit of their own.
crowd-kit has it too, and brings nltk and transformers along; this is the same model with a weak prior instead
of restarts. It is for answers that have a truth; for shades of opinion see `quality`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotations.statistics.ratings import Ratings

_ROUNDS, _CLOSE, _WEIGHT = 500, 1e-6, 0.5


@dataclass(frozen=True)
class Competence:
    """What MACE found.

    Attributes:
        raters: Competence of each rater, from 0 (habit only) to 1, shape (raters,).
        truth: Probability of each value for each item, shape (items, values).
    """

    raters: np.ndarray
    truth: np.ndarray


def mace(ratings: Ratings) -> Competence:
    """Fits the model by EM with half an answer of prior weight on knowing, on not knowing, and on each habit.

    EM starts from the shares of the answers to each item, so the result is the same each time.
    """
    raters, items, values = len(ratings.raters), len(ratings.items), len(ratings.values)
    knows = np.full(raters, 0.5)
    habit = np.full((raters, values), 1 / values)
    counts = ratings.counts().toarray() + _WEIGHT
    truth = counts / counts.sum(axis=1, keepdims=True)
    answers = np.bincount(ratings.rater, minlength=raters)
    for _ in range(_ROUNDS):
        before = knows
        known = truth[ratings.item, ratings.value] * _if_true(ratings, knows, habit)
        total = np.bincount(ratings.rater, known, minlength=raters)
        knows = (total + _WEIGHT) / (answers + 2 * _WEIGHT)
        cell = ratings.rater * values + ratings.value
        habit = np.bincount(cell, 1 - known, minlength=raters * values).reshape(raters, values) + _WEIGHT
        habit /= habit.sum(axis=1, keepdims=True)
        truth = _truth(ratings, knows, habit, items)
        if np.abs(knows - before).max() < _CLOSE:
            break
    return Competence(knows, truth)


def _if_true(ratings: Ratings, knows: np.ndarray, habit: np.ndarray) -> np.ndarray:
    """Probability that an answer was known, if it is the true one, shape (answers,)."""
    by_habit = (1 - knows[ratings.rater]) * habit[ratings.rater, ratings.value]
    return knows[ratings.rater] / (knows[ratings.rater] + by_habit)


def _truth(ratings: Ratings, knows: np.ndarray, habit: np.ndarray, items: int) -> np.ndarray:
    """Posterior of each item's value; what is the same for every value cancels."""
    values = habit.shape[1]
    by_habit = (1 - knows[ratings.rater]) * habit[ratings.rater, ratings.value]
    gain = np.log1p(knows[ratings.rater] / by_habit)
    cell = ratings.item * values + ratings.value
    log = np.bincount(cell, gain, minlength=items * values).reshape(items, values)
    odds = np.exp(log - log.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)
