from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotations.cli import main
from annotations.records import Consent
from annotations.store import Store
from tests.fixtures.judgements import STUDY, put_into, study


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'ratings.db'}"
    with Store.open(url) as store:
        put_into(store, study())
        consent = Consent(rater="rater-0", study=STUDY.id, version="1", digest="0", choices={"publish": True})
        store.add_consent(consent, "consent")
    return url


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command says to programs."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_command_prints_a_table_and_json(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    plan = ["plan", "--raters", "4", "--items", "6", "--per-item", "2", "--studies", "20"]
    for command in (
        ["init"],
        ["status"],
        ["agreement", "--draws", "20"],
        ["strengths"],
        ["quality"],
        plan,
        ["verify"],
    ):
        assert main([*command, "--store", filled]) == 0
        assert capsys.readouterr().out.strip()
        assert told(capsys, *command, "--store", filled)


def test_status_counts_what_is_done(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = told(capsys, "status", "--store", filled)
    assert (row["study"], row["items"], row["completed"], row["raters"], row["answers"]) == (
        "pilot",
        40,
        120,
        3,
        312,
    )


def test_a_row_of_an_export_leads_back_to_its_answers(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    formats = ["dpo", "kto", "grpo", "prm", "ultrafeedback", "helpsteer", "director", "aggregates", "ratings"]
    told(capsys, "export", "--store", filled, "--to", str(folder), "--format", *formats)
    for name in formats:
        row = json.loads((folder / "data" / name / "train.jsonl").read_text("utf-8").splitlines()[-1])
        found = told(capsys, "lineage", "--store", filled, row["row"])
        assert [each["answer"] for each in found] == row.get("answers", [row.get("answer")])


def test_only_those_who_agreed_are_exported_if_asked_for(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dataset"
    made = told(capsys, "export", "--store", filled, "--to", str(folder), "--consent", "publish")
    assert (made["raters"], made["answers"]) == (1, 104)
    assert "rater-1" not in (folder / "data/ratings/train.jsonl").read_text("utf-8")


def test_a_push_is_only_described_unless_one_really_wants_it(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", "--store", filled, "--to", str(tmp_path / "d"), "--push", "a/b"]
    assert main(arguments) == 2
    assert "needs a licence" in capsys.readouterr().err
    made = told(capsys, *arguments, "--licence", "cc0-1.0")
    assert made["upload"]["url"] == ""
    assert "README.md" in made["upload"]["files"]


def test_ratings_come_in_and_agreement_of_any_table_needs_no_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "long.csv"
    table.write_text("item,rater,value\na,1,3\na,2,3\nb,1,5\nb,2,4\n")
    columns = ["--item", "item", "--rater", "rater", "--value", "value"]
    url = f"sqlite:///{tmp_path / 'ratings.db'}"
    made = told(capsys, "import", "--store", url, str(table), "--from", "csv", "--study", "old", *columns)
    assert made == {"study": "old", "answers": 4, "items": 2, "raters": 2}
    (of_store,) = told(capsys, "agreement", "--store", url, "--level", "ordinal", "--draws", "20")
    (of_table,) = told(
        capsys, "agreement", "--csv", str(table), *columns, "--level", "ordinal", "--draws", "20"
    )
    assert of_store["krippendorff_alpha"]["value"] == of_table["krippendorff_alpha"]["value"]


def test_withdrawing_takes_the_answers_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'ratings.db'}"
    with Store.open(url) as store:
        put_into(store, study(dialogues=1))
    told(capsys, "withdraw", "--store", url, "rater-1", "--erase")
    (row,) = told(capsys, "status", "--store", url)
    assert row["raters"] == 2
    assert told(capsys, "verify", "--store", url)["well"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "--store", "nonsense"], "'nonsense'"),
        (["lineage", "what"], "'what' is no row"),
        (["withdraw", "nobody"], "nobody"),
        (["export", "--to", "new"], "there are no answers to export"),
        (["import", "absent.csv", "--from", "argilla", "--study", "s"], "absent.csv: cannot be read"),
        (["import", "absent.csv", "--from", "csv", "--study", "s"], "needs --item COLUMN"),
        (["agreement"], "no answers"),
        (["strengths"], "no votes"),
        (["quality"], "no answers"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("annotations: ")
    assert error.count("\n") == 1
