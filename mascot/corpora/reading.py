"""Rows of corpus files, one at a time, and the one line that refuses a malformed one."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from mascot.errors import InputError

R = TypeVar("R", bound=BaseModel)


def refuse(path: Path, line: int, field: str, what: str) -> NoReturn:
    """Refuse a row; always raises InputError."""
    at = f", {field}" if field else ""
    raise InputError(f"{path}, line {line}{at}: {what}") from None


def as_record(kind: type[R], row: object, path: Path, line: int) -> R:
    """A row as a record of a kind.

    Raises:
        InputError: naming file, line and field.
    """
    try:
        return kind.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        missing = first["type"] == "missing"
        refuse(path, line, field, "is missing" if missing else first["msg"].removeprefix("Value error, "))


def csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of a CSV with these columns, or more.

    Raises:
        InputError: it cannot be read, a column is missing, or a row is short.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            absent = [column for column in columns if column not in (reader.fieldnames or ())]
            if absent:
                refuse(path, 1, absent[0], "this column is missing")
            for row in reader:
                short = next((column for column in columns if row[column] is None), None)
                if short is not None:
                    refuse(path, reader.line_num, short, "the row ends before this column")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({error})") from None


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and objects of a JSONL file; of a JSON list its places, from 1.

    Raises:
        InputError: it cannot be read, or a line is no JSON object.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None
    for line, row in _listed(path, text) if path.suffix == ".json" else _lined(path, text):
        if not isinstance(row, dict):
            refuse(path, line, "", "an object {…} is needed")
        yield line, row


def _lined(path: Path, text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError as error:
                refuse(path, number, "", f"no JSON ({error})")


def _listed(path: Path, text: str) -> Iterator[tuple[int, object]]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        refuse(path, getattr(error, "lineno", 1), "", f"no JSON ({error})")
    if not isinstance(rows, list):
        refuse(path, 1, "", "a list [{…}, …] is needed")
    yield from enumerate(rows, 1)


def text_of(row: Mapping[str, Any], field: str, path: Path, line: int) -> str:
    """A field that must be text and not empty.

    Raises:
        InputError: it is missing or no text; names file, line and field.
    """
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        refuse(path, line, field, "is missing" if field not in row else f"{value!r} is no text")
    return value.strip()
