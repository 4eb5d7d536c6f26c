"""The published agreement of real raters, computed again from their published ratings.

Reads `empathic_judging` (Kumar et al. 2026) in the folder that MASCOT_DATA names, and is skipped where that
does not exist. Only numbers are read, never a conversation.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from annotations.statistics.estimate import Estimate
from annotations.statistics.kappa import quadratic_kappa

DATA = Path(os.environ.get("MASCOT_DATA", Path(__file__).parents[4] / ".." / "shared" / "data"))
FOLDER = DATA / "empathic_judging"
RATINGS = FOLDER / "combined_annotations_across_methods_and_datasets.csv"
METHOD_OF = {
    "Lend an Ear": "annotation_method",
    "Perceived Empathy": "annotation_method.1",
    "Empathetic Dialogues": "annotation_method.2",
    "EPITOME": "annotation_method.3",
}
ITEM_OF = {
    "Lend an Ear": "lend_an_ear_conversation_id",
    "Perceived Empathy": "perceived_conversation_id",
    "Empathetic Dialogues": "empathetic_conversation_id",
    "EPITOME": "epitome_conversation_id",
}

pytestmark = pytest.mark.skipif(not RATINGS.exists(), reason=f"{RATINGS} is not here; set MASCOT_DATA")


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "table_kappa.csv")


@pytest.fixture(scope="module")
def ratings() -> pd.DataFrame:
    return pd.read_csv(RATINGS, low_memory=False)


def computed(row: pd.Series, ratings: pd.DataFrame, spacing: str) -> Estimate:
    """κ of the two raters of one published row; the item is what both rated."""
    dataset, criterion = row["Dataset"], row["Dimension"]
    columns = [ITEM_OF[dataset], METHOD_OF[dataset], criterion]
    wide = ratings[columns].dropna().pivot(index=columns[0], columns=columns[1], values=criterion)
    first, second = ast.literal_eval(row["Annotator Pair"])
    both = wide[[first, second]].dropna()
    assert len(both) == 50
    return quadratic_kappa(both[first].to_numpy(), both[second].to_numpy(), spacing, draws=0)  # type: ignore[arg-type]


def two_decimals(found: Estimate) -> float:
    assert found.value is not None
    return round(found.value, 2)


def test_every_published_kappa_comes_out_to_its_two_decimals(
    published: pd.DataFrame, ratings: pd.DataFrame
) -> None:
    """Each distinct rating is one category and categories are one apart, as scikit-learn has it."""
    differing = [
        (row["Dataset"], row["Dimension"], row["Annotator Pair"], row["Weighted Cohen's Kappa"], ours)
        for _, row in published.iterrows()
        if (ours := two_decimals(computed(row, ratings, "rank"))) != row["Weighted Cohen's Kappa"]
    ]
    assert len(published) == 126
    assert differing == []


def test_the_numbers_of_the_scale_give_the_same_unless_a_category_was_never_used(
    published: pd.DataFrame, ratings: pd.DataFrame
) -> None:
    """Our default, by value, differs only where the used ratings are not equally spaced."""
    for _, row in published.iterrows():
        by_value = two_decimals(computed(row, ratings, "value"))
        if by_value == row["Weighted Cohen's Kappa"]:
            continue
        used = np.unique(
            ratings.loc[
                ratings[METHOD_OF[row["Dataset"]]].isin(ast.literal_eval(row["Annotator Pair"])),
                row["Dimension"],
            ].dropna()
        )
        assert len(np.unique(np.diff(used).round(6))) > 1
