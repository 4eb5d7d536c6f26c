"""Verdicts on disk: none is lost, none asked twice, and a killed run ends as an uninterrupted one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineTimeoutError, InputError
from mascot.evaluation.judges.base import Case, Criterion, Judge, Line, Verdict
from mascot.evaluation.judges.criteria import paper_criteria
from mascot.evaluation.judges.engine_judge import EngineJudge
from mascot.evaluation.judges.select import JudgeSpec
from mascot.evaluation.judges.verdicts import judge_all, kept_verdicts, read_verdicts

QUESTIONS = [
    (Case(id=f"c{i}", said=(Line(speaker="Anchor", text=f"Number {i}."),)), criterion)
    for i in range(6)
    for criterion in paper_criteria("agent")
]
HEADER = {"judge": "scripted", "model": "script"}


def weigh(request: Request, options: Sequence[str]) -> Sequence[float]:
    """Something that depends on the case and on the question."""
    read = "".join(message.content for message in request.prompt.messages)
    return [1 + (len(read) * (place + 3)) % 7 for place in range(len(options))]


class Killed(Judge):
    """Dies after so many verdicts."""

    name = "scripted"

    def __init__(self, after: int) -> None:
        self._left = after
        self._judge = EngineJudge(ScriptedEngine(weigh=weigh), "scripted")

    def knows(self, criterion: Criterion) -> bool:
        return True

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return self._judge.score(case, criterion)


def test_a_killed_run_goes_on_where_it_was_and_ends_the_same_to_the_byte(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    judge = EngineJudge(ScriptedEngine(weigh=weigh), "scripted")
    judge_all(judge, QUESTIONS, whole, HEADER)
    with pytest.raises(KeyboardInterrupt):
        judge_all(Killed(after=13), QUESTIONS, killed, HEADER)
    assert len(read_verdicts(killed)) == 13
    with killed.open("a", encoding="utf-8") as file:
        file.write('{"case": "c5", "crit')
    engine = ScriptedEngine(weigh=weigh)
    judge_all(EngineJudge(engine, "scripted"), QUESTIONS, killed, HEADER, at_once=3)
    assert len(engine.requests) == len(QUESTIONS) - 13
    assert killed.read_bytes() == whole.read_bytes()


def test_a_line_break_of_another_kind_in_what_a_judge_wrote_is_no_end_of_a_line(tmp_path: Path) -> None:
    file, wrote = tmp_path / "v.jsonl", '"reason": "one\u2028two\x85three", "rating": 3}'
    judge = EngineJudge(ScriptedEngine(lambda _: wrote), "scripted", "answer")
    given = judge_all(judge, QUESTIONS[:3], file, HEADER)
    assert given == read_verdicts(file) == kept_verdicts(file, HEADER)
    assert {verdict.score for verdict in given.values()} == {3}


def test_a_reader_leaves_a_torn_verdict_out(tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    judge_all(EngineJudge(ScriptedEngine(weigh=weigh), "scripted"), QUESTIONS[:3], file, HEADER)
    file.write_bytes(file.read_bytes()[:-9])
    assert len(read_verdicts(file)) == 2


def test_what_timed_out_is_asked_again_and_nonsense_is_not(tmp_path: Path) -> None:
    class Late(ScriptedEngine):
        def choose(self, request: Request, options: Sequence[str]) -> list[float]:
            raise EngineTimeoutError("late")

    path = tmp_path / "late.jsonl"
    some = QUESTIONS[:2]
    late = judge_all(EngineJudge(Late(), "scripted"), some, path, HEADER)
    assert {verdict.failed for verdict in late.values()} == {"timed out"}
    in_time = judge_all(EngineJudge(ScriptedEngine(["no idea"]), "scripted", "answer"), some, path, HEADER)
    assert {verdict.failed for verdict in in_time.values()} == {"nonsense"}
    assert len(read_verdicts(path)) == 2
    assert len(path.read_text("utf-8").splitlines()) == 3
    assert len(kept_verdicts(path, HEADER)) == 2


def test_verdicts_of_another_judge_are_not_mixed_in(tmp_path: Path) -> None:
    path = tmp_path / "scripted.jsonl"
    judge_all(EngineJudge(ScriptedEngine(), "scripted"), QUESTIONS[:1], path, HEADER)
    with pytest.raises(InputError, match="begun with model 'script', now it is 'another'"):
        kept_verdicts(path, {**HEADER, "model": "another"})


@pytest.mark.parametrize(
    ("text", "name", "model", "url"),
    [
        ("empathy", "empathy", "", ""),
        ("embedded", "embedded", "", ""),
        ("qwen=models/qwen.gguf", "qwen", "models/qwen.gguf", ""),
        ("big=Qwen/Qwen3-8B@http://127.0.0.1:8000/v1", "big", "Qwen/Qwen3-8B", "http://127.0.0.1:8000/v1"),
    ],
)
def test_a_judge_is_named_with_its_model_and_its_server(text: str, name: str, model: str, url: str) -> None:
    assert JudgeSpec.parse(text) == JudgeSpec(name, model, url)


@pytest.mark.parametrize("text", ["", "=model", "../up", "a b", "empathy=model", "x=model@localhost"])
def test_what_names_no_judge_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match="is no judge"):
        JudgeSpec.parse(text)
