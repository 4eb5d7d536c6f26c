"""Strengths of arms against closed forms, direct maximisation, known truths, and the clock."""

from __future__ import annotations

import time
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from annotations.statistics.choice_fit import fit_with_jeffreys_prior
from annotations.statistics.choice_model import Layout, block, information, probabilities, scores
from annotations.statistics.choices import as_choices
from annotations.statistics.errors import StatisticsError
from annotations.statistics.strengths import Strengths, lines, strengths
from annotations.statistics.votes import Ballots, read_pairs, read_rankings
from tests.unit.annotations.statistics.voting import comparisons, rankings

PLAIN = ["left", "right", "outcome"]


def pairs_of(*results: tuple[str, str, str, int]) -> pd.DataFrame:
    rows = [(left, right, outcome) for left, right, outcome, times in results for _ in range(times)]
    return pd.DataFrame(rows, columns=pd.Index(PLAIN))


def by_name(found: Strengths) -> dict[str, float]:
    return {arm.name: arm.value for arm in found.arms}


def test_two_arms_without_ties_are_firths_logit_in_closed_form() -> None:
    """30 wins to 10: Jeffreys' prior moves the logit like half a vote for each side."""
    table = pairs_of(
        ("a", "b", "left", 15), ("b", "a", "right", 15), ("a", "b", "right", 5), ("b", "a", "left", 5)
    )
    found = strengths(read_pairs(table), positions=False)
    gap = found.difference("a", "b")
    assert gap.value == pytest.approx(np.log(30.5 / 10.5), abs=1e-6)
    chance = 30.5 / 41
    assert gap.error == pytest.approx((chance * (1 - chance) * 41) ** -0.5, rel=1e-6)


def test_ties_and_positions_are_davidsons_in_closed_form() -> None:
    """Two arms on both sides have three parameters, and many votes have no use for a prior."""
    table = pairs_of(
        ("a", "b", "left", 400_000), ("a", "b", "right", 100_000), ("a", "b", "tie", 100_000),
        ("b", "a", "left", 200_000), ("b", "a", "right", 200_000), ("b", "a", "tie", 100_000),
    )  # fmt: skip
    found = strengths(read_pairs(table))
    assert found.position is not None
    assert found.difference("a", "b").value == pytest.approx(np.log(4) / 2, abs=1e-4)
    assert found.position.value == pytest.approx(np.log(4) / 2, abs=1e-4)
    assert np.exp(found.ties[0].value) == pytest.approx(0.5, abs=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_the_penalised_maximum_is_that_of_a_general_optimiser(seed: int) -> None:
    """log-likelihood + ½ log det information, maximised without our gradients."""
    rng = np.random.default_rng(seed)
    ballots = read_pairs(comparisons(np.array([0.8, 0.0, -0.8]), 60, rng)[PLAIN])
    layout = Layout(3, 2, (2,))
    blocks = [block(stage, layout) for stage in as_choices(ballots.votes[0])]
    basis = np.zeros((6, 4))
    basis[:3, :2] = [[1, 0], [0, 1], [-1, -1]]
    basis[3:5, 2] = [1, -1]
    basis[5, 3] = 1

    def loss(free: np.ndarray) -> float:
        parameters = basis @ free
        likelihood = sum(
            (part.choices.counts * np.log(probabilities(part, parameters))).sum() for part in blocks
        )
        total = sum(information(part, parameters) for part in blocks)
        return -likelihood - np.linalg.slogdet(basis.T @ total @ basis)[1] / 2

    theirs = basis @ optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7}).x
    assert fit_with_jeffreys_prior(blocks, layout).parameters == pytest.approx(theirs, abs=2e-4)


