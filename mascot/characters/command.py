"""`python -m mascot personas --import` and `--export`: cards between files and the folder of personas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import yaml

from mascot.characters.fields import NAMES, persona_id
from mascot.characters.files import (
    FORMATS,
    MOST_BYTES,
    CardFile,
    Format,
    problems,
    read_fields,
    read_file,
    write_file,
)
from mascot.conversation.personas import Persona
from mascot.errors import InputError

KEPT = ".card"
"""Ending of the file that an imported persona came from, beside its YAML: exports keep what else is in it."""
UNFINISHED = ".yaml.draft"
"""Ending of a persona that cannot sit at the table yet; the studio does not read it."""


def import_card(path: Path, folder: Path) -> list[str]:
    """Writes the persona of a card's file into a folder, and the file beside it; what happened, in lines.

    Raises:
        InputError: the file cannot be read or is no card, or the folder has such a persona already.
    """
    data = _read(path)
    fields, file = read_fields(data, str(path))
    found = problems(fields)
    id = persona_id(str(fields.get("name", "")))
    target = folder / (id + (UNFINISHED if found else ".yaml"))
    ordered = {name: fields[name] for name in NAMES if name in fields}
    text = yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=100)
    _create(target, text.encode("utf-8", "replace"))
    if file is not None:
        _create(folder / (id + KEPT), data)
    if not found:
        return [f"{target}: this card can be used"]
    wrong = "; ".join(f"{one.field}: {one.message}" for one in found)
    ready = folder / f"{id}.yaml"
    return [
        f"{target}: not ready yet: {wrong}",
        f"Fill that in and rename it to {ready}; check it with --check.",
    ]


def export_card(persona: Persona, folder: Path, path: Path) -> str:
    """Writes a persona as a card of the kind that the file's name says; a line that says so.

    Args:
        persona: whose card it is.
        folder: where the file may be that it was imported from.
        path: ends in .yaml, .json, .png or .charx.

    Raises:
        InputError: another ending, or a file that cannot be written.
    """
    format = path.suffix.lower().removeprefix(".")
    if format not in FORMATS:
        raise InputError(f"{path}: a card's file ends in {', '.join('.' + one for one in FORMATS)}")
    fields = json.loads(persona.model_dump_json(exclude={"id"}))
    data = write_file(fields, cast(Format, format), _kept(folder / (persona.id + KEPT)), str(path))
    _create(path, data)
    return f"{path}: {persona.name}, {persona.role}"


def _kept(path: Path) -> CardFile | None:
    return read_file(_read(path), str(path)) if path.is_file() else None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _create(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise InputError(f"{path}: exists already: move it away, or choose another place") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
