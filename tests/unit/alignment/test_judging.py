"""Answers drawn, scored and compared: resumable, by the paper's margin, with the judge's own flip rate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mascot.alignment import judging_session
from mascot.alignment.judging import (
    criteria_of,
    flip_rate,
    known_questions,
    preferences,
    questions,
)
from mascot.alignment.preferences import check_preferences
from mascot.alignment.preferences_expert import expert_preferences
from mascot.alignment.sampling import Place, answered, places, read_samples, sample_all
from mascot.cli import main
from mascot.conversation.text import words
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, InputError
from mascot.evaluation.judges.base import Case, Criterion, Judge, Verdict
from mascot.evaluation.judges.verdicts import judge_all
from mascot.live.speaker import Speaker
from tests.unit.alignment.rewarding import preference
from tests.unit.alignment.support import CAST
from tests.unit.live.support import MANNER, all_different


class ByWords(Judge):
    """Every long word is worth a point; by `relevance` it has nothing to say about silence."""

    name = "words"

    def __init__(self, better: int = 1) -> None:
        self._better = better

    def knows(self, criterion: Criterion) -> bool:
        return criterion.level == "agent"

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        if "silence" in case.said[0].text and criterion.id == "relevance":
            return Verdict(
                case=case.id, criterion=criterion.id, judge=self.name, score=None, failed="nonsense"
            )
        points = self._better * sum(len(word) > 4 for word in words(case.said[0].text))
        return Verdict(
            case=case.id, criterion=criterion.id, judge=self.name, score=3 + max(-2, min(2, points))
        )


PLACES = places(expert_preferences()[:40])


def judged(found: list[Place], judge: Judge, folder: Path, delta: float = 0.5):
    criteria = criteria_of(judge)
    known = [preference(i, chosen=f"Lovely words {i}.", rejected=f"No, {i}.") for i in range(6)]
    reliable = judge_all(judge, known_questions(known, criteria, CAST), folder / "known.jsonl", {})
    given = judge_all(judge, questions(found, criteria, CAST), folder / "v.jsonl", {})
    flips = flip_rate(known, reliable)
    return preferences(found, given, delta, flips), flips


def speaker(script=all_different) -> Speaker:
    return Speaker(ScriptedEngine(script), CAST, MANNER)


def test_places_are_one_for_each_reply_and_hold_what_the_policy_may_know() -> None:
    rows = expert_preferences()
    found = places(rows)
    assert len({place.id for place in found}) == len(found) == len({row.chosen for row in rows})
    assert all(place.context[0].speaker == "user" for place in found)


def test_answers_in_one_place_differ_and_are_the_same_every_time() -> None:
    first = answered(speaker(), PLACES[0], 4)
    assert len(first.says) == 4
    assert answered(speaker(), PLACES[0], 4) == first
    assert len(answered(speaker(lambda _: "One thought only, always."), PLACES[0], 4).says) == 1


def test_killed_and_run_again_samples_are_those_of_one_run(tmp_path: Path) -> None:
    header = {"count": 3}
    whole = sample_all(speaker(), PLACES[:5], 3, tmp_path / "whole.jsonl", header)
    asked = 0

    def failing(request: Request) -> str:
        nonlocal asked
        asked += 1
        if asked > 7:
            raise EngineError("gone")
        return all_different(request)

    with pytest.raises(EngineError):
        sample_all(speaker(failing), PLACES[:5], 3, tmp_path / "killed.jsonl", header)
    assert 0 < len(read_samples(tmp_path / "killed.jsonl")) < 5
    with (tmp_path / "killed.jsonl").open("a") as file:
        file.write('{"id": "torn')
    assert sample_all(speaker(), PLACES[:5], 3, tmp_path / "killed.jsonl", header) == whole
    assert (tmp_path / "killed.jsonl").read_text() == (tmp_path / "whole.jsonl").read_text()


@pytest.mark.parametrize("torn", ["", '{"run": {"cou'])
def test_a_kill_before_the_first_line_is_whole_leaves_a_file_to_go_on_with(tmp_path: Path, torn: str) -> None:
    (tmp_path / "s.jsonl").write_text(torn)
    sample_all(speaker(), PLACES[:1], 2, tmp_path / "s.jsonl", {"count": 2})
    assert len(read_samples(tmp_path / "s.jsonl")) == 1


def test_samples_drawn_otherwise_are_not_mixed(tmp_path: Path) -> None:
    sample_all(speaker(), PLACES[:1], 2, tmp_path / "s.jsonl", {"count": 2})
    with pytest.raises(InputError, match="was begun with count 2, now it is 3"):
        sample_all(speaker(), PLACES[:1], 3, tmp_path / "s.jsonl", {"count": 3})


def test_answers_of_adapters_that_were_trained_anew_are_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judging_session, "select_engine", lambda _settings: ScriptedEngine(all_different))
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    (tmp_path / "adapters").mkdir()
    command = ["align", "sample", "--adapters", f"{tmp_path / 'adapters'}", "--limit", "1", "--count", "2"]
    command += ["--out", f"{tmp_path / 's.jsonl'}"]
    for weights, code in (("first", 0), ("first", 0), ("second", 2)):
        (tmp_path / "adapters" / "anchor.gguf").write_text(weights)
        assert main(command) == code
    assert "was begun with adapters " in capsys.readouterr().err


def test_a_verdict_on_other_words_in_the_same_place_is_none_on_these(tmp_path: Path) -> None:
    first = PLACES[0].model_copy(update={"says": ("Yes.", "Wonderful indeed, really.")})
    anew = PLACES[0].model_copy(update={"says": ("Wonderful indeed, really.", "Yes.")})
    (before,), _ = judged([first], ByWords(), tmp_path)
    (after,), _ = judged([anew], ByWords(), tmp_path)
    assert before.chosen == after.chosen == "Wonderful indeed, really."


def test_pairs_are_those_whose_aggregates_are_far_enough_apart(tmp_path: Path) -> None:
    says = ("Yes.", "Indeed, yes.", "Wonderful indeed, really.", "Just silence.")
    place = PLACES[0].model_copy(update={"says": says})
    rows, flips = judged([place], ByWords(), tmp_path)
    assert [(row.chosen, row.rejected, row.margin) for row in rows] == [
        (says[1], says[0], 1.0),
        (says[2], says[0], 2.0),
        (says[2], says[1], 1.0),
    ]
    assert flips == pytest.approx(1 / 8)
    assert all(row.source == "judge" and row.flip_rate == flips for row in rows)
    assert [row.margin for row in judged([place], ByWords(), tmp_path, delta=1.5)[0]] == [2.0]


class Trained(ByWords):
    """Knows what people rated, and not the paper's criteria."""

    def knows(self, criterion: Criterion) -> bool:
        return criterion.level == "conversation"


