"""Fits the likeness weights: `python -m mascot.safety.fit` writes likeness.npz from the tuning half.

The threshold comes from eight-fold cross-validation inside the tuning half: the smallest at which likeness
alone adds at most two false alarms per hundred harmless messages. The held-out half is never read here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mascot.engines.embedding import Embedder, MiniLM
from mascot.safety.labelled import Labelled, labelled
from mascot.safety.likeness import KINDS, WEIGHTS, Likeness, kernel
from mascot.safety.normalise import normalise
from mascot.safety.recogniser import alarm, comparable
from mascot.safety.sentences import by_length, sentences

_RIDGE = 0.5
_FOLDS = 8
_FALSE_ALARMS = 0.02


def fit(embedder: Embedder) -> Likeness:
    """The weights and the threshold from the tuning half; the same on every run."""
    rows = labelled("tune")
    examples = embedder.encode([normalise(row.text) for row in rows]).astype(np.float16).astype(np.float32)
    votes, offset = _solve(examples, _targets(rows))
    return Likeness(examples, votes, offset, _threshold(rows, examples, embedder))


def _targets(rows: list[Labelled]) -> NDArray[np.float64]:
    columns = [
        [row.kind is not None for row in rows],
        *([row.kind == kind for row in rows] for kind in KINDS),
    ]
    return np.array(columns, dtype=np.float64).T * 2 - 1


def _solve(examples: NDArray[np.float32], targets: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    offset = targets.mean(axis=0)
    matrix = kernel(examples, examples).astype(np.float64) + _RIDGE * np.eye(len(examples))
    return np.linalg.solve(matrix, targets - offset).astype(np.float32), offset.astype(np.float32)


def _threshold(rows: list[Labelled], examples: NDArray[np.float32], embedder: Embedder) -> float:
    """The score that two in a hundred harmless messages would reach unseen, where no alarm decides."""
    targets = _targets(rows)
    passages_of = {at: _undecided(row.text) for at, row in enumerate(rows) if row.kind is None}
    units = by_length(unit for found in passages_of.values() for unit in found)
    vectors = embedder.encode(units)
    number = {unit: at for at, unit in enumerate(units)}
    best = []
    for fold in range(_FOLDS):
        inside = np.arange(len(rows)) % _FOLDS != fold
        model = Likeness(examples[inside], *_solve(examples[inside], targets[inside]), threshold=0.0)
        scores = model.scores(vectors)[:, 0]
        for at, found in passages_of.items():
            if not inside[at]:
                best.append(max((float(scores[number[unit]]) for unit in found), default=-1.0))
    return round(float(np.quantile(best, 1 - _FALSE_ALARMS)), 3)


def _undecided(text: str) -> list[str]:
    """The passages that likeness has to judge: none where an alarm decides."""
    parts = sentences(normalise(text))
    if any(alarm(part) for part in parts):
        return []
    return comparable(parts)


def main() -> None:
    """Writes the weights beside this module, with the embedder in $MASCOT_HOME/models (default .mascot)."""
    home = Path(os.environ.get("MASCOT_HOME", ".mascot"))
    model = fit(MiniLM(home / "models" / "all-minilm-l6-v2"))
    np.savez_compressed(
        WEIGHTS,
        examples=model.examples.astype(np.float16),
        votes=model.votes,
        offset=model.offset,
        threshold=np.float32(model.threshold),
    )
    sys.stdout.write(
        f"{len(model.examples)} examples, threshold {model.threshold:.3f}, written to {WEIGHTS.name}\n"
    )


if __name__ == "__main__":
    main()
