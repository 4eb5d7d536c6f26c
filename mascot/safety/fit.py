"""Fits what the recogniser learnt: `python -m mascot.safety.fit` writes likeness.npz from the tuning lines.

The threshold is what 2 % of the harmless lines of three independent writers reach when all lines of the
writer are left out, because the lines of one writer resemble each other more than a stranger's do. Recall at
it is printed. The held-out lines are never read here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from mascot.engines.embedding import Embedder, MiniLM
from mascot.safety.labelled import Labelled, labelled
from mascot.safety.likeness import KINDS, WEIGHTS, Likeness, kernel
from mascot.safety.normalise import normalise
from mascot.safety.recogniser import log_odds, read_in
from mascot.safety.sentences import by_length
from mascot.safety.wording import BUCKETS, wording

_RIDGE = 0.3
_WORDING_STRENGTH = 30.0
_FALSE_ALARMS = 0.02
_STRANGERS = ("h5", "h6", "w7")
"""Writers who had seen nothing of this; all others wrote harmless lines that are harder than life."""


class Lines(NamedTuple):
    """The tuning half as fitting reads it, row by row."""

    rows: list[Labelled]
    examples: NDArray[np.float32]
    words: csr_matrix
    targets: NDArray[np.float64]
    """+1 and -1, (rows, 6): crisis, then each of `KINDS`."""


def fit(embedder: Embedder) -> tuple[Likeness, dict[str, tuple[float, float]]]:
    """The weights, the same on every run, and recall and false alarms on each stranger's lines, left out."""
    known = _Known(embedder)
    lines = _lines(labelled(), known)
    writers = np.array([row.writer for row in lines.rows])
    crisis = lines.targets[:, 0] > 0
    odds = {writer: _left_out(lines, writers == writer, known) for writer in _STRANGERS}
    calm = np.concatenate([odds[writer][~crisis[writers == writer]] for writer in _STRANGERS])
    threshold = round(float(np.quantile(calm, 1 - _FALSE_ALARMS)), 3)
    shares = {}
    for writer, found in odds.items():
        theirs = crisis[writers == writer]
        shares[writer] = (_share(found[theirs], threshold), _share(found[~theirs], threshold))
    return _learnt(lines)._replace(threshold=threshold), shares


class _Known:
    """An embedder that remembers, so that each fold embeds nothing anew."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Embeds those not seen before."""
        new = [text for text in by_length(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.encode(new), strict=True))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (len(texts), 384)."""
        self.learn(texts)
        return np.stack([self._vectors[text] for text in texts])


def _lines(rows: list[Labelled], embedder: Embedder) -> Lines:
    texts = [normalise(row.text) for row in rows]
    examples = embedder.encode(texts).astype(np.float16).astype(np.float32)
    columns = [
        [row.kind is not None for row in rows],
        *([row.kind == kind for row in rows] for kind in KINDS),
    ]
    return Lines(rows, examples, _sparse(texts), np.array(columns, dtype=np.float64).T * 2 - 1)


def _sparse(texts: list[str]) -> csr_matrix:
    found = [wording(text) for text in texts]
    row = np.repeat(np.arange(len(texts)), [len(at) for at, _ in found])
    at, values = (np.concatenate(each) for each in zip(*found, strict=True))
    return csr_matrix((values, (row, at)), shape=(len(texts), BUCKETS))


def _learnt(lines: Lines, used: NDArray[np.bool_] | slice = slice(None)) -> Likeness:
    examples, targets = lines.examples[used], lines.targets[used]
    offset = targets.mean(axis=0)
    matrix = kernel(examples, examples)
    matrix[np.diag_indices_from(matrix)] += _RIDGE
    votes = np.linalg.solve(matrix, (targets - offset).astype(np.float32))
    model = LogisticRegression(C=_WORDING_STRENGTH, solver="liblinear", random_state=0)
    model.fit(lines.words[used], targets[:, 0] > 0)
    words = np.append(model.coef_[0], model.intercept_).astype(np.float16).astype(np.float32)
    return Likeness(examples, votes, offset.astype(np.float32), words, threshold=0.0)


def _left_out(lines: Lines, out: NDArray[np.bool_], embedder: Embedder) -> NDArray[np.float64]:
    """The log-odds of the messages that `out` marks, found by what was learnt from all others."""
    messages = [read_in(normalise(lines.rows[at].text)) for at in np.flatnonzero(out)]
    return np.array([found for found, _ in log_odds(messages, embedder, _learnt(lines, ~out))])


def _share(odds: NDArray[np.float64], threshold: float) -> float:
    return float((odds >= threshold).mean()) if len(odds) else 0.0


def main() -> None:
    """Writes the weights beside this module, with the embedder in $MASCOT_HOME/models (default .mascot)."""
    home = Path(os.environ.get("MASCOT_HOME", ".mascot"))
    model, shares = fit(MiniLM(home / "models" / "all-minilm-l6-v2"))
    np.savez_compressed(
        WEIGHTS,
        examples=model.examples.astype(np.float16),
        votes=model.votes.astype(np.float16),
        offset=model.offset,
        words=model.words.astype(np.float16),
        threshold=np.float32(model.threshold),
    )
    for writer, (recall, false_alarms) in shares.items():
        sys.stdout.write(f"{writer:<8} left out: recall {recall:6.1%}, false alarms {false_alarms:6.1%}\n")
    sys.stdout.write(
        f"{len(model.examples)} examples, threshold {model.threshold:.3f}, written to {WEIGHTS.name}\n"
    )


if __name__ == "__main__":
    main()
