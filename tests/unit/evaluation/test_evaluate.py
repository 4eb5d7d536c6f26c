"""`evaluate` from end to end on a scripted engine: what it leaves, how it goes on, and what it refuses."""

from __future__ import annotations

import argparse
import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mascot.cli import main
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, InputError
from mascot.evaluation import evaluate_run
from mascot.evaluation.evaluate_command import add_command
from mascot.evaluation.run_folder import RunFolder
from mascot.evaluation.starts import drawn_starts, of_run
from tests.unit.evaluation.planted import Bag
from tests.unit.evaluation.test_rounds import differently

SECRET = "My zeppelin was late and my aunt was cross about it."
EMOTIONS = ("proud", "sad", "surprised", "joyful", "angry", "nostalgic")
RUN = "evaluate --data situations --systems zero-shot-cot,selector,mascot --limit 4 --seed 3 --out {tmp}/run"


class Command:
    """Runs `evaluate …` with `{tmp}` for the folder of the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        self.say: Callable[[Request], str] = differently
        self.requests = 0

        class Calm:
            def __init__(self, _embedder) -> None: ...

            def check(self, text: str):
                return argparse.Namespace(crisis="crisis" in text)

        monkeypatch.setenv("MASCOT_HOME", str(folder / "home"))
        monkeypatch.setattr(
            evaluate_run, "select_engine", lambda _settings, _notify: ScriptedEngine(self._say)
        )
        monkeypatch.setattr(evaluate_run, "MiniLM", lambda _folder: Bag())
        monkeypatch.setattr(evaluate_run, "CrisisRecogniser", Calm)

    def __call__(self, line: str) -> int:
        parser = argparse.ArgumentParser()
        add_command(parser.add_subparsers(required=True))
        words = shlex.split(line.format(tmp=self._folder))
        self._monkeypatch.setattr("sys.argv", ["mascot", *words])
        options = parser.parse_args(words)
        return options.run(options)

    def _say(self, request: Request) -> str:
        self.requests += 1
        return self.say(request)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path, monkeypatch)


@pytest.fixture
def ed(tmp_path: Path) -> Path:
    path = tmp_path / "valid.csv"
    rows = "".join(f"c{i},1,{e},p,0,{SECRET} {i},,\nc{i},2,{e},p,1,Oh.,,\n" for i, e in enumerate(EMOTIONS))
    path.write_text("conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n" + rows)
    return path


def written(folder: Path) -> dict[str, bytes]:
    """Every file by name, but those that the clock fills."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.name != "made.jsonl" and not path.name.endswith(".seconds.jsonl")
    }


def test_a_run_leaves_typed_dialogues_of_every_system(command: Command, tmp_path: Path) -> None:
    assert command(RUN) == 0
    run = RunFolder(tmp_path / "run")
    assert run.header().data == ("situations",)
    assert set(run.systems()) == {"zero-shot-cot", "selector", "mascot"}
    assert run.systems()["zero-shot-cot"].agents == ("assistant",)
    starts = of_run(run)
    assert len(starts) == 4
    for name in run.systems():
        held = run.dialogues(name)
        assert list(held) == [start.id for start in starts]
        assert all(dialogue.said and dialogue.calls for dialogue in held.values())
    thinking = next(iter(run.dialogues("zero-shot-cot").values()))
    assert (len(thinking.said), thinking.calls) == (1, 2)
    (made,) = run.made()
    assert "--seed 3" in made["command"]
    assert str(tmp_path) not in made["command"]


def test_the_first_messages_are_drawn_evenly_by_the_seed(ed: Path) -> None:
    names = [str(ed)]
    three = drawn_starts(names, 3, 1, lambda text: True)
    assert {start.valence for start in three} == {"positive", "negative", "neutral"}
    assert drawn_starts(names, 3, 1, lambda text: True) == three
    assert any(drawn_starts(names, 3, seed, lambda text: True) != three for seed in range(2, 6))
    assert len(drawn_starts(names, None, 1, lambda text: not text.endswith("4"))) == 5
    with pytest.raises(InputError, match="two of the corpora"):
        drawn_starts(["situations", "situations"], 2, 1, lambda text: True)