def test_a_trained_judge_is_asked_only_for_what_is_better_with_more() -> None:
    asked = criteria_of(Trained())
    assert "empathy" in {criterion.id for criterion in asked}
    assert not {"dismissing_emotions", "self_oriented"} & {criterion.id for criterion in asked}
    assert {(criterion.low, criterion.high) for criterion in asked} == {(1, 5)}


def test_a_judge_that_prefers_the_wrong_side_of_known_pairs_teaches_nothing(tmp_path: Path) -> None:
    place = PLACES[0].model_copy(update={"says": ("Yes.", "Wonderful indeed.")})
    rows, flips = judged([place], ByWords(better=-1), tmp_path)
    assert flips == 0.5
    with pytest.raises(InputError, match="thrown coins"):
        check_preferences(rows, "judged")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sample", "--count", "1", "--out", "s.jsonl"], "--count: two answers at least"),
        (["judge", "none.jsonl", "--out", "j"], "none.jsonl cannot be read"),
        (["judge", "something", "--out", "j"], "something holds no place of `align sample`"),
        (["reward", "--out", "something"], "something is a file: --out names a folder"),
        (["reward", "--ridge", "inf", "--out", "r"], "--ridge inf is not usable"),
        (["reward", "none.jsonl", "--out", "r"], "there is no file none.jsonl"),
        (["reward", "--ridge", "-1", "--out", "r"], "--ridge -1.0 is not usable"),
        (["reward", "--kind", "language", "--start", "x", "--out", "r"], "--start refines light"),
        (["reward", "--start", "x", "--out", "r"], "has no reward.json"),
        (["reward", "--out", "."], "is not empty"),
        (["group-reward", "--ridge", "0", "--out", "r"], "--ridge 0.0 is not usable"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "something").touch()
    assert main(["align", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert line in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["judge", "s.jsonl", "--out", "j", "--delta", "0"],
        ["judge", "s.jsonl", "--out", "j", "--delta", "nan"],
        ["judge", "s.jsonl", "--out", "j", "--known", "0"],
        ["judge", "s.jsonl", "--out", "j", "--at-once", "0"],
        ["sample", "--out", "s.jsonl", "--limit", "-3"],
        ["persona", "--reward", "r", "--out", "o", "--personas", ","],
        ["sft", "--adapters", ""],
        ["sft", "--threads", "-3"],
        ["reward", "--out", "r", "--threads", "0"],
    ],
    ids=" ".join,
)
def test_a_number_or_a_list_that_cannot_be_is_refused_where_it_is_typed(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["align", *arguments])
    assert caught.value.code == 2
    assert "argument --" in capsys.readouterr().err


def test_a_sample_file_of_something_else_is_refused_by_line(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps({"run": {}}) + '\n{"id": 1}\n')
    with pytest.raises(InputError, match=r"s\.jsonl, line 2: id: "):
        read_samples(tmp_path / "s.jsonl")


def test_an_answer_with_a_line_break_of_another_kind_is_one_line(tmp_path: Path) -> None:
    file, odd = tmp_path / "s.jsonl", "One\u2028two\x85three."
    sample_all(speaker(), PLACES[:1], 2, file, {})
    place = read_samples(file)[0].model_copy(update={"says": (odd,)})
    file.write_text('{"run": {}}\n' + place.model_dump_json() + "\n")
    assert read_samples(file) == [place]
