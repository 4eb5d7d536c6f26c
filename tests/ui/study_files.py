"""Small studies with dialogues written by hand, and one to talk in: no model is needed to see every step."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from mascot.evaluation.dialogue import Dialogue, Said, Start

FILES = Path(__file__).parent / "study"
ARMS = ("mascot", "random-order", "base-model")
"""What no participant may find out."""
MANY = 24
"""Copies of the one situation: whoever leaves keeps an item for a while, and nobody shall wait for it."""


def write(folder: Path) -> list[Path]:
    """`whole` has all kinds of items, `closely` all kinds of questions on a dialogue; in `live` one talks."""
    dialogues = folder / "dialogues"
    dialogues.mkdir(parents=True, exist_ok=True)
    spoken = yaml.safe_load((FILES / "dialogues.yaml").read_text("utf-8"))
    ids = [f"s{i:02}" for i in range(1, MANY + 1)]
    starts = [Start(id=id, source="study", domain="", emotion="", text=spoken["first"]) for id in ids]
    _write(dialogues / "situations.jsonl", [start.model_dump_json() for start in starts])
    for arm in ARMS:
        said = tuple(Said(**turn) for turn in spoken["said"][arm])
        held = [Dialogue(id=id, source="study", said=said).model_dump_json() for id in ids]
        _write(dialogues / f"{arm}.jsonl", [json.dumps({"run": {}}), *held])
    head = (FILES / "head.yaml").read_text("utf-8")
    for name in ("whole", "closely", "live"):
        own = (FILES / f"{name}.yaml").read_text("utf-8")
        (folder / f"{name}.yaml").write_text(head + own, "utf-8")
    return [folder / f"{name}.yaml" for name in ("whole", "closely", "live")]


def _write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
