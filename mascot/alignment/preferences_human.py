"""Preferences of people, out of the files that `annotations export` writes.

    dpo       prompt, chosen, rejected
    reward    chosen and rejected with the prompt in front, and a margin
    kto       prompt, completion, wanted or not: each wanted one is paired with each unwanted of its prompt

`data/dpo/train.jsonl` and its like. The chat messages in them are taken apart again into a talk of the
person and the personas. A label counts by its row's `flip_rate`; where that was not measured, in full.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from mascot.alignment.preferences import Block, BlockPreference, Preference
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import DialogueTurn
from mascot.errors import InputError

Message = Mapping[str, Any]
Compared = Preference | BlockPreference
_EVIDENCE: Final = {"row", "dialogue", "persona", "criterion"}
_FORMATS: Final = (_EVIDENCE | {"chosen", "rejected"}, _EVIDENCE | {"prompt", "completion", "label"})
_CUE: Final = "director"
"""Who says what is asked for, as the last message of a prompt."""
_BIDDEN = re.compile(r"\([^:]*: (?P<action>.+), (?P<tone>[^,]+)\.\)$")
_CUT: Final = " —"
"""Stands behind words that were interrupted."""


@dataclass(frozen=True)
class _Line:
    """A row of the file, and where it stands."""

    where: str
    fields: Mapping[str, Any]

    @property
    def row(self) -> str:
        return str(self.fields["row"])

    def refuse(self, reason: str) -> InputError:
        return InputError(f"{self.where}, row {self.row}: {reason}")


def read_export(file: Path, cast: Cast) -> list[Compared]:
    """The preferences of an export's file: of replies where one persona said one thing, else of blocks.

    Raises:
        InputError: the file is no such export; a row cannot be read, or its completion is empty; all rows
            are of one class. Names the row and the reason.
    """
    lines = list(_lines(file))
    if not lines:
        raise InputError(f"{file} has no row: there is nothing to learn from")
    if "label" in lines[0].fields:
        return list(_of_labels(file, lines, cast))
    return [_row(line, *_sides(line), cast) for line in lines]


def _lines(file: Path) -> Iterator[_Line]:
    try:
        texts = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({type(error).__name__})") from None
    for number, text in enumerate(texts, 1):
        where = f"{file}, line {number}"
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or not any(fields.keys() >= columns for columns in _FORMATS):
            raise InputError(f"{where} is no row of an export: dpo, reward and kto can be learned from")
        yield _Line(where, fields)


def _sides(line: _Line) -> tuple[Sequence[Message], Sequence[Message], Sequence[Message]]:
    """Prompt, chosen and rejected completion."""
    chosen, rejected = line.fields["chosen"], line.fields["rejected"]
    if "prompt" in line.fields:
        return line.fields["prompt"], chosen, rejected
    cues = [i for i, message in enumerate(chosen) if message.get("name") == _CUE]
    if not cues or chosen[: cues[-1] + 1] != rejected[: cues[-1] + 1]:
        raise line.refuse("the chosen and the rejected talk do not begin with the same prompt")
    start = cues[-1] + 1
    return chosen[:start], chosen[start:], rejected[start:]


def _of_labels(file: Path, lines: Sequence[_Line], cast: Cast) -> Iterator[Compared]:
    labels = {bool(line.fields["label"]) for line in lines}
    if len(labels) == 1:
        what = "wanted" if labels == {True} else "unwanted"
        raise InputError(
            f"{file}: every row, from {lines[0].row} to {lines[-1].row}, is {what}: nothing can be learned "
            "from one class; export with raters who differ, or the dpo format"
        )
    places: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        fields = line.fields
        places[json.dumps([fields["prompt"], fields["persona"], fields["criterion"]])].append(line)
    pairs = 0
    for there in places.values():
        for good in (line for line in there if line.fields["label"]):
            for bad in (line for line in there if not line.fields["label"]):
                pairs += 1
                sides = good.fields["prompt"], good.fields["completion"], bad.fields["completion"]
                yield _row(good, *sides, cast, f"{good.row}/{bad.row}")
    if not pairs:
        raise InputError(f"{file}: no prompt has a wanted and an unwanted completion: nothing to compare")


def _row(
    line: _Line,
    prompt: Sequence[Message],
    chosen: Sequence[Message],
    rejected: Sequence[Message],
    cast: Cast,
    name: str = "",
) -> Compared:
    fields = line.fields
    talk = tuple(_turn(line, m, cast) for m in prompt if m["role"] != "system" and m.get("name") != _CUE)
    sides = [tuple(_turn(line, m, cast) for m in side) for side in (chosen, rejected)]
    for what, side in zip(("chosen", "rejected"), sides, strict=True):
        if not any(turn.says for turn in side):
            raise line.refuse(f"the {what} completion is empty: erased texts teach nothing, remove the row")
    common: dict[str, Any] = {
        "id": name or line.row,
        "source": "human",
        "theme": fields["dialogue"],
        "criterion": fields["criterion"],
        "context": talk,
        "margin": max(0.0, float(fields.get("margin") or 0.0)),
        "flip_rate": fields.get("flip_rate") or 0.0,
    }
    try:
        return _of_reply(fields["persona"], prompt, sides, common) or BlockPreference(
            **common, chosen=sides[0], rejected=sides[1]
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise line.refuse(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _of_reply(
    persona: str, prompt: Sequence[Message], sides: Sequence[Block], common: Mapping[str, Any]
) -> Preference | None:
    """The preference of two replies; None where a side is more than one thing said by this persona."""
    if not persona or any([turn.speaker for turn in side] != [persona] for side in sides):
        return None
    bidden = _BIDDEN.search(str(prompt[-1]["content"])) if prompt else None
    fields = {**common, **(bidden.groupdict() if bidden else {})}
    return Preference(**fields, persona=persona, chosen=sides[0][0].says, rejected=sides[1][0].says)


def _turn(line: _Line, message: Message, cast: Cast) -> DialogueTurn:
    """A message as the turn it was made of."""
    content, name = str(message.get("content") or ""), message.get("name")
    by_name = {persona.name: persona.id for persona in cast}
    if name is None and message["role"] == "assistant":
        name = content.partition(": ")[0]
    if message["role"] == "user" and name in (None, "person"):
        return DialogueTurn(speaker=PERSON, says=content)
    if name not in by_name:
        raise line.refuse(f"{name!r} speaks, for whom there is no persona card")
    text = content.removeprefix(f"{name}: ").removesuffix(_CUT).strip()
    return DialogueTurn(speaker=by_name[name], says=text)
