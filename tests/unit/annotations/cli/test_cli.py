from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotations.cli import main
from annotations.records import Consent, Draft, Imported, Pairwise, Study
from annotations.store import Store
from tests.fixtures.judgements import STUDY, put_into, study
from tests.fixtures.ratings import item, scale


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


def test_a_row_of_those_who_agreed_leads_back_to_their_answers_alone(
    filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    consent = ["--consent", "publish"]
    told(capsys, "export", "--store", filled, "--to", str(tmp_path / "out"), "--format", "dpo", *consent)
    row = json.loads((tmp_path / "out/data/dpo/train.jsonl").read_text("utf-8").splitlines()[0])
    found = told(capsys, "lineage", "--store", filled, row["row"], *consent)
    assert [each["answer"] for each in found] == row["answers"]
    assert len(told(capsys, "lineage", "--store", filled, row["row"])) > len(found)


def agreed(rater: str, study: str, publish: bool) -> Consent:
    return Consent(rater=rater, study=study, version="1", digest="0", choices={"publish": publish})


def test_what_counts_is_what_somebody_said_last_and_of_this_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'ratings.db'}"
    with Store.open(url) as store:
        put_into(store, study(dialogues=1))
        store.add_study(Study(id="another", criteria=("x",)))
        store.add_study(Study(id="pilot.about", criteria=("age",), meta={"of": "pilot"}))
        store.add_items([item("about", study="pilot.about", arms="x", wanted=0)], "about")
        told_of = [Imported(item="about", rater=f"rater-{n}", answers=(scale(n, "age"),)) for n in range(3)]
        store.import_answers("pilot.about", told_of, "told")
        store.add_consent(agreed("rater-0", "pilot", True), "c0")
        store.add_consent(agreed("rater-1", "pilot", True), "c1")
        store.add_consent(agreed("rater-1", "pilot", False), "c1 again")
        store.add_consent(agreed("rater-2", "pilot", False), "c2")
        store.add_consent(agreed("rater-2", "another", True), "c2 elsewhere")
    for number, studies in enumerate(([], ["--study", "pilot"], ["--study", "pilot.about"])):
        folder = tmp_path / f"dataset-{number}"
        made = told(capsys, "export", "--store", url, "--to", str(folder), "--consent", "publish", *studies)
        assert made["raters"] == 1
        rows = (folder / "data/ratings/train.jsonl").read_text("utf-8")
        rows += (folder / "data/ratings/test.jsonl").read_text("utf-8")
        rows += (folder / "data/ratings/validation.jsonl").read_text("utf-8")
        assert {json.loads(row)["rater"] for row in rows.splitlines()} == {"rater-0"}
        assert "1 rater(s): consent 1, yes to publish." in (folder / "README.md").read_text("utf-8")


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


def test_a_criterion_that_cannot_be_told_yet_leaves_the_others_their_strengths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'ratings.db'}"
    with Store.open(url) as store:
        put_into(store, study(dialogues=4))
        store.add_items([item("far", STUDY.id, arms="vw"), item("off", STUDY.id, arms="tu")], "more items")
        for name in ("far", "off"):
            draft = Draft(criterion="nearer", value=Pairwise(winner=0))
            store.import_answers(STUDY.id, [Imported(item=name, rater="rater-0", answers=(draft,))], name)
    found = told(capsys, "strengths", "--store", url)
    assert "was never compared with" in found["nearer"]["error"]
    assert found["better"]["arms"][0]["name"] == "mascot"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "--store", "nonsense"], "'nonsense'"),
        (["lineage", "what"], "'what' is no row"),
        (["lineage", "ratings~what"], "'ratings~what' is no row"),
        (["lineage", "ratings~99999999999999999999"], "the store has no answer 99999999999999999999"),
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
    assert main(["init"]) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("annotations: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", [["status"], ["verify"], ["agreement"], ["export", "--to", "new"]])
def test_a_mistyped_store_is_no_empty_one(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--store", "sqlite:///raitings.db"]) == 2
    assert "there is no store at 'sqlite:///raitings.db'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
