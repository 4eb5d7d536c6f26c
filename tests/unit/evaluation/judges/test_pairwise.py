"""Comparing two and three: every place for everyone, and what a place is worth."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineTimeoutError, InputError
from mascot.evaluation.judges import bias_run
from mascot.evaluation.judges.base import Case, Line
from mascot.evaluation.judges.bias import Bias, bias_table, self_bias_of_scores, self_preference
from mascot.evaluation.judges.bias_run import bias_of
from mascot.evaluation.judges.engine_judge import EngineJudge
from mascot.evaluation.judges.pairwise import compare_cases, order_bias
from mascot.evaluation.judges.select import JudgeSpec
from mascot.settings import Settings

HEARD = (Line(speaker="user", text="I lost the keys."),)


def case(name: str, text: str) -> Case:
    return Case(id=name, heard=HEARD, said=(Line(speaker="Companion", text=text),))


ONE, TWO, THREE = case("one", "Oh no."), case("two", "Again?"), case("three", "Ask the neighbour.")


def judge(prefer: Callable[[str], float], first: float = 1.0) -> ScriptedEngine:
    """Weighs each answer by its text, and whatever stands first by `first` more."""

    def weigh(request: Request, options: Sequence[str]) -> list[float]:
        read = request.prompt.cue[0].content
        answers = [part.split("\n\n")[0] for part in read.split("Answer ")[1 : len(options) + 1]]
        weights = [prefer(answer) for answer in answers]
        return [weights[0] * first, *weights[1:]]

    return ScriptedEngine(weigh=weigh)


def test_each_of_two_and_of_three_stands_once_in_each_place() -> None:
    for cases in ((ONE, TWO), (ONE, TWO, THREE)):
        asked = compare_cases(judge(lambda _: 1), "even", cases).asked
        for place in range(len(cases)):
            assert {preference.shown[place] for preference in asked} == {case.id for case in cases}


def test_a_judge_that_only_looks_at_places_prefers_nobody_and_its_bias_is_measured() -> None:
    compared = compare_cases(judge(lambda _: 1, first=3), "first", (ONE, TWO))
    assert compared.shares == pytest.approx({"one": 0.5, "two": 0.5})
    assert compared.best is None
    assert compared.steady is False
    assert order_bias([compared]) == pytest.approx(0.25)


def test_a_judge_that_reads_has_no_order_bias() -> None:
    compared = compare_cases(judge(lambda text: 3 if "neighbour" in text else 1), "reads", (ONE, TWO, THREE))
    assert compared.best == "three"
    assert compared.steady is True
    assert compared.shares == pytest.approx({"one": 0.2, "two": 0.2, "three": 0.6})
    assert order_bias([compared]) == pytest.approx(0)


def test_a_comparison_that_failed_in_one_order_counts_as_failed() -> None:
    class HalfSilent(ScriptedEngine):
        def choose(self, request: Request, options: Sequence[str]) -> list[float]:
            if len(self.requests) == 1:
                raise EngineTimeoutError("no answer")
            return super().choose(request, options)

    compared = compare_cases(HalfSilent(), "half", (ONE, TWO))
    assert [preference.failed for preference in compared.asked] == ["", "timed out"]
    assert compared.shares is None
    assert compared.best is None
    assert order_bias([compared]) is None


def test_a_judge_that_finds_all_alike_is_not_steady() -> None:
    for cases in ((ONE, TWO), (ONE, TWO, THREE)):
        even = compare_cases(judge(lambda _: 1), "even", cases)
        assert (even.best, even.steady) == (None, False)


def test_one_case_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="two or three"):
        compare_cases(ScriptedEngine(), "any", (ONE,))


def test_self_preference_by_hand() -> None:
    shares = {"vain": {"p": 0.9, "q": 0.7}, "calm": {"p": 0.5, "q": 0.5}, "dour": {"p": 0.3, "q": 0.5}}
    found = self_preference("vain", shares)
    assert found is not None
    assert found.value == pytest.approx((0.9 - 0.4 + 0.7 - 0.5) / 2)
    assert self_preference("vain", {"vain": {"p": 0.9}}) is None


def test_self_preference_in_scores_by_hand() -> None:
    author_of = {"a": "vain", "b": "vain", "c": "other"}
    scores = {"vain": {"a": 5.0, "b": 4.0, "c": 3.0}, "calm": {"a": 4.0, "b": 3.0, "c": 3.5}}
    assert self_bias_of_scores("vain", author_of, scores) == pytest.approx(1.0 - (-0.5))
    assert self_bias_of_scores("vain", {"c": "other"}, scores) is None


def test_a_planted_vain_judge_is_found_and_a_fair_one_beside_it_is_not() -> None:
    mine, theirs = case("s/vain", "My own words."), case("s/expert", "Words of an expert.")
    vain = judge(lambda text: 9 if "own" in text else 1, first=2)
    fair = judge(lambda text: 1, first=2)
    compared = {
        name: {author: {"s": compare_cases(engine, name, (mine, theirs))} for author in ("vain", "fair")}
        for name, engine in (("vain", vain), ("fair", fair))
    }
    bias = bias_of("vain", compared)
    assert bias.own_beyond_others is not None
    assert bias.own_beyond_others > 0.3
    assert bias.first is not None
    assert bias.first > 0
    assert bias.failed == 0


def planted(speech: str, prefer: str, first: float) -> EngineJudge:
    """Writes one text, likes what has one word, and what stands first."""
    weigh = judge(lambda text: 9 if prefer and prefer in text else 1, first).choose
    engine = ScriptedEngine(lambda _request: speech, weigh=weigh)
    return EngineJudge(engine, speech)


def test_the_command_lets_judges_write_compares_everything_and_leaves_its_figures(
    monkeypatch, tmp_path, capsys
) -> None:
    judges = {"vain": planted("Zounds, how sad.", "Zounds", 2), "fair": planted("I see.", "", 2)}

    @contextmanager
    def opened(spec: JudgeSpec, _settings: Settings) -> Iterator[EngineJudge]:
        yield judges[spec.name]

    monkeypatch.setattr(bias_run, "opened", opened)
    options = argparse.Namespace(judge=["vain", "fair"], limit=3, out=tmp_path)
    assert bias_run.run(options) == 0
    vain, fair = json.loads((tmp_path / "bias.json").read_text("utf-8"))["biases"]
    assert (vain["pairs"], vain["failed"]) == (6, 0)
    assert vain["own_beyond_others"] > 0.3 > abs(fair["own_beyond_others"])
    assert vain["steady"] == 0.5  # its own text wins wherever it stands, of the others whatever is first
    assert fair["steady"] == 0
    assert fair["first"] == pytest.approx(1 / 6)  # 2 of 3 for what stands first
    assert bias_table([Bias.model_validate(vain)]).splitlines()[-1] in (tmp_path / "bias.md").read_text(
        "utf-8"
    )
    assert "| vain | 6 | 0 |" in capsys.readouterr().out


def test_the_trained_judge_cannot_write_and_is_refused_in_one_line(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot compare or write"):
        bias_run.run(argparse.Namespace(judge=["empathy"], limit=3, out=tmp_path))