def test_the_score_is_the_slope_of_the_likelihood_and_the_information_its_bend() -> None:
    rng = np.random.default_rng(4)
    table = rankings(np.array([0.5, 0.0, -0.5, 0.3]), 50, rng)
    table["rank"] = np.minimum(table["rank"], rng.integers(1, 4, len(table)))
    layout = Layout(4, 3, (2, 3))
    blocks = [block(stage, layout) for stage in as_choices(read_rankings(table).votes[0])]
    at = rng.normal(size=layout.starts[-1]) / 2

    def likelihood(parameters: np.ndarray) -> float:
        return sum((part.choices.counts * np.log(probabilities(part, parameters))).sum() for part in blocks)

    def score(parameters: np.ndarray) -> np.ndarray:
        return np.sum([scores(part, parameters)[0] for part in blocks], axis=0)

    assert score(at) == pytest.approx(optimize.approx_fprime(at, likelihood, 1e-6), abs=1e-3)
    bend = -np.array([optimize.approx_fprime(at, lambda x, i=i: score(x)[i], 1e-6) for i in range(len(at))])
    assert np.sum([information(part, at) for part in blocks], axis=0) == pytest.approx(bend, abs=1e-3)


def test_a_ranking_of_three_has_the_chance_of_plackett_and_luce() -> None:
    """All six orders of one set, in the proportions of the model, give the model back."""
    worth = np.exp([0.7, 0.0, -0.7])
    rows = []
    for order in permutations(range(3)):
        chance = worth[order[0]] / worth.sum() * worth[order[1]] / (worth[order[1]] + worth[order[2]])
        rows += [[int(order.index(arm)) + 1 for arm in range(3)]] * round(chance * 20_000)
    table = pd.DataFrame(
        {
            "vote": np.repeat(np.arange(len(rows)), 3),
            "arm": np.tile(["x", "y", "z"], len(rows)),
            "position": np.tile(np.arange(3), len(rows)),
            "rank": np.concatenate(rows),
        }
    )
    assert by_name(strengths(read_rankings(table), positions=False)) == pytest.approx(
        {"x": 0.7, "y": 0.0, "z": -0.7}, abs=2e-3
    )


def test_a_ranking_of_two_is_a_comparison() -> None:
    pairs = comparisons(np.array([0.6, 0.0, -0.6]), 300, np.random.default_rng(6))[PLAIN]
    rank = {"left": (1, 2), "right": (2, 1), "tie": (1, 1)}
    table = pd.DataFrame(
        {
            "vote": np.repeat(np.arange(300), 2),
            "arm": pairs[["left", "right"]].to_numpy().ravel(),
            "position": np.tile([0, 1], 300),
            "rank": np.concatenate([rank[outcome] for outcome in pairs["outcome"]]),
        }
    )
    one, two = strengths(read_pairs(pairs)), strengths(read_rankings(table))
    assert by_name(one) == pytest.approx(by_name(two), abs=1e-9)
    assert one.covariance == pytest.approx(two.covariance, abs=1e-9)


def test_an_arm_that_always_wins_stays_finite_and_unsure() -> None:
    found = strengths(
        read_pairs(pairs_of(("a", "b", "left", 6), ("b", "a", "right", 6), ("b", "c", "left", 5)))
    )
    best = found.arms[0]
    assert best.name == "a"
    assert np.isfinite([best.value, best.low, best.high]).all()
    assert best.high - best.low > 1


def test_position_is_not_taken_for_strength() -> None:
    """Arm 0 always stands on the favoured side of arm 1, and both meet arm 2 on either side."""
    votes = comparisons(np.zeros(3), 30_000, np.random.default_rng(8), first=1.0)
    votes = votes[~((votes["left"] == 1) & (votes["right"] == 0))]
    with_position = strengths(read_pairs(votes[PLAIN]))
    without = strengths(read_pairs(votes[PLAIN]), positions=False)
    assert abs(with_position.difference("0", "1").value) < 0.1
    assert without.difference("0", "1").value > 0.3


