"""Every measure worked out by hand on two small dialogues, and beside the published implementations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.helpers import extract_word_ngrams
from scipy import stats
from sklearn.metrics import confusion_matrix
from sklearn.metrics.pairwise import cosine_similarity
from statsmodels.stats.multitest import multipletests

from mascot.evaluation import redundancy, style
from mascot.evaluation.attribution import confusion
from mascot.evaluation.dialogue import Dialogue, Said, Start
from mascot.evaluation.intervals import difference, holm
from mascot.evaluation.measures import ACROSS, WITHIN, Embedded, measure, right_at_turns
from tests.unit.evaluation import planted

STARTS = [
    Start(id=id, source="t", domain="everyday", emotion="", text=text)
    for id, text in (("a", "lost keys"), ("b", "new job"))
]
SAID = (
    Said(agent="anchor", text="You feel sad about lost keys.", tokens=8, guards={"leak": 1, "repeat": 1}),
    Said(agent="beacon", text="I agree. Lost keys?", tokens=6),
    Said(agent="anchor", text="Ask the porter. I can't help with that.", tokens=10),
)
FIRST = Dialogue(id="a", source="t", said=SAID, empty=1, tokens=60, seconds=9.0)
SECOND = Dialogue(
    id="b", source="t", said=(Said(agent="beacon", text="You feel sad about lost mail.", tokens=8),)
)
BY_HAND: dict[str, float | None] = {
    "attribution": 2 / 3,  # the planted guesser says anchor, anchor, anchor
    "drift": 0.0,  # right, wrong, right: the middle one is left out
    "relevance": 2 / 3,  # lost keys, twice; "Ask the porter …" has no word of either message
    "overlap": 0.25,  # see `test_overlap_…`: put there by the planted vectors
    "distinct_2": 14 / 15,  # "lost keys" comes twice
    "questions": 1 / 3,
    "advice": 1 / 3,
    "reflections": 1 / 3,
    "agreement": 1 / 2,
    "entropy": 0.9183 / 2,  # of 2/3 and 1/3, in bits, over log2 of four seats
    "words": (6 + 4 + 8) / 3,
    "tokens": 8.0,
    "spent": 20.0,
    "seconds": 3.0,
    "refusals": 1 / 3,
    "caught": 200 / 3,
    "leaks": 100 / 3,
    "empty": 1 / 4,
}
ACROSS_BY_HAND = {
    "reuse_4": 2 / 4,  # "you feel sad about" in both
    "reuse_5": 2 / 4,  # "you feel sad about lost"
    "openings": 2 / 4,
    "distinct_2_all": 15 / 20,  # of the second dialogue only "lost mail" is new
}


class Anchor:
    """Takes everybody for the Anchor."""

    speakers = planted.AGENTS

    def right(self, dialogue: Dialogue) -> tuple[bool, ...]:
        return tuple(said.agent == "anchor" for said in dialogue.said)


class Table:
    """Vectors by text: two utterances of the Anchor, one of Beacon, and the first messages."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        known = {
            SAID[0].text: (1, 0, 0),
            SAID[1].text: (0.5, 0, np.sqrt(0.75)),
            SAID[2].text: (0, 1, 0),
            "lost keys": (1, 0, 0),
            "new job": (0, 1, 0),
        }
        return np.array([known.get(text, (0, 0, 1)) for text in texts], dtype=np.float32)


@pytest.fixture(scope="module")
def found():
    texts = [*FIRST.texts, *SECOND.texts, *(start.text for start in STARTS)]
    return measure([FIRST, SECOND], STARTS, Anchor(), Embedded(Table(), texts))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [measure.key for measure in WITHIN])
def test_a_measure_within_a_dialogue_is_what_one_works_out_by_hand(found, key: str) -> None:
    assert found.within[key].get("a") == pytest.approx(BY_HAND[key], abs=1e-4)


@pytest.mark.parametrize("key", sorted(ACROSS_BY_HAND))
def test_a_measure_across_dialogues_is_what_one_works_out_by_hand(found, key: str) -> None:
    assert found.across[key](["a", "b"]) == pytest.approx(ACROSS_BY_HAND[key])


def test_the_other_measures_across_are_those_of_their_functions(found) -> None:
    texts = [FIRST.texts, SECOND.texts]
    assert {measure.key for measure in ACROSS} - set(ACROSS_BY_HAND) == {"self_bleu", "vendi"}
    assert found.across["self_bleu"](["a", "b"]) == redundancy.self_bleu(texts)
    assert found.across["vendi"](["a", "b"]) == redundancy.vendi(Table().encode([*texts[0], *texts[1]]))


def test_an_utterance_is_guessed_at_its_own_turn_as_long_as_half_the_dialogues_speak() -> None:
    assert right_at_turns([FIRST, SECOND], Anchor()) == [[True, False], [False], [True]]  # type: ignore[arg-type]
    assert right_at_turns([FIRST, SECOND, SECOND], Anchor()) == [[True, False, False]]  # type: ignore[arg-type]


AGENTS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=30)


@given(AGENTS)
def test_evenness_is_scipys_entropy_over_that_of_the_seats(agents: list[str]) -> None:
    counts = [agents.count(agent) for agent in "abcd"]
    assert style.speaker_entropy(agents, 4) == pytest.approx(stats.entropy(counts) / np.log(4))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1, max_size=30))
def test_a_confusion_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    was, taken_for = zip(*pairs, strict=True)
    theirs = confusion_matrix(was, taken_for, labels=list("abcd"))
    assert (confusion(was, taken_for, "abcd") == theirs).all()


@given(AGENTS, st.integers(0, 99))
def test_overlap_is_the_mean_of_scikit_learns_cosines(agents: list[str], seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(len(agents), 5)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = cosine_similarity(vectors)
    pairs = [(i, j) for j in range(len(agents)) for i in range(j) if agents[i] != agents[j]]
    expected = np.mean([cosines[pair] for pair in pairs]) if pairs else None
    assert redundancy.overlap(agents, unit) == (pytest.approx(expected, abs=1e-5) if pairs else None)


@given(
    st.lists(
        st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=8), min_size=1, max_size=4
    )
)
def test_distinct_runs_are_those_that_sacrebleu_counts(texts: list[list[str]]) -> None:
    runs = [extract_word_ngrams(words, 2) for words in texts]
    total = sum(found.total() for found in runs)
    different = len(set().union(*runs))
    expected = pytest.approx(different / total) if total else None
    assert redundancy.distinct([" ".join(words) for words in texts], 2) == expected


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_holms_correction_is_that_of_statsmodels(count: int) -> None:
    ps = np.random.default_rng(count).beta(0.3, 3, size=count).tolist()
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=7))
def test_a_paired_p_is_the_share_of_all_sign_flips_that_go_as_far(gaps: list[int]) -> None:
    signs = np.array(np.meshgrid(*[[1, -1]] * len(gaps))).reshape(len(gaps), -1).T
    sums = np.abs((signs * gaps).sum(axis=1))
    exact = np.mean(sums >= abs(sum(gaps)))
    found = difference({str(i): 0 for i in range(len(gaps))}, {str(i): gap for i, gap in enumerate(gaps)})
    assert found is not None
    assert found.p == pytest.approx(exact)
