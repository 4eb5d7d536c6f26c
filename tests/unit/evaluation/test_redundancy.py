"""Redundancy against values worked out by hand and against the published implementations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from vendi_score import vendi as reference_vendi

from mascot.conversation.text import words
from mascot.evaluation.redundancy import bleu, distinct, openings, overlap, reuse, self_bleu, vendi

WORDS = st.lists(st.sampled_from(["one", "two", "three", "four", "five"]), min_size=1, max_size=9)
TEXTS = WORDS.map(" ".join)
DIALOGUES = st.lists(st.lists(TEXTS, min_size=1, max_size=3), min_size=2, max_size=5)


def unit(*rows: tuple[float, ...]) -> np.ndarray:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_overlap_is_the_mean_cosine_of_different_agents_only() -> None:
    vectors = unit((1, 0), (0, 1), (1, 1))
    assert overlap(["a", "b", "a"], vectors) == pytest.approx((0 + np.sqrt(0.5)) / 2)
    assert overlap(["a", "a"], vectors[:2]) is None


def test_vendi_counts_different_texts() -> None:
    assert vendi(unit((1, 0), (0, 1))) == pytest.approx(2)
    assert vendi(unit((1, 0), (1, 0))) == pytest.approx(1)
    assert vendi(unit((1, 0), (1, 0), (0, 1))) == pytest.approx(3 / 2 ** (2 / 3))
    assert vendi(np.zeros((0, 2), dtype=np.float32)) is None


@pytest.mark.filterwarnings("ignore:.*scipy.sparse.csr.*:DeprecationWarning")  # in vendi-score itself
@pytest.mark.parametrize("shape", [(5, 8), (30, 8)])
def test_vendi_is_the_published_one(shape: tuple[int, int]) -> None:
    vectors = unit(*np.random.default_rng(0).normal(size=shape))
    assert vendi(vectors) == pytest.approx(reference_vendi.score_K(vectors @ vectors.T), rel=1e-4)


def test_distinct_counts_runs_of_words() -> None:
    assert distinct(["a b a b"], 2) == pytest.approx(2 / 3)
    assert distinct(["a b", "a b"], 1) == pytest.approx(2 / 4)
    assert distinct(["a"], 2) is None


def test_reuse_counts_what_another_dialogue_has_and_not_what_comes_back_in_the_same() -> None:
    same = [["I am here with you now.", "I am here with you now."], ["The kettle boiled dry twice today."]]
    assert reuse(same, 4) == 0
    across = [["I am here with you now."], ["Yes, I am here with you.", "The kettle boiled dry."]]
    assert reuse(across, 4) == pytest.approx(2 / 3)
    assert reuse(across, 5) == pytest.approx(2 / 3)
    assert reuse(across, 6) == 0
    assert openings(across) == 0
    assert openings([["I am here, love."], ["I am here too.", "No."]]) == pytest.approx(2 / 3)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_bleu_against_other_dialogues_is_sacrebleus(text: str, references: list[str]) -> None:
    theirs = BLEU(tokenize="none", effective_order=True, smooth_method="exp")
    expected = theirs.sentence_score(" ".join(words(text)), references).score / 100
    known = self_bleu([[text], *([reference] for reference in references)])
    rest = [
        theirs.sentence_score(one, [text, *references[:i], *references[i + 1 :]]).score / 100
        for i, one in enumerate(references)
    ]
    assert known == pytest.approx(np.mean([expected, *rest]), abs=1e-6)


def test_bleu_by_hand() -> None:
    assert bleu([3, 2, 1, 0], [3, 2, 1, 0], 3, 3) == pytest.approx(1)
    assert bleu([2, 1], [4, 3], 4, 4) == pytest.approx((2 / 4 * 1 / 3) ** 0.5)
    assert bleu([2, 0], [4, 3], 4, 8) == pytest.approx((2 / 4 * 0.5 / 3) ** 0.5 * np.exp(-1))
    assert bleu([0, 0], [4, 3], 4, 4) == 0


@given(DIALOGUES)
def test_no_order_of_dialogues_changes_a_figure(dialogues: list[list[str]]) -> None:
    for figure in (self_bleu, openings, lambda d: reuse(d, 4)):
        assert figure(dialogues) == pytest.approx(figure(dialogues[::-1]))


@given(DIALOGUES)
def test_one_dialogue_said_twice_is_all_reuse(dialogues: list[list[str]]) -> None:
    twice = dialogues + dialogues
    assert self_bleu(twice) == pytest.approx(1)
    assert openings(twice, 1) == 1