def test_style_control_takes_the_length_out() -> None:
    """Arm 0 only writes longer, and raters like length."""
    rng = np.random.default_rng(9)
    votes = comparisons(np.zeros(2), 4000, rng, length=0.0)
    for side in ("left", "right"):
        votes[f"{side}_length"] += 2 * (votes[side] == 0)
    edge = 0.5 * (votes["left_length"] - votes["right_length"])
    votes["outcome"] = np.where(rng.random(4000) < 1 / (1 + np.exp(-edge)), "left", "right")
    style = {"length": ("left_length", "right_length")}
    raw = strengths(read_pairs(votes[PLAIN]))
    controlled = strengths(read_pairs(votes, style))
    assert raw.difference("0", "1").low > 0.5
    assert controlled.difference("0", "1").low < 0 < controlled.difference("0", "1").high
    assert controlled.style[0].value / read_pairs(votes, style).units[0] == pytest.approx(0.5, abs=0.1)


def test_raters_who_prefer_a_side_are_seen_and_those_who_do_not_are_not() -> None:
    rng = np.random.default_rng(10)
    truth = np.array([0.5, 0.0, -0.5])
    biased = strengths(read_pairs(comparisons(truth, 3000, rng, raters=100, side=0.8)), raters="effects")
    even = strengths(read_pairs(comparisons(truth, 3000, rng, raters=100)), raters="effects")
    assert biased.rater_deviation == pytest.approx(0.8, abs=0.25)
    assert even.rater_deviation < 0.3
    assert biased.position is not None
    assert even.position is not None
    assert biased.position.error > 1.5 * even.position.error


def coverage(votes: int, truth: np.ndarray, studies: int, seed: int, **world: float) -> float:
    """Share of 95 % intervals that hold the true strength, over all arms and studies."""
    rng = np.random.default_rng(seed)
    inside = 0
    for _ in range(studies):
        table = comparisons(truth, votes, rng, **world)  # type: ignore[arg-type]
        found = strengths(read_pairs(table if world else table[PLAIN]))
        inside += sum(arm.low <= truth[int(arm.name)] <= arm.high for arm in found.arms)
    return inside / (studies * len(truth))


def test_intervals_cover_the_truth_short_form() -> None:
    assert 0.90 <= coverage(60, np.linspace(-1, 1, 4), 100, seed=11) <= 0.99


@pytest.mark.long
@pytest.mark.parametrize(
    ("arms", "votes", "spread"),
    [(3, 30, 1.5), (3, 45, 0.5), (4, 60, 1.0), (6, 60, 1.0), (5, 400, 0.5), (10, 1000, 1.0)],
)
def test_95_percent_intervals_hold_the_truth_95_percent_of_the_time(
    arms: int, votes: int, spread: float
) -> None:
    """1,000 studies each, from few votes with arms that nearly always win to many."""
    assert abs(coverage(votes, np.linspace(-spread, spread, arms), 1000, seed=arms * votes) - 0.95) <= 0.015


@pytest.mark.long
def test_twenty_votes_make_cautious_intervals() -> None:
    """So few votes have few outcomes; the interval errs to the safe side."""
    assert 0.935 <= coverage(20, np.array([-0.5, 0.5]), 1000, seed=40) <= 0.98


@pytest.mark.long
def test_intervals_by_rater_cover_what_raters_of_differing_taste_would_say_on_average() -> None:
    """Intervals that take the votes as independent are too short here; those by rater are not."""
    truth = np.array([-0.6, -0.1, 0.2, 0.5])
    crowd = comparisons(truth, 600_000, np.random.default_rng(12), raters=200_000, taste=0.6)
    average = by_name(strengths(read_pairs(crowd[PLAIN])))
    rng = np.random.default_rng(13)
    inside = {"clustered": 0, "independent": 0}
    for _ in range(1000):
        ballots = read_pairs(comparisons(truth, 1200, rng, raters=60, taste=0.6))
        for raters in inside:
            found = strengths(ballots, raters=raters)  # type: ignore[arg-type]
            inside[raters] += sum(arm.low <= average[arm.name] <= arm.high for arm in found.arms)
    assert abs(inside["clustered"] / 4000 - 0.95) <= 0.015
    assert inside["independent"] / 4000 < 0.90


