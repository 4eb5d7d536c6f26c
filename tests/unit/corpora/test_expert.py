"""The expert corpus is what its card says: whole, varied, in voice, and never the same twice."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline, make_union

from mascot.conversation.personas import load_cast
from mascot.conversation.text import jaccard, words
from mascot.corpora.expert import DOMAINS, ExpertSituation, Reply, expert_corpus
from mascot.corpora.situations import situations
from mascot.engines.embedding import MiniLM

STOCK = re.compile(r"it sounds like|i'm here for you|one small step|sitting with you|you've got this", re.I)


@pytest.fixture(scope="module")
def corpus() -> tuple[ExpertSituation, ...]:
    return expert_corpus()


def replies(corpus: Sequence[ExpertSituation]) -> list[tuple[str, Reply]]:
    return [(agent, reply) for situation in corpus for agent, reply in situation.replies.items()]


def share_repeated(texts: Iterable[str], size: int = 5) -> float:
    """Share of the word 5-grams that occur in more than one text."""
    runs = Counter(
        run
        for text in texts
        for run in set(zip(*(words(text)[start:] for start in range(size)), strict=False))
    )
    return sum(count for count in runs.values() if count > 1) / sum(runs.values())


def test_there_are_four_hundred_situations_with_a_reply_of_every_persona(corpus) -> None:
    assert len(corpus) >= 400
    assert len({situation.id for situation in (*corpus, *situations())}) == len(corpus) + len(situations())
    assert all(set(situation.replies) == set(load_cast().ids) for situation in corpus)


def test_every_directive_is_one_that_the_director_could_give(corpus) -> None:
    cast = load_cast()
    for agent, reply in replies(corpus):
        assert reply.action in cast[agent].repertoire
        assert reply.tone in cast[agent].tones


def test_no_phrase_is_worn_out(corpus) -> None:
    said = [reply.says for _, reply in replies(corpus)]
    assert share_repeated(said) <= 0.015
    openings = Counter(" ".join(words(text)[:3]) for text in said)
    assert max(openings.values()) <= 0.01 * len(said)
    assert sum(bool(STOCK.search(text)) for text in said) <= 0.005 * len(said)


def test_replies_are_short_enough_to_be_said(corpus) -> None:
    lengths = [len(words(reply.says)) for _, reply in replies(corpus)]
    assert min(lengths) >= 6
    assert max(lengths) <= 75


def test_a_flawed_twin_differs_from_its_reply(corpus) -> None:
    assert all(jaccard(reply.says, reply.flawed.says) < 0.8 for _, reply in replies(corpus))
    kinds = Counter(reply.flawed.kind for _, reply in replies(corpus))
    assert min(kinds.values()) >= 0.1 * sum(kinds.values())


def test_a_redundant_twin_repeats_another_reply_more_than_its_own_reply_does(corpus) -> None:
    more = total = 0
    for situation in corpus:
        for agent, reply in situation.replies.items():
            if reply.flawed.kind == "redundancy":
                others = [r.says for other, r in situation.replies.items() if other != agent]
                more += max(jaccard(reply.flawed.says, o) for o in others) > max(
                    jaccard(reply.says, o) for o in others
                )
                total += 1
    assert more / total >= 0.9


def test_unsolicited_advice_is_no_flaw_of_the_one_who_advises(corpus) -> None:
    assert not any(
        agent == "action-guide" and reply.flawed.kind == "unsolicited advice"
        for agent, reply in replies(corpus)
    )


def test_emotions_domains_valence_and_splits_are_spread(corpus) -> None:
    assert len({situation.emotion for situation in corpus}) == 32
    domains = Counter(situation.domain for situation in corpus)
    assert set(domains) == set(DOMAINS)
    assert min(domains.values()) >= 50
    valence = Counter(situation.valence for situation in corpus)
    assert valence["positive"] >= 0.25 * len(corpus)
    splits = Counter(situation.split for situation in corpus)
    assert splits["test"] >= 25
    assert splits["dev"] >= 25


def test_nothing_of_the_machinery_leaks(corpus) -> None:
    texts = [s.text for s in corpus] + [r.says for _, r in replies(corpus)]
    assert not any(re.search(r"<\||\bas an ai\b|language model", text, re.I) for text in texts)


def test_the_voices_can_be_told_apart_by_their_words_alone(corpus) -> None:
    said = [reply.says for _, reply in replies(corpus)]
    agents = np.array([agent for agent, _ in replies(corpus)])
    situation = np.repeat(np.arange(len(corpus)), 4)
    by_word = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\b\w+\b|[?!,;:\"]")
    by_letter = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
    guess = make_pipeline(make_union(by_word, by_letter), LogisticRegression(C=20, max_iter=2000))
    folds = GroupKFold(5)
    guessed = cross_val_predict(guess, said, agents, groups=situation, cv=folds)
    assert np.mean(guessed == agents) >= 0.9


@pytest.mark.model
def test_no_two_situations_are_alike(corpus) -> None:
    home = Path(os.environ.get("MASCOT_HOME", ".mascot"))
    vectors = MiniLM(home / "models" / "all-minilm-l6-v2").encode([s.text for s in (*corpus, *situations())])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, 0.0)
    assert likeness.max() < 0.8
