"""What a model is given to read, in an order that lets its cache survive a change of speaker.

`shared` is the same whoever speaks next and only ever grows at its end; `cue` carries everything that
belongs to one speaker or one decision (card, directive, question) and is thrown away after the turn;
`prefill` is the beginning of the answer, already in the model's mouth. How messages become text is the
model's own chat template and therefore the engine's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Message:
    """One message of a chat template."""

    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """A shared beginning, a cue of its own, and the first characters of the answer."""

    shared: tuple[Message, ...]
    cue: tuple[Message, ...]
    prefill: str = ""

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages in reading order, without the prefill."""
        return self.shared + self.cue
