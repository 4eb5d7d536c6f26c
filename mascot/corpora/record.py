"""One record for whatever a corpus holds: a situation, a talk, a meeting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field

from mascot.conversation.events import Record

Valence = Literal["positive", "negative", "neutral", ""]


class CorpusTurn(Record):
    """Something that was said."""

    speaker: str = Field(min_length=1)
    """As the corpus calls them; who tells is `user`."""
    text: str
    label: str = ""
    """What kind of turn it is, such as a strategy of ESConv."""


class Item(Record):
    """One entry of a corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: str = Field(min_length=1)
    """Unique in its corpus."""
    source: str = "own"
    """The corpus: `ed`, `qmsum`, `esconv`, `app`, `test`, `dialogues`, `own` …"""
    domain: str = "everyday"
    topic: str = ""
    """The situation in a sentence, or what a meeting is about."""
    text: str = Field(min_length=1)
    """What a person says first; of a meeting its topic, agenda and opening, as its chair would put them."""
    emotion: str = ""
    valence: Valence = ""
    turns: tuple[CorpusTurn, ...] = ()
    """The talk as it really went on, the first message included where there was one."""
    labels: Mapping[str, str] = Field(default_factory=dict)
    split: str = ""
    """`train`, `dev`, `valid`, `test`; empty where the corpus is not split."""
    published: bool = True
    """Whether its words may be printed: False where a licence forbids it."""
