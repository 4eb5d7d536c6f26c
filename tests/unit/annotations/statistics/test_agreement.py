"""Agreement statistics against published examples, libraries, and plain sums over pairs."""

from __future__ import annotations

from itertools import permutations

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from annotations.statistics.agreement import agreement_by_criterion
from annotations.statistics.alpha import STATISTICS, krippendorff_alpha
from annotations.statistics.errors import StatisticsError
from annotations.statistics.estimate import Estimate
from annotations.statistics.icc import icc
from annotations.statistics.kappa import cohen_kappa, fleiss_kappa, pairwise_kappa, quadratic_kappa
from annotations.statistics.ratings import Level, Ratings, read_ratings

_ = np.nan
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T
"""The example of Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), as items × raters."""
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
"""Table 2 of Shrout and Fleiss (1979), as items × raters."""
FLEISS = np.repeat(
    np.tile(np.arange(5), 10),
    [
        *(0, 0, 0, 0, 14, 0, 2, 6, 4, 2, 0, 0, 3, 5, 6, 0, 3, 9, 2, 0, 2, 2, 8, 1, 1),
        *(7, 7, 0, 0, 0, 3, 2, 6, 3, 0, 2, 5, 3, 2, 2, 6, 5, 2, 1, 0, 0, 2, 2, 3, 7),
    ],
).reshape(10, 14)
"""The worked example of Fleiss' κ with 10 items, 14 raters and 5 categories; κ = 0.210."""
TABLES = st.integers(2, 7).flatmap(
    lambda raters: st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=raters, max_size=raters),
        min_size=2,
        max_size=12,
    )
)


def ratings_of(grid: object, level: Level = "interval") -> Ratings:
    table = np.array(grid, dtype=float)
    item, rater = np.nonzero(~np.isnan(table))
    return read_ratings(pd.DataFrame({"item": item, "rater": rater, "value": table[item, rater]}), level)


def number(estimate: Estimate) -> float:
    assert estimate.value is not None, estimate.reason
    return estimate.value


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_krippendorffs_own_example(level: Level, alpha: float) -> None:
    assert number(krippendorff_alpha(ratings_of(KRIPPENDORFF), level)) == pytest.approx(alpha, abs=5e-4)


@given(TABLES)
@settings(max_examples=60, deadline=None)
def test_alpha_is_the_librarys_wherever_both_are_defined(grid: list) -> None:
    ratings = ratings_of(grid)
    paired = [[cell for cell in row if cell is not None] for row in grid]
    answers = {cell for row in paired if len(row) > 1 for cell in row}
    table = np.array(grid, dtype=float).T
    for level in LEVELS:
        ours = krippendorff_alpha(ratings, level, draws=0)
        if len(answers) < 2:
            assert ours.value is None
            assert ours.reason
        else:
            theirs = krippendorff.alpha(reliability_data=table, level_of_measurement=level)
            assert number(ours) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("statistic_of", STATISTICS.values(), ids=STATISTICS)
def test_a_sample_of_items_as_weights_is_the_same_as_those_items_written_out(statistic_of) -> None:
    draw = np.random.default_rng(5).multinomial(11, np.full(11, 1 / 11))
    counts, values = ratings_of(KRIPPENDORFF[:11]).counts(), np.arange(1.0, 6.0)
    by_weight = statistic_of(counts, values)(draw[None, :].astype(float))
    repeated = sparse.csr_matrix(np.repeat(counts.toarray(), draw, axis=0))
    written_out = statistic_of(repeated, values)(np.ones((1, draw.sum())))
    assert by_weight == pytest.approx(written_out, abs=1e-9)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_cohens_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    ours = cohen_kappa(first, second, draws=0)
    by_rank = quadratic_kappa(first, second, "rank", draws=0)
    by_value = quadratic_kappa(first, second, "value", draws=0)
    if len(set(first) | set(second)) == 1:
        assert (ours.value, by_rank.value, by_value.value) == (None, None, None)
        return
    assert number(ours) == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)
    assert number(by_rank) == pytest.approx(cohen_kappa_score(first, second, weights="quadratic"), abs=1e-9)
    whole_scale = cohen_kappa_score(first, second, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert number(by_value) == pytest.approx(whole_scale, abs=1e-9)


def test_cohens_kappa_by_hand() -> None:
    """20 times both yes, 15 both no, 5 and 10 apart: 0.7 observed, 0.5 by chance."""
    first = np.repeat(["yes", "yes", "no", "no"], [20, 5, 10, 15])
    second = np.repeat(["yes", "no", "yes", "no"], [20, 5, 10, 15])
    assert number(cohen_kappa(first, second)) == pytest.approx(0.4)


def test_fleiss_kappa_is_that_of_the_worked_example_and_of_statsmodels() -> None:
    ours = number(fleiss_kappa(ratings_of(FLEISS)))
    assert ours == pytest.approx(0.210, abs=5e-4)
    counts = inter_rater.aggregate_raters(FLEISS)[0]
    assert ours == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-12)


def test_icc_is_that_of_shrout_and_fleiss() -> None:
    ratings = ratings_of(SHROUT_FLEISS)
    assert number(icc(ratings)) == pytest.approx(0.29, abs=5e-3)
    assert number(icc(ratings, mean_of_raters=True)) == pytest.approx(0.62, abs=5e-3)


