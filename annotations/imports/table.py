"""Ratings from a CSV file: one answer per row, in columns of any name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from annotations.imports.batch import Found, Rules
from annotations.imports.files import read_text
from mascot.errors import InputError


@dataclass(frozen=True)
class Columns:
    """Where the answers are.

    Attributes:
        item: Column that names the item.
        rater: Column that names the rater.
        value: Column of the answer; an empty cell is an answer not given.
        criterion: Column that names the question; None where there is only one, then called like `value`.
        dialogue: Column that names the source dialogue; None: every item is one of its own.
    """

    item: str
    rater: str
    value: str
    criterion: str | None = None
    dialogue: str | None = None


def read_csv(path: Path, columns: Columns, rules: Rules) -> Iterator[Found]:
    """The answers of a file in UTF-8 with a header.

    Raises:
        InputError: names the file, the line and the column.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = next(reader, [])
        places = {
            name: _place(path, header, name, column) for name, column in vars(columns).items() if column
        }
        line = reader.line_num + 1
        for row in reader:
            if row:
                yield from _answer(path, line, header, row, places, columns, rules)
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: not CSV ({error})") from None


def _place(path: Path, header: list[str], name: str, column: str) -> int:
    if column not in header:
        there = ", ".join(header) or "none"
        raise InputError(f"{path}, line 1: no column {column!r} (--{name}); there are: {there}")
    return header.index(column)


def _answer(
    path: Path,
    line: int,
    header: list[str],
    row: list[str],
    places: dict[str, int],
    columns: Columns,
    rules: Rules,
) -> Iterator[Found]:
    if len(row) != len(header):
        raise InputError(f"{path}, line {line}: {len(row)} cells under {len(header)} columns")
    cells = {name: row[place].strip() for name, place in places.items()}
    if not cells["value"]:
        return
    for name, cell in cells.items():
        if not cell:
            raise InputError(f"{path}, line {line}, column {getattr(columns, name)}: empty")
    where = f"{path}, line {line}, column {columns.value}"
    question = cells.get("criterion", columns.value)
    try:
        value = rules.value(cells["value"], question)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    yield Found(where, cells["item"], cells["rater"], question, value, cells.get("dialogue", ""))
