"""What policy optimisation begins with is checked, and what it leaves can go into the registry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mascot.adapters.lineage import lineage_of_training
from mascot.alignment.dpo_session import table_for, train_dpo
from mascot.alignment.policy_recipe import DpoRecipe, PolicyRecipe
from mascot.alignment.policy_record import described, read_parent, write_adapter
from mascot.alignment.preferences import Preference
from mascot.alignment.sft import Base
from mascot.alignment.table import Table
from mascot.corpora.dialogues import DialogueTurn
from mascot.errors import ModelError
from tests.unit.alignment.support import CAST, tiny_base

BASE = Base(tiny_base(), "tiny/tiny", "0" * 64)
RECIPE = PolicyRecipe(rank=4, alpha=8)


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """An adapter as training leaves it."""
    table = Table(tiny_base(), CAST, RECIPE)
    folder = tmp_path / "start" / "anchor"
    table.student.save(folder, table.encode.invocation, BASE.name)
    return folder


def preference(number: int, theme: str) -> Preference:
    return Preference(
        id=f"pair-{number}",
        source="expert",
        theme=theme,
        context=(DialogueTurn(speaker="user", says=f"I lost {number} keys."),),
        persona="anchor",
        action="validate",
        tone="warm",
        chosen="yes.",
        rejected="NO!!",
    )


def test_dpo_learns_preferences_and_leaves_an_adapter_with_its_lineage(tmp_path: Path, start: Path) -> None:
    themes = {"dev": "", "train": ""}
    for number in range(200):
        row = preference(0, f"theme {number}")
        themes[row.split] = row.theme
    rows = [preference(i, themes["train"]) for i in range(8)] + [preference(9, themes["dev"])]
    recipe = DpoRecipe(rank=4, alpha=8, learning_rate=1e-2, batch=4, epochs=3, patience=9, dropout=0.0)
    parent = read_parent(start, BASE)
    base = Base(tiny_base(), BASE.name, BASE.sha256)
    train_dpo("anchor", parent, rows, base, table_for(base, CAST, recipe), recipe, tmp_path / "out")
    lineage = lineage_of_training(tmp_path / "out" / "anchor")
    assert (lineage.name, lineage.parent, lineage.base_hash) == ("anchor", parent.name, BASE.sha256)
    assert lineage.metrics["dev_loss_before"] == pytest.approx(0.6931, abs=1e-3)
    assert lineage.metrics["dev_loss"] < 0.5


def test_an_adapter_of_another_base_model_is_refused(start: Path) -> None:
    table = Table(tiny_base(), CAST, RECIPE)
    about = described("anchor", read_parent(start, BASE), BASE, "1" * 64, RECIPE.model_dump())
    write_adapter(start, table.student, table.student.weights(), table.encode.invocation, about, {})
    assert json.loads((start / "training.json").read_text())["parent"].startswith("anchor-")
    with pytest.raises(ModelError, match="trained for another base model than big/big"):
        read_parent(start, Base(BASE.loaded, "big/big", "f" * 64))


def test_a_folder_without_an_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no readable adapter"):
        read_parent(tmp_path, BASE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("adapter_config.json", "[1]"),
        ("adapter_config.json", '{"r": "many", "lora_alpha": 4}'),
        ("training.json", "{"),
        ("training.json", "[1]"),
        ("training.json", '{"base": "tiny"}'),
        ("lineage.json", "{}"),
    ],
)
def test_a_record_of_another_shape_is_refused_in_one_line(start: Path, name: str, text: str) -> None:
    (start / name).write_text(text)
    with pytest.raises(ModelError, match="holds no readable adapter") as caught:
        read_parent(start, BASE)
    assert "\n" not in str(caught.value)
