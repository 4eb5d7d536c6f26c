"""`voices` from end to end on a scripted engine: the files it writes, and what it refuses."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

import pytest

from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError
from mascot.evaluation import director_run, voices_run
from mascot.evaluation.side_by_side import score
from mascot.evaluation.voices_command import add_command
from tests.unit.evaluation.planted import Bag
from tests.unit.evaluation.test_rounds import differently

SECRET = "My zeppelin was late and my aunt was cross about it."


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `voices …` with `{tmp}` for the folder of the test."""
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    engines: list[ScriptedEngine] = []

    def engine(_settings) -> ScriptedEngine:
        engines.append(ScriptedEngine(differently))
        return engines[-1]

    for module in (voices_run, director_run):
        monkeypatch.setattr(module, "select_engine", engine)
    monkeypatch.setattr(voices_run, "MiniLM", lambda _folder: Bag())

    class Calm:
        def __init__(self, _embedder) -> None: ...

        def check(self, text: str):
            return argparse.Namespace(crisis="zeppelin" not in text)

    monkeypatch.setattr(voices_run, "CrisisRecogniser", Calm)
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers(required=True))

    def run(line: str) -> int:
        words = shlex.split(line.format(tmp=tmp_path))
        monkeypatch.setattr("sys.argv", ["mascot", *words])
        options = parser.parse_args(words)
        return options.run(options)

    run.engines = engines  # type: ignore[attr-defined]
    return run


@pytest.fixture
def ed(tmp_path: Path) -> Path:
    path = tmp_path / "valid.csv"
    rows = "".join(f"c{i},1,proud,p,0,{SECRET} {i},,\nc{i},2,proud,p,1,Oh.,,\n" for i in range(6))
    path.write_text("conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n" + rows)
    return path


RUN = "voices run --system base --system sft --ed {tmp}/valid.csv --ed-limit 4 --limit 4 --out {tmp}/out"


def test_a_run_writes_figures_tables_and_conversations_and_no_licensed_line(command, ed, tmp_path) -> None:
    assert command(RUN) == 0
    figures = json.loads((tmp_path / "out" / "voices.json").read_text())
    assert set(figures["sources"]) == {"test", "app", "ed"}
    assert set(figures["sources"]["test"]["measures"]["attribution"]["systems"]) == {"base", "sft", "experts"}
    pages = "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    held = "".join(path.read_text() for path in (tmp_path / "home" / "voices").iterdir())
    assert "zeppelin" not in pages + held
    assert str(tmp_path) not in pages
    assert "`c0`" in pages


def test_a_second_run_holds_nothing_again_and_writes_the_same(command, ed, tmp_path) -> None:
    command(RUN)
    before = (tmp_path / "out" / "voices.json").read_text()
    loaded = len(command.engines)
    command(RUN)
    assert len(command.engines) == loaded
    assert (tmp_path / "out" / "voices.json").read_text() == before


def test_a_sheet_is_blind_and_its_score_finds_the_better_system(command, tmp_path) -> None:
    command("voices run --system base --system sft --limit 6 --out {tmp}/out")
    command("voices sheet base sft --pairs 8 --out {tmp}/out")
    sheet = (tmp_path / "out" / "reading-sheet.md").read_text()
    key = json.loads((tmp_path / "out" / "reading-key.json").read_text())
    assert "base" not in sheet
    assert "sft" not in sheet
    assert {pair["a"] for pair in key.values()} == {"base", "sft"}
    filled = sheet
    for number, pair in key.items():
        verdict = "tie" if number == "1" else "A" if pair["a"] == "sft" else "b"
        head = f"## Pair {number}\n"
        place = filled.index("Verdict (A, B or tie):", filled.index(head)) + len("Verdict (A, B or tie):")
        filled = f"{filled[:place]} {verdict}{filled[place:]}"
    reading = score(filled, key, "sft")
    assert (reading.wins, reading.ties, reading.losses, reading.unread) == (7, 1, 0, 0)
    assert reading.advantage.value == pytest.approx(7 / 8)
    assert reading.advantage.p == pytest.approx(2 / 2**7)
    assert score(filled, key, "base").losses == 7
    (tmp_path / "filled.md").write_text(filled)
    assert command("voices score {tmp}/filled.md {tmp}/out/reading-key.json --system sft") == 0
    assert json.loads((tmp_path / "filled.json").read_text())["wins"] == 7
    with pytest.raises(InputError, match="already"):
        command("voices sheet base sft --pairs 8 --out {tmp}/out")
    with pytest.raises(InputError, match="no verdict"):
        score(sheet, key, "sft")
    with pytest.raises(InputError, match="pair 1 has 'c'"):
        score(sheet.replace("tie): ", "tie): C", 1), key, "sft")


def test_the_curve_is_a_table_and_a_picture(command, tmp_path) -> None:
    command("voices run --system base --system sft --limit 4 --out {tmp}/out")
    report = "--report {tmp}/out/voices.json --out {tmp}/out"
    command(f"voices curve --point 0=base --point 100=sft {report}")
    assert (tmp_path / "out" / "learning-curve.png").read_bytes().startswith(b"\x89PNG")
    assert "| 0 % | 100 % |" in (tmp_path / "out" / "learning-curve.md").read_text()
    with pytest.raises(InputError, match="no figures of 'half'"):
        command(f"voices curve --point 50=half {report}")


def test_policies_are_put_beside_the_experts(command, tmp_path) -> None:
    command("voices director --system base --limit 2 --out {tmp}/out")
    found = json.loads((tmp_path / "out" / "director.json").read_text())
    assert set(found["policies"]) == {"random", "round-robin", "mention", "model: base"}
    assert "| model: base |" in (tmp_path / "out" / "director.md").read_text()


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "\xff"])
def test_what_is_no_corpus_is_refused_in_one_line(command, tmp_path, text: str) -> None:
    (tmp_path / "valid.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        command(RUN)
    assert "valid.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_that_is_published_names_no_folder_of_a_machine(monkeypatch) -> None:
    line = "evaluate --data /a/valid.csv,/b/val.jsonl --systems mascot --judges big=/m/big.gguf,far=Q@http://a/v1"
    monkeypatch.setattr("sys.argv", ["mascot", *shlex.split(line)])
    told = "evaluate --data valid.csv,val.jsonl --systems mascot --judges big=big.gguf,far=Q@http://a/v1"
    assert voices_run.command_line() == f"python -m mascot {told}"


@pytest.mark.parametrize("key", ["[1, 2]", '{"1": {"a": "sft"}}', '{"1": 5}'])
def test_a_key_of_something_else_is_refused_in_one_line(command, tmp_path, key: str) -> None:
    (tmp_path / "sheet.md").write_text("## Pair 1\n\nVerdict (A, B or tie): A\n")
    (tmp_path / "key.json").write_text(key)
    with pytest.raises(InputError, match=r"key\.json is no key of `voices sheet`"):
        command("voices score {tmp}/sheet.md {tmp}/key.json --system sft")


@pytest.mark.parametrize("report", ["[1]", "{}", '{"sources": {"test": {}}}', '{"sources": []}'])
def test_a_curve_out_of_something_else_is_refused_in_one_line(command, tmp_path, report: str) -> None:
    (tmp_path / "v.json").write_text(report)
    with pytest.raises(InputError, match=r"v\.json has no figures of `voices run`"):
        command("voices curve --report {tmp}/v.json --point 25=sft --out {tmp}/out")
    assert not (tmp_path / "out").exists()