def test_a_million_votes_over_fifty_arms_take_less_than_five_seconds() -> None:
    truth = np.linspace(-1, 1, 50)
    table = comparisons(truth, 1_000_000, np.random.default_rng(14))[PLAIN]
    started = time.process_time()
    found = strengths(read_pairs(table))
    assert time.process_time() - started < 5
    assert max(abs(arm.value - truth[int(arm.name)]) for arm in found.arms) < 0.06


def test_places_that_the_votes_leave_open_are_shown() -> None:
    found = strengths(
        read_pairs(comparisons(np.array([1.5, 0.0, 0.0]), 500, np.random.default_rng(15))[PLAIN])
    )
    assert found.ranks == ((1, 1), (2, 3), (2, 3))
    text = "\n".join(lines(found))
    assert "2 to 3" in text
    assert "500 votes" in text
    assert found.as_dict()["votes"] == 500


def test_the_names_of_arms_do_not_matter() -> None:
    table = comparisons(np.array([0.7, 0.0, -0.7]), 200, np.random.default_rng(16))[PLAIN]
    names = {0: "zeta", 1: "beta", 2: "alpha"}
    renamed = table.replace({"left": names, "right": names})
    one, two = by_name(strengths(read_pairs(table))), by_name(strengths(read_pairs(renamed)))
    assert {names[int(arm)]: value for arm, value in one.items()} == pytest.approx(two, abs=1e-6)


def test_rankings_of_different_lengths_go_together() -> None:
    rng = np.random.default_rng(17)
    table = rankings(np.array([0.6, 0.0, -0.6]), 600, rng)
    short = table[(table["vote"] % 2 == 0) | (table["position"] < 2)]
    found = strengths(read_rankings(short))
    assert found.votes == 600
    assert by_name(found)["0"] == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pairs_of(("a", "b", "left", 2), ("c", "d", "left", 2)), "'a' was never compared with 'c'"),
        (pairs_of(("a", "a", "left", 1)), "row 0, column 'right': 'a' is the arm on the left too"),
        (pairs_of(("a", "b", "both", 1)), "row 0, column 'outcome': 'both' is none of left, right, tie"),
        (pairs_of(("a", "b", "left", 3)), "cannot tell arms, positions and style apart"),
        (pairs_of(), "no votes yet"),
        (pd.DataFrame({"left": ["a"]}), "no column 'right'"),
    ],
)
def test_votes_that_cannot_be_used_are_refused_in_one_line(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        strengths(read_pairs(table))


def test_rankings_that_cannot_be_used_are_refused_in_one_line() -> None:
    good = rankings(np.zeros(3), 2, np.random.default_rng(18))
    for column, value, message in (
        ("rank", "first", "row 1, column 'rank': 'first' is no number"),
        ("position", 0, "row 1, column 'position': '0' is in this vote twice"),
        ("arm", good["arm"][0], "row 1, column 'arm'.*in this vote twice"),
    ):
        table = good.astype(object)
        table.loc[1, column] = value
        with pytest.raises(StatisticsError, match=message):
            read_rankings(table)


def test_every_pair_of_arms_can_be_compared() -> None:
    found = strengths(
        read_pairs(comparisons(np.array([0.7, 0.0, -0.7]), 300, np.random.default_rng(19))[PLAIN])
    )
    values = by_name(found)
    for one, two in combinations(values, 2):
        gap = found.difference(one, two)
        assert gap.value == pytest.approx(values[one] - values[two])
        assert gap.low < gap.value < gap.high
    with pytest.raises(StatisticsError, match="no arm 'x'"):
        found.difference("0", "x")


def test_ballots_of_one_table_share_names() -> None:
    ballots: Ballots = read_pairs(comparisons(np.zeros(3), 30, np.random.default_rng(20), raters=5))
    assert ballots.arms == ["0", "1", "2"]
    assert len(ballots.raters) == 5
