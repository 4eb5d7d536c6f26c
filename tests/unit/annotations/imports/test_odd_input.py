"""What strange files and strange clocks do not do to the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from annotations.cli import main
from annotations.records import Draft, Item, Pairwise, Scale, Study
from annotations.store import Store
from tests.fixtures.ratings import fill, item, lease


def imported(folder: Path, text: str, *arguments: str) -> int:
    """The exit code of importing a table into the store of this folder."""
    table = folder / "ratings.csv"
    table.write_text(text)
    store = ["--store", f"sqlite:///{folder / 'ratings.db'}", "--study", "s", "--from", "csv"]
    columns = ["--item", "item", "--rater", "who", "--value", "value"]
    return main(["import", str(table), *store, *columns, *arguments])


def known(folder: Path, *arms: str) -> Item:
    """A pair that the store knows with its conversations."""
    with Store.open(f"sqlite:///{folder / 'ratings.db'}") as store:
        store.add_study(Study(id="s", criteria=("value",)))
        pair = item("pair", arms="ba").model_copy(update={"wanted": 0})
        assert pair.arms == arms
        store.add_items([pair], "items")
        return pair


def test_a_vote_for_a_known_pair_is_never_counted_for_the_other_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known(tmp_path, "b", "a")
    votes = "item,who,value\npair,ann,a\n"
    assert imported(tmp_path, votes, "--arms", "a", "b") == 2
    assert "pair" in (said := capsys.readouterr().err)
    assert "--arms b a" in said
    assert imported(tmp_path, votes, "--arms", "b", "a") == 0
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        (rated,) = store.answers()
    assert rated.answer.value == Pairwise(winner=1)
    assert rated.item.arms[1] == "a"


def test_a_column_of_numbers_and_words_can_be_exported(tmp_path: Path) -> None:
    assert (
        imported(tmp_path, "item,who,value\nx,ann,2\nx,bob,4\ny,ann,3\ny,bob,5\nz,ann,n/a\nz,bob,none\n") == 0
    )
    store = f"sqlite:///{tmp_path / 'ratings.db'}"
    assert main(["export", "--store", store, "--to", str(tmp_path / "out")]) == 0
    described = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "value" in described


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "textarea", "value": {"text": [1, 2]}},
        {"type": "choices", "value": {"choices": None}},
        {"type": "labels", "value": {"start": 1, "end": 2, "labels": [3]}},
        {"type": "pairwise", "value": {"selected": ["left"]}},
        {"type": "ranker", "value": {"ranker": 3}},
        {"type": "rating", "value": {"rating": {"stars": 3}}},
    ],
)
def test_a_broken_answer_of_label_studio_is_one_line(
    tmp_path: Path, broken: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"from_name": "q", "to_name": "text", **broken}
    task = {"id": 1, "data": {}, "annotations": [{"completed_by": 7, "result": [result]}]}
    assert refused(tmp_path, [task], "label-studio", capsys)


def test_a_time_on_task_beyond_all_measure_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"from_name": "q", "to_name": "text", "type": "rating", "value": {"rating": 3}}
    task = {"id": 1, "data": {}, "annotations": [{"completed_by": 7, "lead_time": 1e300, "result": [result]}]}
    assert refused(tmp_path, [task], "label-studio", capsys)


def test_a_broken_answer_of_argilla_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"user_id": "u", "value": [{"start": None, "end": [], "label": {}}]}
    assert refused(tmp_path, [{"id": "r", "responses": {"q": [answer]}}], "argilla", capsys)


def refused(folder: Path, content: object, source: str, capsys: pytest.CaptureFixture[str]) -> bool:
    file = folder / "export.json"
    file.write_text(json.dumps(content))
    store = f"sqlite:///{folder / 'ratings.db'}"
    code = main(
        ["import", str(file), "--store", store, "--from", source, "--study", "s", "--arms", "left", "right"]
    )
    said = capsys.readouterr().err
    return code == 2 and said.count("\n") == 1 and str(file) in said


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-11-27T09:00:00"]
)
def test_a_raters_clock_can_say_anything_and_all_answers_can_still_be_read(tmp_path: Path, at: str) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        fill(store, items=1, raters=1)
        one = lease(store, "r0", "l0")
        draft = Draft.model_validate({"criterion": "empathy", "value": Scale(value=1), "client_at": at})
        store.submit(one.id, "r0", [draft], "k")
        (rated,) = store.answers()
    assert rated.answer.value == Scale(value=1)


def test_a_raters_clock_that_makes_sense_is_kept(tmp_path: Path) -> None:
    at = datetime(2026, 11, 27, 9, tzinfo=UTC)
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        fill(store, items=1, raters=1)
        one = lease(store, "r0", "l0")
        store.submit(one.id, "r0", [Draft(criterion="empathy", value=Scale(value=1), client_at=at)], "k")
        (rated,) = store.answers()
    assert rated.answer.client_at == at
