"""How commands show what they found: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any


def show(content: Any, lines: Iterable[str], as_json: bool) -> None:
    """Print the content as JSON, or the lines."""
    if as_json:
        lines = [json.dumps(content, ensure_ascii=False, default=str)]
    for line in lines:
        sys.stdout.write(f"{line}\n")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Columns as wide as their longest cell."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells]
