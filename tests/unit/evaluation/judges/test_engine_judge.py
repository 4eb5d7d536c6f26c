"""A judge that is an engine: what it is asked, what its answer comes to, and what happens without one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mascot.engines.base import Piece, Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, EngineTimeoutError
from mascot.evaluation.judges.base import Case, Criterion, Line, Verdict, failures, mean_score
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.engine_judge import EngineJudge, read_rating

CASE = Case(
    id="s1/0",
    heard=(Line(speaker="user", text="I lost the keys again."),),
    said=(Line(speaker="Anchor", text="That is tiring."),),
    persona="Anchor, emotional validator",
)
EMPATHY = next(criterion for criterion in paper_criteria() if criterion.id == "empathy")


class Silent(ScriptedEngine):
    """Never answers in its time."""

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        raise EngineTimeoutError("no answer in 60 s")

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        raise EngineTimeoutError("no answer in 60 s")


class Broken(ScriptedEngine):
    """Cannot answer."""

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        raise EngineError("the prompt has 9000 tokens, the context 4096")


def test_the_papers_nine_criteria_are_there_each_with_five_anchors() -> None:
    assert [len(paper_criteria(level)) for level in ("agent", "group", "")] == [5, 4, 9]
    assert all(set(criterion.anchors) == {1, 2, 3, 4, 5} for criterion in paper_criteria())


def test_every_rated_dimension_keeps_the_scale_it_was_rated_on() -> None:
    scales = {criterion.id: (criterion.low, criterion.high) for criterion in rated_dimensions()}
    assert len(scales) == 12
    assert scales["advice_giving"] == (1, 5)
    assert scales["level_explorations"] == (0, 2)


def test_the_score_is_the_mean_of_the_scale_under_the_probabilities() -> None:
    judge = EngineJudge(ScriptedEngine(weigh=lambda request, options: [0, 0, 1, 2, 1]), "scripted")
    verdict = judge.score(CASE, EMPATHY)
    assert verdict.score == pytest.approx(4.0)
    assert verdict.distribution == pytest.approx((0, 0, 0.25, 0.5, 0.25))
    assert EMPATHY.shown(4.0) == 75


def test_the_questions_about_one_case_share_everything_but_the_question() -> None:
    engine = ScriptedEngine()
    judge = EngineJudge(engine, "scripted")
    for criterion in paper_criteria("agent"):
        judge.score(CASE, criterion)
    assert len({request.prompt.shared for request in engine.requests}) == 1
    assert len({request.prompt.cue for request in engine.requests}) == 5
    assert len({request.session for request in engine.requests}) == 1


def test_a_judge_reads_the_talk_the_persona_and_the_anchors() -> None:
    engine = ScriptedEngine()
    EngineJudge(engine, "scripted").score(CASE, EMPATHY)
    read = "\n".join(message.content for message in engine.requests[0].prompt.messages)
    for words in ("Person: I lost the keys again.", "Anchor: That is tiring.", "emotional validator"):
        assert words in read
    assert all(anchor in read for anchor in EMPATHY.anchors.values())


@pytest.mark.parametrize("way", ["probabilities", "answer"])
def test_a_judge_that_is_silent_gives_no_score_and_says_so(way: str) -> None:
    verdict = EngineJudge(Silent(), "silent", way).score(CASE, EMPATHY)  # type: ignore[arg-type]
    assert verdict.score is None
    assert verdict.failed == "timed out"


def test_a_judge_that_cannot_answer_keeps_the_engines_words() -> None:
    verdict = EngineJudge(Broken(), "broken").score(CASE, EMPATHY)
    assert verdict.score is None
    assert "9000 tokens" in verdict.failed


def test_a_written_answer_is_read() -> None:
    engine = ScriptedEngine(['"reason": "It names the feeling.", "rating": 4}'])
    verdict = EngineJudge(engine, "writes", "answer").score(CASE, EMPATHY)
    assert verdict.score == 4
    assert "names the feeling" in verdict.raw


@pytest.mark.parametrize(
    "raw",
    [
        "I would say four",
        '{"reason": "good", "rating": 7}',
        '{"reason": "good", "rating": 3.5}',
        '{"reason": "good", "rating": "four"}',
        '{"reason": "good", "rating": true}',
        '{"reason": "good"}',
        '{"rating": 1} or rather {"rating": 5}',
        '{"reason": "cut off, "rating": ',
        "{rating: 4}",
        "",
    ],
)
def test_nonsense_is_no_rating(raw: str) -> None:
    assert read_rating(raw, EMPATHY) is None


@given(st.text())
def test_no_text_makes_reading_fail(raw: str) -> None:
    assert read_rating(raw, EMPATHY) in (None, 1.0, 2.0, 3.0, 4.0, 5.0)


def test_nonsense_is_counted_and_never_given_a_score_of_its_own() -> None:
    engine = ScriptedEngine(['"reason": "good", "rating": 5}', "lovely weather"])
    judge = EngineJudge(engine, "writes", "answer")
    verdicts = [judge.score(CASE, EMPATHY) for _ in range(4)]
    assert failures(verdicts) == {"nonsense": 2}
    assert mean_score(verdicts) == 5.0
    assert mean_score(verdicts[1:2]) is None


def test_a_verdict_has_either_a_score_or_a_reason() -> None:
    for score, failed in ((None, ""), (3.0, "nonsense")):
        with pytest.raises(ValidationError, match="either"):
            Verdict(case="a", criterion="b", judge="c", score=score, failed=failed)


def test_a_scale_without_an_anchor_for_an_end_is_refused() -> None:
    with pytest.raises(ValidationError, match="two ends"):
        Criterion(id="x", title="X", level="agent", question="?", anchors={1: "bad"})