def test_no_licensed_word_is_written_and_readers_find_it_in_the_corpus(command, ed, tmp_path) -> None:
    command("evaluate --data {tmp}/valid.csv --systems zero-shot,mascot --out {tmp}/run")
    assert b"zeppelin" not in b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*.json*"))
    run = RunFolder(tmp_path / "run")
    assert all("zeppelin" in start.text for start in of_run(run))
    ed.write_text(ed.read_text().replace("c3,", "d3,"))
    with pytest.raises(InputError, match="no entry 'c3' any more"):
        of_run(run)


def test_a_second_run_holds_nothing_again_and_takes_in_further_systems(command, tmp_path) -> None:
    command(RUN)
    before, asked = written(tmp_path / "run"), command.requests
    command(RUN)
    assert (written(tmp_path / "run"), command.requests) == (before, asked)
    command(RUN.replace("zero-shot-cot", "few-shot"))
    assert set(RunFolder(tmp_path / "run").systems()) == {"zero-shot-cot", "selector", "mascot", "few-shot"}
    assert written(tmp_path / "run").items() >= before.items()


@pytest.mark.parametrize("after", [1, 9, 20, 37])
@pytest.mark.parametrize("at_once", [1, 3])
def test_a_run_that_broke_goes_on_to_the_same_bytes(command, tmp_path, after: int, at_once: int) -> None:
    line = f"{RUN} --at-once {at_once}"
    command(line)
    whole = written(tmp_path / "run")
    (tmp_path / "run").rename(tmp_path / "whole")
    command.requests = 0

    def breaks(request: Request) -> str:
        if command.requests > after:
            raise EngineError("the engine is gone")
        return differently(request)

    command.say = breaks
    with pytest.raises(EngineError):
        command(line)
    for path in (tmp_path / "run" / "dialogues").glob("*.jsonl"):
        path.write_bytes(path.read_bytes() + b'{"id": "to')
    command.say = differently
    command(line)
    assert written(tmp_path / "run") == whole


