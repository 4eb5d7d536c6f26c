"""How a judge is measured: κ against hand-computed values and scikit-learn, and what the card says."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from mascot.errors import InputError
from mascot.evaluation.judges.agreement import kappa_interval, quadratic_kappa, spearman
from mascot.evaluation.judges.base import Case, Line
from mascot.evaluation.judges.bias_run import read_biases
from mascot.evaluation.judges.card import card_table, make_card
from mascot.evaluation.judges.card_run import read_cards
from mascot.evaluation.judges.criteria import rated_dimensions
from mascot.evaluation.judges.rated import CONSENSUS, CROWD, EXPERT_NAMES, Rated, rated_conversations

RATINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=40)
DATA = Path(os.environ.get("MASCOT_DATA", "../shared/data")) / "empathic_judging"
DIMENSION = next(one for one in rated_dimensions() if one.id == "empathy")
MADE = {"command": "python -m mascot judge card", "date": "today", "machine": "a test", "version": "0"}


def test_kappa_by_hand() -> None:
    assert quadratic_kappa([1, 2, 3], [1, 2, 3]) == 1
    assert quadratic_kappa([1, 3], [3, 1]) == -1
    assert quadratic_kappa([1, 2], [1, 1]) == pytest.approx(1 - 0.5 / (0.25 + 0.25))
    assert quadratic_kappa([3, 3], [1, 5]) == 0
    assert quadratic_kappa([3, 3], [3, 3]) is None
    assert quadratic_kappa([], []) is None


@given(RATINGS)
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)
    assume(len({*one, *other}) > 1)
    theirs = cohen_kappa_score(one, other, weights="quadratic", labels=[1, 2, 3, 4, 5])
    assert quadratic_kappa(one, other) == pytest.approx(theirs)


@given(RATINGS)
def test_spearman_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)
    found = spearman(one, other)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(one, other)[0])


def test_the_interval_holds_the_figure_and_narrows_with_more_items() -> None:
    rng = np.random.default_rng(0)
    rated_by_expert = rng.integers(1, 6, 400)
    judge = (rated_by_expert + rng.normal(0, 1, 400)).tolist()
    expert = rated_by_expert.tolist()
    few, many = kappa_interval(judge[:30], expert[:30]), kappa_interval(judge, expert)
    kappa = quadratic_kappa(judge, expert)
    assert few is not None
    assert many is not None
    assert kappa is not None
    assert many[0] < kappa < many[1]
    assert many[1] - many[0] < few[1] - few[0]


def rated(ratings: list[tuple[float, float, float, float]]) -> list[Rated]:
    """Three experts and the crowd, by conversation."""
    found = []
    for place, given_ in enumerate(ratings):
        by_rater: dict[str, float] = dict(zip((*EXPERT_NAMES, CROWD), given_, strict=True))
        by_rater[CONSENSUS] = float(np.median(given_[:3]))
        case = Case(id=f"c{place}", said=(Line(speaker="Supporter", text="Hm."),))
        found.append(Rated(case, "made up", {"empathy": by_rater}))
    return found


ITEMS = rated([(float(i % 5 + 1), float(i % 5 + 1), float(max(1, i % 5)), 3.0 + i % 2) for i in range(20)])


def scores(give: dict[int, float | None]) -> dict[tuple[str, str], float | None]:
    return {(f"c{place}", "empathy"): score for place, score in give.items()}


def test_a_judge_that_gives_the_experts_ratings_is_as_good_as_they_are() -> None:
    given_ = scores({place: item.ratings["empathy"][CONSENSUS] for place, item in enumerate(ITEMS)})
    card = make_card("twin", "a copy", given_, ITEMS, [DIMENSION], MADE)
    assert card.kappa == 1
    assert card.believable
    assert "as well as one expert" in card.words


def test_a_judge_that_never_varies_is_not_believed_and_the_words_say_so() -> None:
    card = make_card("flat", "3 for all", scores(dict.fromkeys(range(20), 3.0)), ITEMS, [DIMENSION], MADE)
    assert card.kappa == 0
    assert card.rank is None
    assert not card.believable
    assert "too weak to be believed" in card.words
    assert "do not rank systems" in card_table(card)


def test_failures_are_counted_and_leave_the_rest_alone() -> None:
    given_ = scores(
        {place: item.ratings["empathy"][CONSENSUS] for place, item in enumerate(ITEMS)} | {0: None, 7: None}
    )
    card = make_card("now and then", "a copy", given_, ITEMS, [DIMENSION], MADE)
    assert (card.lines[0].n, card.lines[0].failed) == (18, 2)
    assert card.kappa == 1
    assert "no score in 2 of 20" in card.words


def test_a_judge_that_mostly_fails_is_not_believed_whatever_the_rest_is_like() -> None:
    given_: dict[int, float | None] = dict.fromkeys(range(20))
    for place in range(5):
        given_[place] = ITEMS[place].ratings["empathy"][CONSENSUS]
    card = make_card("silent", "a copy", scores(given_), ITEMS, [DIMENSION], MADE)
    assert card.kappa == 1
    assert not card.believable
    assert "too weak" in card.words


def test_every_line_of_the_table_has_the_same_cells() -> None:
    card = make_card("flat", "3 for all", scores(dict.fromkeys(range(20), 3.0)), ITEMS, [DIMENSION], MADE)
    lines = [line for line in card_table(card).splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1


def test_a_folder_without_ratings_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no ratings"):
        rated_conversations(tmp_path)


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here; set MASCOT_DATA")
def test_the_published_agreement_of_experts_and_crowd_comes_out() -> None:
    """Against the published table, to its two decimals, where every point of the scale was used."""
    published = pd.read_csv(DATA / "table_kappa.csv").set_index(["Dimension", "Annotator Pair"])
    known = rated_conversations(DATA)
    checked = 0
    for dimension in rated_dimensions():
        rows = [one.ratings[dimension.id] for one in known if dimension.id in one.ratings]
        assert len(rows) == 50
        for one, other in (("expert1", "expert2"), ("expert2", "expert3"), ("expert3", "expert1")):
            a, b = [row[one] for row in rows], [row[other] for row in rows]
            if {*a, *b} == set(map(float, dimension.points)):
                theirs = published.loc[(dimension.id, f"('{one}', '{other}')"), "Weighted Cohen's Kappa"]
                assert quadratic_kappa(a, b) == pytest.approx(theirs, abs=0.0051)  # pyright: ignore[reportArgumentType]
                checked += 1
    assert checked > 20


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not here; set MASCOT_DATA")
def test_every_rated_conversation_has_words_of_both() -> None:
    for one in rated_conversations(DATA):
        assert {line.speaker for line in one.case.said} == {"user", "Supporter"}, one.case.id


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", '{"judge": "a", "model": "m", "lines": 5}'),
        ("bias.json", "{}"),
        ("bias.json", "[1]"),
        ("bias.json", '{"biases": [{"judge": "a"}]}'),
    ],
)
def test_a_damaged_card_is_named_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "other.json").write_text("[1, 2]")
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"{name} is no ") as caught:
        _ = read_cards(tmp_path), read_biases(tmp_path)
    assert "\n" not in str(caught.value)
