"""Which of two is better: one record for every source, be it the expert corpus, a judge or people.

    Preference         two replies of one persona in the same place of a talk, under the same directive
    BlockPreference    two ways in which a talk of the whole group could have gone on

They travel as JSON Lines, one record a line, reply and block pairs in files of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from mascot.alignment.rows import read_rows
from mascot.alignment.samples import Sample, spoken_sample
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Turn
from mascot.corpora.dialogues import DialogueTurn
from mascot.corpora.expert import Split, split_of
from mascot.errors import InputError

Kind = Literal["expert", "judge", "human"]
Block = tuple[DialogueTurn, ...]
"""What was said, in order, by the person, by personas (with their directives), and the yields between."""


@dataclass(frozen=True)
class Candidate:
    """Something a persona says, or could say, in its place: what a reward model scores."""

    context: Block
    """Everything said before; yields may be left out."""
    persona: str
    action: str
    tone: str
    says: str

    def sample(self, cast: Cast, id: str = "") -> Sample:
        """The same as the live loop lays it out."""
        turns = [Turn(turn.speaker, turn.says) for turn in self.context if turn.says]
        return spoken_sample(id, turns, cast, self.persona, self)


class _Compared(BaseModel):
    """What all preferences have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    """The row's name at its source; unique in a file."""
    source: Kind
    theme: str
    """What must stay in one part of the data: the situation's theme, or the dialogue's id."""
    flaw: str = ""
    """What is wrong with the rejected one, where it was made wrong on purpose."""
    criterion: str = ""
    """What was asked, where a judge or people decided; empty: an aggregate, or the better one as such."""
    context: Block
    """Everything said before both."""
    margin: float = Field(default=0.0, ge=0)
    """By how much the chosen one should be ahead, in units of reward (logits of a preference)."""
    flip_rate: float = Field(default=0.0, ge=0, le=0.5)
    """Probability that the label is the wrong way round, as measured at the source."""

    @property
    def split(self) -> Split:
        """The part of the data that it belongs to; what is of one theme is in one part."""
        return split_of(self.theme)

    @property
    def weight(self) -> float:
        """How much it counts, 0 (a coin was thrown) to 1.

        A label that is wrong with probability f has the right sign in expectation by 1 - 2f, so pairs
        weighted by it count as the number of true labels they are worth.
        """
        return 1 - 2 * self.flip_rate


class Preference(_Compared):
    """Two replies of one persona in the same place."""

    persona: str = Field(min_length=1)
    action: str = ""
    tone: str = ""
    chosen: str = Field(min_length=1)
    rejected: str = Field(min_length=1)

    @property
    def candidates(self) -> tuple[Candidate, Candidate]:
        """The chosen one and the rejected one."""
        place = self.context, self.persona, self.action, self.tone
        return Candidate(*place, self.chosen), Candidate(*place, self.rejected)


class BlockPreference(_Compared):
    """Two continuations by the whole group."""

    chosen: Block = Field(min_length=1)
    rejected: Block = Field(min_length=1)

    @property
    def blocks(self) -> tuple[Block, Block]:
        """The whole talks: with the chosen continuation, and with the rejected one."""
        return (*self.context, *self.chosen), (*self.context, *self.rejected)


_Row = TypeVar("_Row", Preference, BlockPreference)


def write_preferences(file: Path, rows: Iterable[Preference | BlockPreference]) -> None:
    """Write them, all at once or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    written.write_text("".join(row.model_dump_json() + "\n" for row in rows), encoding="utf-8")
    written.replace(file)


def read_preferences(file: Path, kind: type[_Row]) -> list[_Row]:
    """The preferences of a file of ours.

    Raises:
        InputError: it cannot be read, or a line is none; names file, line and field.
    """
    return read_rows(file, kind)


def check_preferences(rows: Sequence[Preference | BlockPreference], where: str) -> None:
    """Refuse what nothing, or nothing true, can be learned from.

    Raises:
        InputError: no rows, or none that is worth more than a coin; a row that stands there twice, without
            words, or with the same words on both sides; two rows of which one prefers what the other rejects;
            names the rows and the reason.
    """
    if not rows:
        raise InputError(f"{where} holds no preference: there is nothing to learn from")
    if not any(row.weight for row in rows):
        raise InputError(
            f"{where}: by their flip rates all {len(rows)} rows, from {rows[0].id} on, are thrown coins: "
            "nothing can be learned from them"
        )
    decided: dict[tuple[object, ...], str] = {}
    ids: set[str] = set()
    for row in rows:
        if row.id in ids:
            raise InputError(f"{where}: row {row.id} stands there twice and would count twice: remove one")
        ids.add(row.id)
        sides = [_words(side) for side in (row.chosen, row.rejected)]
        for name, side in zip(("chosen", "rejected"), sides, strict=True):
            if not side:
                raise InputError(f"{where}, row {row.id}: the {name} completion is empty: remove the row")
        if sides[0] == sides[1]:
            raise InputError(f"{where}, row {row.id}: chosen and rejected are the same words: remove the row")
        directed = (row.persona, row.action, row.tone) if isinstance(row, Preference) else ()
        place = (row.context, directed, row.criterion)
        decided[(*place, *sides)] = row.id
        if other := decided.get((*place, *reversed(sides))):
            raise InputError(
                f"{where}: row {row.id} prefers what row {other} rejects: export them as one comparison, "
                "or remove one"
            )


def _words(side: str | Block) -> tuple[tuple[str, str], ...]:
    """What is said on a side; in a block, who says it counts too."""
    said = (("", side),) if isinstance(side, str) else tuple((turn.speaker, turn.says) for turn in side)
    return tuple((speaker, text.strip()) for speaker, text in said if text.strip())
