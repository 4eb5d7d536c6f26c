"""Embeddings without a model, preferences without a corpus, and a study whose raters have a known taste."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from annotations.exports.comparisons import Judged
from annotations.exports.dataset import Request, data_file, write_judged
from annotations.exports.formats import FORMATS
from annotations.exports.splits import Shares
from annotations.records import Answer, Candidate, Draft, Item, Pairwise, Rated, Rater, Target
from mascot.alignment.preferences import Preference
from mascot.conversation.events import Directive, Opened, UserSaid, Utterance
from mascot.conversation.text import words
from mascot.corpora.dialogues import DialogueTurn
from mascot.corpora.expert import expert_corpus
from mascot.engines.embedding import Vectors
from tests.fixtures.judgements import BEGAN
from tests.unit.alignment.support import CAST

Taste = Callable[[str, str], bool | None]
"""Whether the first of two texts is better; None: a coin is thrown."""


class Hashed:
    """An embedder: words are random directions, a text is their sum. Near texts share words."""

    def __init__(self) -> None:
        self.made = 0
        """So many vectors were asked for."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.made += len(texts)
        return np.stack([self._of(text) for text in texts]) if texts else np.zeros((0, 32), np.float32)

    def _of(self, text: str) -> np.ndarray:
        total = np.full(32, 1e-3)
        for word in words(text):
            seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
            total += np.random.default_rng(seed).normal(size=32)
        return (total / np.linalg.norm(total)).astype(np.float32)


def preference(number: int = 0, **changed: object) -> Preference:
    """A pair in which asking is better than ordering."""
    fields = {
        "id": f"pair-{number}",
        "source": "expert",
        "theme": f"theme {number}",
        "context": (DialogueTurn(speaker="user", says=f"Plant {number} died."),),
        "persona": "anchor",
        "chosen": f"What did plant {number} mean to you?",
        "rejected": f"Buy plant {number} again.",
    }
    return Preference.model_validate(fields | changed)


def tasteful_study(taste: Taste, flips: float, raters: int, seed: int = 0) -> list[Judged]:
    """A study in which raters compare two replies, put into Catalyst's mouth, in every expert situation.

    Args:
        flips: how often a rater answers against the taste.
    """
    luck = random.Random(seed)
    ids = itertools.count(1)
    people = [Rater(id=f"rater-{n}", kind="simulated") for n in range(raters)]
    judged = []
    for situation in expert_corpus():
        first, second = luck.sample([r.says for r in situation.replies.values()], 2)
        better = taste(first, second)
        item = Item(
            id=f"pair-{situation.id}",
            study="taste",
            kind="pair",
            dialogue=situation.id,
            domain=situation.domain,
            wanted=raters,
            candidates=tuple(
                _candidate(situation.text, arm, text) for arm, text in zip("ab", (first, second), strict=True)
            ),
        )
        rated = []
        for rater in people:
            likes = luck.random() < 0.5 if better is None else better != (luck.random() < flips)
            rated.append(_rated(item, rater, 0 if likes else 1, next(ids)))
        judged.append(Judged(item, tuple(rated)))
    return judged


def _candidate(text: str, arm: str, says: str) -> Candidate:
    return Candidate(
        arm=arm,
        events=(
            Opened(cast=CAST.ids, policy="model", seed=1, max_turns=4),
            UserSaid(text=text),
            Directive(agent="catalyst", action="ask what it meant", tone="curious and open", score=0.8),
            Utterance(agent="catalyst", text=says),
        ),
    )


def _rated(item: Item, rater: Rater, winner: Literal[0, 1], id: int) -> Rated:
    draft = Draft(criterion="better", value=Pairwise(winner=winner, strength=2), target=Target(), seconds=9.5)
    answer = Answer(
        **dict(draft),
        id=id,
        study=item.study,
        item=item.id,
        rater=rater.id,
        assignment=id,
        order=(0, 1),
        position=0,
        ordinal=0,
        at=BEGAN,
    )
    return Rated(answer=answer, item=item, rater=rater)


def exported(judged: list[Judged], format: str, folder: Path) -> Path:
    """The one data file of an export in this format."""
    request = Request((FORMATS[format],), CAST, shares=Shares(validation=0, test=0))
    write_judged(lambda _: judged, request, folder)
    return folder / data_file(format, "train", "jsonl")