def test_a_run_that_is_stopped_early_has_the_same_messages_of_every_system(
    command, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(evaluate_run, "PORTION", 2)

    def breaks(request: Request) -> str:
        held = RunFolder(tmp_path / "run").dialogues("zero-shot")
        if len(held) == 3:
            raise EngineError("the power is gone")
        return differently(request)

    command.say = breaks
    line = "evaluate --data situations --systems zero-shot,round-robin,mascot --limit 5"
    line += " --at-once 1 --out {tmp}/run"
    with pytest.raises(EngineError):
        command(line)
    run = RunFolder(tmp_path / "run")
    first = [start.id for start in run.starts()][:2]
    assert all(list(run.dialogues(name))[:2] == first for name in run.systems())
    command.say = differently
    command(line)
    assert [len(run.dialogues(name)) for name in run.systems()] == [5, 5, 5]


def test_another_seed_or_corpus_is_another_run(command, tmp_path) -> None:
    command(RUN)
    for other in ("--seed 4", "--turns 2", "--limit 3", "--data dialogues"):
        with pytest.raises(InputError, match="was begun with"):
            command(f"{RUN} {other}")


def test_simulated_people_answer_back_between_rounds(command, tmp_path) -> None:
    command(
        "evaluate --systems mascot,zero-shot --users intj,ESFP --rounds 3 --turns 2 --limit 2 --out {tmp}/run"
    )
    run = RunFolder(tmp_path / "run")
    assert set(run.systems()) == {"mascot@INTJ", "mascot@ESFP", "zero-shot@INTJ", "zero-shot@ESFP"}
    for dialogue in run.dialogues("mascot@INTJ").values():
        assert [answer.after for answer in dialogue.answers] == [2, 4]
        assert [speaker == "user" for speaker, _ in dialogue.turns] == [
            False,
            False,
            True,
            False,
            False,
            True,
            False,
            False,
        ]
    assert run.systems()["mascot@INTJ"].user == "INTJ"
    assert len(next(iter(run.dialogues("zero-shot@ESFP").values())).said) == 3


def test_fewer_agents_sit_at_the_table(command, tmp_path) -> None:
    command("evaluate --systems mascot-2,mascot-1 --limit 3 --out {tmp}/run")
    for name, agents in (("mascot-2", 2), ("mascot-1", 1)):
        for dialogue in RunFolder(tmp_path / "run").dialogues(name).values():
            assert len({said.agent for said in dialogue.said}) == agents


def test_a_list_leaves_out_what_lacks_its_adapters_and_a_name_is_refused(command, tmp_path) -> None:
    command("evaluate --systems paper --limit 1 --out {tmp}/run")
    assert "sft" not in RunFolder(tmp_path / "run").systems()
    assert len(RunFolder(tmp_path / "run").systems()) == 9
    with pytest.raises(InputError, match="sft cannot be evaluated: the registry has no supervised adapter"):
        command("evaluate --systems sft --limit 1 --out {tmp}/other")
    assert not (tmp_path / "other").exists()


def test_a_malformed_row_of_a_corpus_is_one_line_and_begins_nothing(command, tmp_path) -> None:
    rows = tmp_path / "mine.jsonl"
    rows.write_text('{"id": "a", "text": "I lost my key."}\n{"id": "b", "txt": "And my hat."}\n')
    with pytest.raises(InputError, match=r"mine\.jsonl.*2.*text") as caught:
        command("evaluate --data {tmp}/mine.jsonl --out {tmp}/run")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "line",
    [
        "evaluate --systems mascott --out {tmp}/run",
        "evaluate --data poems --out {tmp}/run",
        "evaluate --judges empathy=MODEL --out {tmp}/run",
        "evaluate --judges empathy,big=@nowhere --out {tmp}/run",
        "evaluate --users INTJ --out {tmp}/run",
        "evaluate --rounds 2 --out {tmp}/run",
    ],
)
def test_what_does_not_exist_is_one_line_and_begins_nothing(command, tmp_path, line: str) -> None:
    with pytest.raises(InputError) as caught:
        command(line)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_no_type_but_the_sixteen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--users", "ABCD", "--rounds", "2", "--out", str(tmp_path)])
    assert caught.value.code == 2
    assert "'ABCD' is no MBTI type" in capsys.readouterr().err


def test_a_folder_without_a_run_is_refused_by_every_reader(tmp_path: Path) -> None:
    (tmp_path / "starts.jsonl").write_text("no\n")
    run = RunFolder(tmp_path)
    for reading in (run.header, run.starts, lambda: run.dialogues("mascot")):
        with pytest.raises(InputError) as caught:
            reading()
        assert "\n" not in str(caught.value)
    assert (run.systems(), run.made()) == ({}, ())


def test_a_command_that_a_kill_has_torn_is_left_out_and_the_next_one_stands_by_itself(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.note({"command": "first"})
    with (tmp_path / "made.jsonl").open("a") as file:
        file.write('{"command": "sec')
    assert run.made() == ({"command": "first"},)
    run.note({"command": "third"})
    assert run.made() == ({"command": "first"}, {"command": "third"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dialogues/x.jsonl", '{"run": {"policy": "model"}}\n'),
        ("dialogues/x.jsonl", '{"run": {"name": "x"}}\n'),
        ("made.jsonl", "no JSON\n"),
    ],
)
def test_a_strange_file_in_a_run_is_named_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "dialogues").mkdir()
    (tmp_path / name).write_text(text)
    run = RunFolder(tmp_path)
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as caught:
        _ = run.systems(), run.made()
    assert "\n" not in str(caught.value)


def test_seconds_are_apart_from_words(command, tmp_path) -> None:
    command.say = lambda request: time.sleep(0.002) or differently(request)
    command(RUN)
    lines = (tmp_path / "run" / "dialogues" / "mascot.jsonl").read_text().splitlines()[1:]
    assert all(json.loads(line)["seconds"] == 0 for line in lines)
    for dialogue in RunFolder(tmp_path / "run").dialogues("mascot").values():
        spoken = sum(said.seconds for said in dialogue.said)
        assert round(dialogue.seconds, 3) >= round(spoken, 3) > 0
