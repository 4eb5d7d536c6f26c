"""Files of records that a person may have written: JSON Lines, refused by line and field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mascot.errors import InputError

_Row = TypeVar("_Row", bound=BaseModel)


def read_rows(file: Path, kind: type[_Row], head: int = 0) -> list[_Row]:
    """The records of a file, one a line; empty lines are passed over.

    Args:
        head: so many lines before the records are something else.

    Raises:
        InputError: it cannot be read, or a line is no such record; names file, line and field.
    """
    rows = []
    for number, line in numbered(file):
        if number > head:
            try:
                rows.append(kind.model_validate_json(line))
            except ValidationError as error:
                raise InputError(f"{file}, line {number}: {first_fault(error)}") from None
    return rows


def numbered(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not empty, with their numbers.

    Not `splitlines`, which also ends a line at marks that JSON leaves inside of a text (U+2028, U+0085).

    Raises:
        InputError: it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read ({type(error).__name__})") from None
    yield from ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def first_fault(error: ValidationError, whole: str = "the line") -> str:
    """The field that is wrong first, and what is wrong with it; `whole` where it is no field."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or whole}: {first['msg']}"
