"""Reading source files so that every complaint can name the line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascot.errors import InputError


@dataclass(frozen=True)
class Record:
    """One JSON object of a file."""

    file: Path
    line: int
    content: dict[str, Any]

    def where(self, *path: str | int) -> str:
        """File, line and the field meant, for messages."""
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        return f"{self.file}, line {self.line}, {field.lstrip('.') or 'record'}"

    def get(self, kind: type[Any], *path: str | int) -> Any:
        """A field of a type.

        Raises:
            InputError: it is not there, or of another type.
        """
        found: Any = self.content
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                found = None
        if not isinstance(found, kind) or found == "":
            raise InputError(f"{self.where(*path)}: missing, or not {_CALLED[kind]}")
        return found


_CALLED: dict[type[Any], str] = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def records(path: Path) -> Iterator[Record]:
    """The objects of a JSON file (one, or a list of them) or of a JSON Lines file, with their lines.

    Raises:
        InputError: it cannot be read, is no JSON, or holds something else than objects.
    """
    text = read_text(path)
    decoder = json.JSONDecoder()
    at, line, counted = _skip(text, 0), 1, 0
    listed = text[at : at + 1] == "["
    at = _skip(text, at + 1) if listed else at
    while at < len(text) and not (listed and text[at] == "]"):
        line += text.count("\n", counted, at)
        counted = at
        try:
            content, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}, line {error.lineno}, column {error.colno}: {error.msg}") from None
        if not isinstance(content, dict):
            raise InputError(f"{path}, line {line}: an object was expected, not {type(content).__name__}")
        yield Record(path, line, content)
        at = _skip(text, end)
        if listed and text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif listed and text[at : at + 1] != "]":
            line += text.count("\n", counted, at)
            raise InputError(f"{path}, line {line}: the list breaks off: ',' or ']' was expected")
    if listed and text[at : at + 1] != "]":
        line += text.count("\n", counted, at)
        raise InputError(f"{path}, line {line}: the list breaks off: ']' was expected")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at
