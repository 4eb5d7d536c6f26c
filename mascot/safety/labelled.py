"""The labelled messages: written for this project, CC0, in a tuning half and a held-out half."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_FILE = Path(__file__).with_name("labelled.jsonl")


@dataclass(frozen=True)
class Labelled:
    """One message; `kind` is None where nobody is in danger, `note` says what makes it hard."""

    id: str
    text: str
    kind: str | None
    note: str
    split: Literal["tune", "held_out", "next", "next_held_out"]
    """The `next` ones are for the next round of fitting; nothing of today has seen them."""


def labelled(split: Literal["tune", "held_out"]) -> list[Labelled]:
    """The messages of one half, in the file's order."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [row for row in (Labelled(**json.loads(line)) for line in lines) if row.split == split]
