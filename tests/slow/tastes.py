"""The loop from people, measured: raters of a known taste, their export, and what a reward learned of it.

python -m tests.slow.tastes          # prints the table of docs/alignment.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mascot.alignment.preferences import Preference
from mascot.alignment.preferences_human import read_export
from mascot.alignment.preferences_sources import gather
from mascot.alignment.rewards.light import LightRecipe
from mascot.engines.embedding import Embedder, MiniLM, Vectors
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import InputError
from mascot.evaluation.intervals import Estimate
from mascot.settings import read_settings
from tests.unit.alignment.rewarding import Taste, exported, tasteful_study
from tests.unit.alignment.support import CAST
from tests.unit.alignment.test_taste import agreement, for_few_words, for_questions, throw_coins

RATERS = 3
TASTES: dict[str, Taste] = {"for questions": for_questions, "for few words": for_few_words}


class Once:
    """An embedder that makes the vector of a text once; the same replies come back with every taste."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._embedder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def main() -> None:
    embedder = Once(MiniLM(read_settings().models / EMBEDDED_EMBEDDER))
    told = ["| taste | raters err | mean flip rate of the export | agreement on unseen dialogues |"]
    told.append("|---|---|---|---|")
    for name, taste in TASTES.items():
        for errs in (0.0, 0.15, 0.3):
            rows = study(taste, errs)
            flips = sum(row.flip_rate for row in rows) / len(rows)
            told.append(f"| {name} | {errs:.0%} | {flips:.2f} | {shown(learned(rows, taste, embedder))} |")
    told += coins(embedder)
    sys.stdout.write("\n".join(told) + "\n")


def study(taste: Taste, errs: float) -> list[Preference]:
    """What an export of such raters holds."""
    with TemporaryDirectory() as folder:
        file = exported(tasteful_study(taste, errs, RATERS), "dpo", Path(folder))
        return [row for row in read_export(file, CAST) if isinstance(row, Preference)]


def coins(embedder: Embedder) -> list[str]:
    """Raters who throw coins: refused, and where they are believed all the same."""
    with TemporaryDirectory() as folder:
        file = exported(tasteful_study(throw_coins, 0.0, RATERS), "dpo", Path(folder))
        try:
            gather([str(file)], Preference, CAST)
            told = ["| coins | | 0.50 | taken |"]
        except InputError:
            told = ["| coins | | 0.50 | refused |"]
    believed = [row.model_copy(update={"flip_rate": 0.0}) for row in study(throw_coins, 0.0)]
    for name, taste in TASTES.items():
        told.append(f"| coins, believed | | set to 0 | {name}: {shown(learned(believed, taste, embedder))} |")
    return told


def learned(rows: list[Preference], taste: Taste, embedder: Embedder) -> Estimate:
    return agreement(rows, taste, embedder, LightRecipe().ridge)


def shown(found: Estimate) -> str:
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}], {found.n} dialogues"


if __name__ == "__main__":
    main()
