"""The labelled messages, written for this project, CC0: some to learn from, some held out to measure by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

TUNING = Path(__file__).with_name("labelled.jsonl")
HELD_OUT = Path(__file__).with_name("held_out.jsonl")


@dataclass(frozen=True)
class Labelled:
    """One message; `kind` is None where nobody is in danger, `note` says what makes it hard."""

    id: str
    text: str
    kind: str | None
    note: str

    @property
    def writer(self) -> str:
        """Whose lines these are, as far as is known; cross-validation leaves out one writer's at a time."""
        before, dash, _ = self.id.partition("-")
        return before if dash else "first"


def labelled(file: Path = TUNING) -> list[Labelled]:
    """The messages of a file, in its order, one JSON object a line."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [Labelled(row["id"], row["text"], row["kind"], row["note"]) for row in rows]
