"""Preferences of people, out of the files that `annotations export` writes.

    dpo       prompt, chosen, rejected
    reward    chosen and rejected with the prompt in front, and a margin
    kto       prompt, completion, wanted or not: each wanted one is paired with each unwanted of its prompt

`data/dpo/train.jsonl` and its like. The chat messages in them are taken apart again into a talk of the
person and the personas. A label counts by its row's `flip_rate`; where that was not measured, in full.

Rows about something in the expert corpus are of its theme, and so in its part: what is tested on there is
trained on by nobody's ratings. All others are of their dialogue.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, Field, StrictBool, ValidationError

from mascot.alignment.preferences import Block, BlockPreference, Preference
from mascot.alignment.rows import first_fault, numbered
from mascot.conversation.personas import Cast
from mascot.conversation.text import words
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import DialogueTurn, group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.errors import InputError

Compared = Preference | BlockPreference
_CUE: Final = "director"
"""Who says what is asked for, as the last message of a prompt."""
_BIDDEN = re.compile(r"\([^:]*: (?P<action>.+), (?P<tone>[^,]+)\.\)$")
_CUT: Final = " —"
"""Stands behind words that were interrupted."""


class Message(BaseModel):
    """A chat message."""

    role: str
    content: str | None = None
    name: str | None = None


class _Evidence(BaseModel):
    """What every row of an export has."""

    row: str | int
    dialogue: str
    persona: str
    criterion: str
    margin: float | None = Field(default=None, allow_inf_nan=False)
    flip_rate: float | None = Field(default=None, ge=0, le=0.5)


class _Pair(_Evidence):
    """A row of `dpo`; without a prompt, of `reward`."""

    prompt: tuple[Message, ...] | None = None
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]


class _Labelled(_Evidence):
    """A row of `kto`."""

    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    label: StrictBool


_Fields = TypeVar("_Fields", _Pair, _Labelled)
_NEEDED: Final = tuple(
    {name for name, field in kind.model_fields.items() if field.is_required()} for kind in (_Pair, _Labelled)
)
"""The columns of an export, by kind of row."""


@dataclass(frozen=True)
class _Line(Generic[_Fields]):
    """A row of the file, and where it stands."""

    where: str
    fields: _Fields

    @property
    def row(self) -> str:
        return str(self.fields.row)

    def refuse(self, reason: str) -> InputError:
        return InputError(f"{self.where}, row {self.row}: {reason}")


def read_export(file: Path, cast: Cast) -> list[Compared]:
    """The preferences of an export's file: of replies where one persona said one thing, else of blocks.

    Raises:
        InputError: the file is no such export; a row cannot be read, or its completion is empty; all rows
            are of one class. Names the row and the reason.
    """
    rows = list(_rows(file))
    if not rows:
        raise InputError(f"{file} has no row: there is nothing to learn from")
    if "label" in rows[0][1]:
        found = list(_of_labels(file, [_line(*row, _Labelled) for row in rows], cast))
    else:
        pairs = [_line(*row, _Pair) for row in rows]
        found = [_compared(pair, *_sides(pair), cast) for pair in pairs]
    return _themed(found)


def _themed(rows: Sequence[Compared]) -> list[Compared]:
    """The rows, each with the corpus's theme where its talk begins with words of the corpus, or bears an id
    of it."""
    talks = [(one.id, one.theme, (DialogueTurn(speaker=PERSON, says=one.text),)) for one in expert_corpus()]
    talks += [(one.id, one.theme, one.turns) for one in group_dialogues()]
    by_words = {_beginning(turns): theme for _, theme, turns in talks}
    by_id = {id: theme for id, theme, _ in talks}
    themes = [by_words.get(_beginning(row.context)) or by_id.get(row.theme, row.theme) for row in rows]
    return [row.model_copy(update={"theme": theme}) for row, theme in zip(rows, themes, strict=True)]


def _beginning(talk: Block) -> str:
    """The person's first words, however they are spaced, cased and punctuated."""
    return " ".join(words(next((turn.says for turn in talk if turn.speaker == PERSON), "")))


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each row stands, and its columns."""
    for number, text in numbered(file):
        where = f"{file}, line {number}"
        try:
            columns = json.loads(text)
        except ValueError:
            columns = None
        if not isinstance(columns, dict) or not any(columns.keys() >= needed for needed in _NEEDED):
            raise InputError(f"{where} is no row of an export: dpo, reward and kto can be learned from")
        yield where, columns


def _line(where: str, columns: dict[str, Any], kind: type[_Fields]) -> _Line[_Fields]:
    try:
        return _Line(where, kind.model_validate(columns))
    except ValidationError as error:
        raise InputError(f"{where}, row {columns['row']}: {first_fault(error)}") from None


def _sides(line: _Line[_Pair]) -> tuple[Sequence[Message], Sequence[Message], Sequence[Message]]:
    """Prompt, chosen and rejected completion."""
    chosen, rejected = line.fields.chosen, line.fields.rejected
    if line.fields.prompt is not None:
        return line.fields.prompt, chosen, rejected
    cues = [i for i, message in enumerate(chosen) if message.name == _CUE]
    if not cues or chosen[: cues[-1] + 1] != rejected[: cues[-1] + 1]:
        raise line.refuse("the chosen and the rejected talk do not begin with the same prompt")
    start = cues[-1] + 1
    return chosen[:start], chosen[start:], rejected[start:]


def _of_labels(file: Path, lines: Sequence[_Line[_Labelled]], cast: Cast) -> Iterator[Compared]:
    labels = {line.fields.label for line in lines}
    if len(labels) == 1:
        what = "wanted" if labels == {True} else "unwanted"
        raise InputError(
            f"{file}: every row, from {lines[0].row} to {lines[-1].row}, is {what}: nothing can be learned "
            "from one class; export with raters who differ, or the dpo format"
        )
    places: dict[str, list[_Line[_Labelled]]] = defaultdict(list)
    for line in lines:
        place = line.fields.model_dump_json(include={"prompt", "persona", "criterion"})
        places[place].append(line)
    pairs = 0
    for there in places.values():
        for good in (line for line in there if line.fields.label):
            for bad in (line for line in there if not line.fields.label):
                pairs += 1
                sides = good.fields.prompt, good.fields.completion, bad.fields.completion
                yield _compared(good, *sides, cast, f"{good.row}/{bad.row}")
    if not pairs:
        raise InputError(f"{file}: no prompt has a wanted and an unwanted completion: nothing to compare")


def _compared(
    line: _Line[Any],
    prompt: Sequence[Message],
    chosen: Sequence[Message],
    rejected: Sequence[Message],
    cast: Cast,
    name: str = "",
) -> Compared:
    fields: _Evidence = line.fields
    talk = tuple(_turn(line, m, cast) for m in prompt if m.role != "system" and m.name != _CUE)
    sides = [tuple(_turn(line, m, cast) for m in side) for side in (chosen, rejected)]
    for what, side in zip(("chosen", "rejected"), sides, strict=True):
        if not any(turn.says for turn in side):
            raise line.refuse(f"the {what} completion is empty: erased texts teach nothing, remove the row")
    common: dict[str, Any] = {
        "id": name or line.row,
        "source": "human",
        "theme": fields.dialogue,
        "criterion": fields.criterion,
        "context": talk,
        "margin": max(0.0, fields.margin or 0.0),
        "flip_rate": fields.flip_rate or 0.0,
    }
    try:
        return _of_reply(fields.persona, prompt, sides, common) or BlockPreference(
            **common, chosen=sides[0], rejected=sides[1]
        )
    except ValidationError as error:
        raise line.refuse(first_fault(error)) from None


def _of_reply(
    persona: str, prompt: Sequence[Message], sides: Sequence[Block], common: Mapping[str, Any]
) -> Preference | None:
    """The preference of two replies; None where a side is more than one thing said by this persona."""
    if not persona or any([turn.speaker for turn in side] != [persona] for side in sides):
        return None
    bidden = _BIDDEN.search(str(prompt[-1].content)) if prompt else None
    fields = {**common, **(bidden.groupdict() if bidden else {})}
    return Preference(**fields, persona=persona, chosen=sides[0][0].says, rejected=sides[1][0].says)


def _turn(line: _Line[Any], message: Message, cast: Cast) -> DialogueTurn:
    """A message as the turn it was made of."""
    content, name = message.content or "", message.name
    by_name = {persona.name: persona.id for persona in cast}
    if name is None and message.role == "assistant":
        name = content.partition(": ")[0]
    if message.role == "user" and name in (None, "person"):
        return DialogueTurn(speaker=PERSON, says=content)
    if name not in by_name:
        raise line.refuse(f"{name!r} speaks, for whom there is no persona card")
    text = content.removeprefix(f"{name}: ").removesuffix(_CUT).strip()
    return DialogueTurn(speaker=by_name[name], says=text)
