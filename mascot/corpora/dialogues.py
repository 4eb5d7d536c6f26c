"""Group dialogues: a person and the four personas at one table, and the same gone wrong as a block.

Written for this project, CC0; see `docs/corpus.md`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from mascot.corpora.expert import Split, split_of

YIELD: Final = "yield"
"""Speaker of the turn by which the floor goes back to the person."""
BlockFlaw = Literal["echo chamber", "everyone advises", "nobody yields", "lost thread"]


class DialogueTurn(BaseModel):
    """Something said, or the floor going back to the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: str
    """A persona's id, `user`, or `YIELD`."""
    says: str = ""
    action: str = ""
    tone: str = ""


class FlawedBlock(BaseModel):
    """The same dialogue gone wrong as a whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: BlockFlaw
    turns: tuple[DialogueTurn, ...]


class GroupDialogue(BaseModel):
    """One talk, six to ten spoken turns, each round ended by a yield."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    domain: Literal["everyday", "academic", "committee", "product"]
    emotion: str
    valence: Literal["positive", "negative", "neutral"]
    theme: str
    turns: tuple[DialogueTurn, ...]
    flawed: FlawedBlock | None = None

    @property
    def split(self) -> Split:
        """The part of the corpus that it belongs to; a situation of the same theme is in the same part."""
        return split_of(self.theme)


def group_dialogues() -> tuple[GroupDialogue, ...]:
    """All of them, in the order of their ids."""
    lines = (files("mascot.corpora") / "expert" / "dialogues.jsonl").read_text("utf-8").splitlines()
    return tuple(sorted((GroupDialogue.model_validate_json(line) for line in lines), key=lambda d: d.id))
