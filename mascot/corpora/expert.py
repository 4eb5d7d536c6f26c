"""The expert corpus: what the best person in each role would answer, and the same gone wrong in a named way.

Written for this project, CC0; who wrote it, how, and what it lacks stands in `docs/corpus.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mascot.corpora.situations import Situation

DOMAINS = ("everyday", "academic", "committee", "product")
Flaw = Literal[
    "persona collapse",
    "sycophancy",
    "generic praise",
    "unsolicited advice",
    "redundancy",
    "template",
    "invented facts",
]
Split = Literal["train", "dev", "test"]


def split_of(theme: str) -> Split:
    """By theme, so that what is alike stays together: 80 % train, 10 % dev, 10 % test."""
    place = int(hashlib.sha256(theme.casefold().encode()).hexdigest(), 16) % 10
    return "test" if place == 0 else "dev" if place == 1 else "train"


class Flawed(BaseModel):
    """A reply gone wrong in one way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Flaw
    says: str


class Reply(BaseModel):
    """What a persona says, with the directive that leads to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str
    tone: str
    says: str
    flawed: Flawed


class ExpertSituation(Situation):
    """A situation with a reply of each of the paper's four personas, by persona id."""

    replies: Mapping[str, Reply]

    @property
    def split(self) -> Split:
        """The part of the corpus that it belongs to."""
        return split_of(self.theme)


def expert_corpus() -> tuple[ExpertSituation, ...]:
    """All of it, domain by domain."""
    folder = files("mascot.corpora") / "expert"
    return tuple(
        ExpertSituation.model_validate_json(line)
        for domain in DOMAINS
        for line in (folder / f"{domain}.jsonl").read_text("utf-8").splitlines()
    )
