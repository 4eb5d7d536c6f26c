"""First messages as people really type them: what conversations, examples and measurements start from."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Situation(BaseModel):
    """One first message. Ours, CC0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    domain: Literal["everyday", "academic", "committee", "product"]
    emotion: str
    """As in EmpatheticDialogues, where there is a word for it."""
    valence: Literal["positive", "negative", "neutral"]
    theme: str
    text: str


def situations() -> tuple[Situation, ...]:
    """All situations, in the order of their ids."""
    lines = (files("mascot.corpora") / "situations.jsonl").read_text("utf-8").splitlines()
    return tuple(sorted((Situation.model_validate_json(line) for line in lines), key=lambda s: s.id))


def chosen(ids: Iterable[str]) -> tuple[Situation, ...]:
    """The situations of these ids, in this order; KeyError for an unknown one."""
    by_id = {situation.id: situation for situation in situations()}
    return tuple(by_id[i] for i in ids)
