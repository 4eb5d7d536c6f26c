"""The trained judge: what it learns, what it is not allowed to claim, and what is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mascot.errors import InputError
from mascot.evaluation.empathy.features import COUNTS, features
from mascot.evaluation.empathy.judge import EmpathyJudge, shipped_card, shipped_weights
from mascot.evaluation.empathy.ridge import fit, unseen
from mascot.evaluation.empathy.train import save, train
from mascot.evaluation.judges.agreement import quadratic_kappa
from mascot.evaluation.judges.base import Case, Line
from mascot.evaluation.judges.card import TOO_WEAK
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.rated import CONSENSUS, CROWD, EXPERT_NAMES, Rated
from tests.unit.evaluation.planted import Bag

DIMENSIONS = {one.id: one for one in rated_dimensions()}


def talk(id: str, *said: tuple[str, str]) -> Case:
    return Case(id=id, said=tuple(Line(speaker=speaker, text=text) for speaker, text in said))


def test_counts_by_hand() -> None:
    case = talk(
        "a", ("user", "I failed."), ("Supporter", "I am sorry! Why?"), ("Supporter", "You should rest.")
    )
    counts = dict(zip(COUNTS, features([case], Bag())[0][-len(COUNTS) :], strict=True))
    assert counts["utterances that ask"] == 0.5
    assert counts["utterances that advise"] == 0.5
    assert counts["utterances with sorry"] == 0.5
    assert counts["exclamation marks an utterance"] == 0.5
    assert counts["words (log)"] == pytest.approx(np.log1p(7))
    assert counts["words an utterance (log)"] == pytest.approx(np.log1p(3.5))
    assert counts["share of I, me, my"] == pytest.approx(1 / 7)
    assert counts["share of you, your"] == pytest.approx(1 / 7)


def test_what_the_person_says_is_not_judged() -> None:
    one = talk("a", ("user", "Bye."), ("Supporter", "Tell me more about the boat."))
    other = talk("b", ("user", "Bye."), ("Supporter", "Tell me more about the boat."), ("user", "Bye."))
    assert features([one], Bag()) == pytest.approx(features([other], Bag()))


def test_a_conversation_without_a_supporter_has_no_features() -> None:
    assert not features([talk("a", ("user", "Anyone?"))], Bag()).any()


def made_up(count: int = 60) -> list[Rated]:
    """Experts who like questions, and rate relevance by throwing dice."""
    rng = np.random.default_rng(0)
    found = []
    for place in range(count):
        asks = place % 2
        end = "?" if asks else "."
        case = talk(
            f"c{place}", ("user", "I lost it."), ("Supporter", f"What did you do on day {place}{end}")
        )
        ratings = {}
        for dimension, rating in (("empathy", 1.0 + 4 * asks), ("relevance", float(rng.integers(1, 6)))):
            ratings[dimension] = dict.fromkeys((*EXPERT_NAMES, CONSENSUS, CROWD), rating)
        found.append(Rated(case, "made up", ratings))
    return found


def test_it_learns_what_can_be_learned_and_does_not_offer_the_rest(tmp_path: Path) -> None:
    trained, card = train(made_up(), [DIMENSIONS["empathy"], DIMENSIONS["relevance"]], Bag(), {})
    kappa = {line.dimension: line.kappa for line in card.lines}
    assert kappa["empathy"] is not None
    assert kappa["relevance"] is not None
    assert kappa["empathy"] > 0.9
    assert kappa["relevance"] < TOO_WEAK
    judge = EmpathyJudge(Bag(), trained, card)
    assert judge.knows(DIMENSIONS["empathy"])
    with pytest.raises(InputError, match="does not know 'relevance'"):
        judge.score(made_up(1)[0].case, DIMENSIONS["relevance"])
    save(trained, card, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"weights.npz", "card.json"}


def test_predictions_are_of_conversations_that_were_not_learned_from() -> None:
    """Of ratings that are pure chance nothing can be predicted; in sample much of it would be."""
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(50, 40 + len(COUNTS)))
    ratings = rng.integers(1, 6, 50).astype(float)
    kappa = quadratic_kappa(unseen(seen, ratings).tolist(), ratings.tolist())
    assert kappa is not None
    assert abs(kappa) < 0.25


def test_a_linear_relation_is_found_again() -> None:
    rng = np.random.default_rng(2)
    seen = rng.normal(size=(200, 4 + len(COUNTS)))
    ratings = 3 + 0.5 * seen[:, 0] - 0.2 * seen[:, 5]
    found = fit(seen, ratings)
    assert found.predict(seen) == pytest.approx(ratings, abs=0.02)
    assert found.weights[0] == pytest.approx(0.5, abs=0.02)


def test_the_shipped_judge_knows_only_what_its_card_can_show() -> None:
    card, weights = shipped_card(), shipped_weights()
    judge = EmpathyJudge(Bag(), weights, card)
    known = {one.id for one in rated_dimensions() if judge.knows(one)}
    assert known == {line.dimension for line in card.lines if (line.kappa or 0) >= TOO_WEAK}
    assert not any(judge.knows(criterion) for criterion in paper_criteria())
    assert {linear.weights.shape for linear in weights.values()} == {(384 + len(COUNTS),)}


def test_a_score_never_leaves_the_scale() -> None:
    trained, card = train(made_up(), [DIMENSIONS["empathy"]], Bag(), {})
    shout = talk("x", ("user", "Hm."), ("Supporter", "?" * 3 + " Why? What? When? Who? Where?"))
    score = EmpathyJudge(Bag(), trained, card).score(shout, DIMENSIONS["empathy"]).score
    assert score is not None
    assert 1 <= score <= 5


def test_a_case_is_read_once_for_all_its_questions_and_another_one_anew() -> None:
    read: list[str] = []

    class Reading(Bag):
        def encode(self, texts):
            read.extend(texts)
            return super().encode(texts)

    trained, card = train(made_up(), [DIMENSIONS["empathy"]], Bag(), {})
    judge = EmpathyJudge(Reading(), trained, card)
    first, other = talk("x", ("Supporter", "Why?")), talk("x", ("Supporter", "Go on."))
    scores = [judge.score(case, DIMENSIONS["empathy"]).score for case in (first, first, other)]
    assert read == ["Why?", "Go on."]
    assert scores[0] == scores[1]
