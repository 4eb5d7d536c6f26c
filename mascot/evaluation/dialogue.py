"""What is measured: dialogues as a system made them, and the first messages that they answer.

A dialogue holds the words of the agents only. The person's words are looked up by its id where a measure
needs them, so that a file of dialogues holds no line of a licensed corpus.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from mascot.conversation.events import Record


class Start(Record):
    """A first message that a group answers."""

    id: str
    source: str
    """Where it comes from: `test`, `app` or `ed`."""
    domain: str
    emotion: str
    text: str
    published: bool = True
    """Whether the message may be printed: False for licensed corpora."""


class Said(Record):
    """One utterance of a system, with the directive that led to it."""

    agent: str
    text: str
    action: str = ""
    tone: str = ""
    tokens: int = 0
    """New tokens, all candidates counted."""
    seconds: float = 0.0
    guards: Mapping[str, int] = Field(default_factory=dict)


class Dialogue(Record):
    """What the agents of one system said after one first message, in order."""

    id: str
    """The id of its `Start`: dialogues of different systems with the same id are compared as pairs."""
    source: str
    said: tuple[Said, ...]
    empty: int = 0
    """Turns in which the guards let nothing through."""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(said.text for said in self.said)