@given(st.permutations(range(6)), st.permutations(range(4)), st.floats(-50, 50), st.floats(0.01, 50))
@settings(max_examples=40, deadline=None)
def test_neither_order_nor_origin_nor_unit_matters(
    items: list, raters: list, shift: float, unit: float
) -> None:
    table = SHROUT_FLEISS.astype(float)
    moved = table[items][:, raters] * unit + shift
    for statistic in (icc, fleiss_kappa, lambda r, draws: krippendorff_alpha(r, "interval", draws)):
        before = number(statistic(ratings_of(table), draws=0))
        assert number(statistic(ratings_of(moved), draws=0)) == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("statistic", [krippendorff_alpha, fleiss_kappa, icc])
@pytest.mark.parametrize(
    "grid", [[[1], [2], [3]], [[3, 3], [3, 3], [3, 3]], [[1, _], [_, 2], [3, _]], [[4, 4]]]
)
def test_what_is_not_defined_says_why_and_never_nan(statistic, grid: list) -> None:
    found = statistic(ratings_of(grid))
    assert found.value is None
    assert len(found.reason) > 10


def test_raters_who_never_meet_have_no_kappa() -> None:
    assert cohen_kappa(np.array([]), np.array([])).reason == "the two raters share no item"
    assert list(pairwise_kappa(ratings_of([[1, _], [_, 2]]), draws=0)) == []


def test_perfect_agreement_is_one_and_certain() -> None:
    ratings = ratings_of(np.repeat([[1], [2], [5], [4]], 3, axis=1))
    for statistic in (krippendorff_alpha, fleiss_kappa, icc):
        found = statistic(ratings)
        assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_more_items_make_the_interval_shorter_and_the_seed_makes_it_repeatable() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, size=(400, 1))
    grid = np.clip(truth + rng.integers(-1, 2, size=(400, 3)), 1, 5)
    few, many = (krippendorff_alpha(ratings_of(grid[:n]), "ordinal") for n in (30, 400))
    assert width(many) < width(few) / 2
    assert krippendorff_alpha(ratings_of(grid[:30]), "ordinal") == few


def width(found: Estimate) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """α of the whole population of items, against 200 samples of 60 of them."""
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(20_000, 1))
    grid = np.round(truth + rng.normal(size=(20_000, 3)))
    whole = number(krippendorff_alpha(ratings_of(grid), "interval", draws=0))
    inside = 0
    for at in range(0, 12_000, 60):
        found = krippendorff_alpha(ratings_of(grid[at : at + 60]), "interval", draws=400)
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= whole <= found.high
    assert 0.88 <= inside / 200 <= 0.99


def test_each_criterion_stands_for_itself() -> None:
    rows = [
        {"item": item, "rater": rater, "criterion": criterion, "value": value}
        for item, value in enumerate([1, 2, 4, 5, 3])
        for rater in ("a", "b")
        for criterion in ("warmth", "clarity")
    ]
    table = pd.DataFrame(rows)
    table.loc[(table.rater == "b") & (table.criterion == "clarity"), "value"] = [5, 4, 2, 1, 3]
    clarity, warmth = agreement_by_criterion(table, "interval", draws=50)
    assert (clarity.criterion, warmth.criterion) == ("clarity", "warmth")
    assert number(warmth.alpha) == pytest.approx(1)
    assert number(clarity.alpha) < 0
    assert warmth.items_by_raters == {2: 5}
    assert warmth.as_dict()["pairs"][0]["raters"] == ["a", "b"]  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("i1", "a", "good"), ("i1", "b", 2)], "row 0: value 'good' is no number"),
        ([("i1", "a", 1), ("i1", "a", 2)], "row 1: rater 'a' answered item 'i1' twice"),
        ([("i1", None, 1)], "row 0: no rater"),
        ([("i1", "a", float("inf"))], "is no number"),
    ],
)
def test_a_wrong_cell_is_named_in_one_line(rows: list, message: str) -> None:
    table = pd.DataFrame(rows, columns=pd.Index(["item", "rater", "value"]))
    with pytest.raises(StatisticsError, match=message) as caught:
        read_ratings(table, "interval")
    assert "\n" not in str(caught.value)


def test_names_can_be_compared_at_the_nominal_level() -> None:
    rows = [(item, rater, value) for item, value in enumerate("abca") for rater in "xy"]
    table = pd.DataFrame(rows, columns=pd.Index(["item", "rater", "value"]))
    [found] = agreement_by_criterion(table, "nominal", draws=20)
    assert number(found.alpha) == pytest.approx(1)
    assert found.icc_single is None


def test_ordinal_alpha_is_the_sum_of_the_book() -> None:
    """δ² between two values is the squared number of answers from one to the other, halves at the ends."""
    counts = ratings_of(KRIPPENDORFF).counts().toarray()
    counts = counts[counts.sum(axis=1) > 1]
    n = counts.sum(axis=0)
    observed = expected = 0.0
    for c, k in permutations(range(len(n)), 2):
        low, high = min(c, k), max(c, k)
        distance = (n[low : high + 1].sum() - (n[c] + n[k]) / 2) ** 2
        observed += distance * (counts[:, c] * counts[:, k] / (counts.sum(axis=1) - 1)).sum()
        expected += distance * n[c] * n[k] / (n.sum() - 1)
    found = number(krippendorff_alpha(ratings_of(KRIPPENDORFF), "ordinal"))
    assert found == pytest.approx(1 - observed / expected, abs=1e-12)
