"""What is measured: dialogues as a system made them, and the first messages that they answer.

A dialogue holds the words of the agents, and those of a simulated person where one answered back. The first
message is looked up by its id where a measure needs it, so that a file of dialogues holds no line of a
licensed corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from mascot.conversation.events import Record
from mascot.conversation.transcript import PERSON

Valence = Literal["positive", "negative", "neutral", ""]


class Start(Record):
    """A first message that a group answers."""

    id: str
    source: str
    """Where it comes from, the name of a corpus: `test`, `app`, `ed`, `qmsum` …"""
    domain: str
    """`everyday`, `academic`, `committee`, `product`, or what the corpus calls it."""
    emotion: str
    text: str
    published: bool = True
    """Whether the message may be printed: False for licensed corpora."""
    valence: Valence = ""
    """Of the emotion; empty where the corpus says nothing."""


class Said(Record):
    """One utterance of a system, with the directive that led to it."""

    agent: str
    """A persona's id, or `assistant` where a system has one voice only."""
    text: str
    action: str = ""
    tone: str = ""
    tokens: int = 0
    """New tokens, all candidates, thoughts and drafts counted."""
    seconds: float = 0.0
    guards: Mapping[str, int] = Field(default_factory=dict)


class Answered(Record):
    """What a simulated person says back."""

    after: int
    """So many utterances of the agents stand before it."""
    text: str
    tokens: int = 0
    seconds: float = 0.0


class Dialogue(Record):
    """What the agents of one system said after one first message, in order."""

    id: str
    """The id of its `Start`: dialogues of different systems with the same id are compared as pairs."""
    source: str
    said: tuple[Said, ...]
    empty: int = 0
    """Turns in which the guards let nothing through."""
    answers: tuple[Answered, ...] = ()
    """The simulated person's; none where nobody answered back."""
    calls: int = 0
    """Questions to the model, the director's choices and hidden steps counted; not the person's."""
    tokens: int = 0
    """New tokens of all of them."""
    seconds: float = 0.0
    """What the whole dialogue took."""
    counts: Mapping[str, int] = Field(default_factory=dict)
    """What else the system counts, such as selections that named nobody."""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(said.text for said in self.said)

    @property
    def turns(self) -> tuple[tuple[str, str], ...]:
        """Speaker and text of everything after the first message, in order; the person is `user`."""
        found: list[tuple[str, str]] = []
        for place, said in enumerate(self.said):
            found += [(PERSON, answer.text) for answer in self.answers if answer.after == place]
            found.append((said.agent, said.text))
        return (*found, *((PERSON, answer.text) for answer in self.answers if answer.after >= len(self.said)))
