"""The loop from people: raters of a known taste, their export, a reward model that has learned the taste.

And where raters throw coins, nothing is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mascot.alignment.preferences import Preference
from mascot.alignment.preferences_human import read_export
from mascot.alignment.preferences_sources import gather
from mascot.alignment.rewards.figures import figures
from mascot.alignment.rewards.light import LightRecipe, fit_light
from mascot.alignment.rewards.training import ahead, part
from mascot.conversation.text import words
from mascot.engines.embedding import Embedder
from mascot.errors import InputError
from mascot.evaluation.intervals import Estimate
from mascot.evaluation.style import asks
from tests.unit.alignment.rewarding import Hashed, Taste, exported, tasteful_study
from tests.unit.alignment.support import CAST

RIDGE = 1e-2


def for_questions(first: str, second: str) -> bool | None:
    return None if asks(first) == asks(second) else asks(first)


def for_few_words(first: str, second: str) -> bool | None:
    return len(words(first)) < len(words(second))


def agreement(
    rows: Sequence[Preference], truth: Taste, embedder: Embedder | None = None, ridge: float = RIDGE
) -> Estimate:
    """How often a reward model of some rows agrees with a taste on dialogues that it has not seen."""
    model = fit_light(part(rows, "train"), embedder or Hashed(), LightRecipe(ridge=ridge))
    held = [row for row in rows if row.split != "train" and truth(row.chosen, row.rejected) is not None]
    # What the taste prefers, whatever the votes were.
    sign = np.array([1 if truth(row.chosen, row.rejected) else -1 for row in held])
    return figures(held, sign * ahead(model, held)).accuracy


@pytest.mark.parametrize("format", ["dpo", "reward"])
@pytest.mark.parametrize("taste", [for_questions, for_few_words])
def test_a_taste_is_learned_from_an_export(tmp_path: Path, taste: Taste, format: str) -> None:
    file = exported(tasteful_study(taste, 0.15, 3), format, tmp_path)
    assert agreement(gather([str(file)], Preference, CAST), taste).low > 0.6


def throw_coins(first: str, second: str) -> None:
    del first, second


def test_an_export_of_raters_who_throw_coins_is_refused_by_its_own_flip_rate(tmp_path: Path) -> None:
    file = exported(tasteful_study(throw_coins, 0.0, 3), "dpo", tmp_path)
    with pytest.raises(InputError, match="thrown coins"):
        gather([str(file)], Preference, CAST)


@pytest.mark.parametrize("taste", [for_questions, for_few_words])
def test_and_where_it_is_believed_all_the_same_no_taste_is_learned(tmp_path: Path, taste: Taste) -> None:
    rows = read_export(exported(tasteful_study(throw_coins, 0.0, 3), "dpo", tmp_path), CAST)
    believed = [row.model_copy(update={"flip_rate": 0.0}) for row in rows if isinstance(row, Preference)]
    found = agreement(believed, taste)
    assert found.low < 0.5 < found.high
