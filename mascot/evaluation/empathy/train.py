"""Trains the empathy judge and writes its weights and its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from mascot.engines.embedding import Embedder
from mascot.evaluation.empathy.features import features
from mascot.evaluation.empathy.judge import CARD, NAME, WEIGHTS
from mascot.evaluation.empathy.ridge import Linear, fit, unseen
from mascot.evaluation.judges.base import Criterion
from mascot.evaluation.judges.card import TOO_WEAK, Card, make_card
from mascot.evaluation.judges.rated import EXPERT_NAMES, Rated

MODEL = "ridge regression on all-MiniLM-L6-v2 embeddings and eleven counts"
NOTES = (
    "κ and Spearman are of predictions for conversations that the regression had not seen (ten folds by "
    "conversation, the penalty chosen inside each training part). Embeddings alone, counts alone and both "
    "were compared on the same folds before this was chosen, so expect a little less on new data.",
    f"Only dimensions with κ of at least {TOO_WEAK} are ever scored. Fifty conversations stand behind each.",
    "Ratings: `empathic_judging` (Kumar et al. 2026, MIT). The conversations under them are of Lend an Ear, "
    "EmpatheticDialogues (CC BY-NC 4.0) and EPITOME; the weights hold no word of them.",
)


def train(
    rated: Sequence[Rated], dimensions: Sequence[Criterion], embedder: Embedder, made: Mapping[str, str]
) -> tuple[dict[str, Linear], Card]:
    """A regression for each dimension, and the card of how well it does on what it has not seen.

    Targets are the means of the three experts; the card compares with their median, as for every judge.
    """
    trained: dict[str, Linear] = {}
    scores: dict[tuple[str, str], float | None] = {}
    seen = features([one.case for one in rated], embedder)
    for dimension in dimensions:
        rows = [row for row, one in enumerate(rated) if dimension.id in one.ratings]
        targets = np.array([_mean(rated[row].ratings[dimension.id]) for row in rows])
        trained[dimension.id] = fit(seen[rows], targets)
        predicted = np.clip(unseen(seen[rows], targets), dimension.low, dimension.high)
        for row, score in zip(rows, predicted, strict=True):
            scores[rated[row].case.id, dimension.id] = float(score)
    return trained, make_card(NAME, MODEL, scores, rated, dimensions, made, NOTES)


def save(trained: Mapping[str, Linear], card: Card, folder: Path) -> None:
    """Weights and card into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [np.append(linear.weights, linear.intercept) for linear in trained.values()]
    matrix = np.array(rows, dtype=np.float32)
    np.savez_compressed(folder / WEIGHTS, dimensions=np.array(list(trained)), weights=matrix)
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", "utf-8")


def _mean(ratings: Mapping[str, float]) -> float:
    return fmean(ratings[name] for name in EXPERT_NAMES)
