"""EmpatheticDialogues (Rashkin et al. 2019) from the published CSVs, one row per utterance.

CC BY-NC 4.0: its words are read in place and never printed. The corpus labels each dialogue with one of 32
emotions; which of these are positive, negative or neutral is not published with the paper, so `VALENCE` is
ours: neutral are those that come with good and with bad news alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from mascot.corpora.reading import csv_rows, refuse
from mascot.corpora.record import CorpusTurn, Item, Valence

COLUMNS: Final = ("conv_id", "utterance_idx", "context", "prompt", "speaker_idx", "utterance")
_POSITIVE = "caring confident content excited grateful hopeful impressed joyful proud trusting"
_NEUTRAL = "anticipating faithful nostalgic prepared sentimental surprised"
_NEGATIVE = (
    "afraid angry annoyed anxious apprehensive ashamed devastated disappointed disgusted embarrassed furious "
    "guilty jealous lonely sad terrified"
)
VALENCE: Final[Mapping[str, Valence]] = MappingProxyType(
    {
        **dict.fromkeys(_POSITIVE.split(), "positive"),
        **dict.fromkeys(_NEUTRAL.split(), "neutral"),
        **dict.fromkeys(_NEGATIVE.split(), "negative"),
    }
)
"""Of each of the 32 emotions; ours."""


def empathetic(path: Path) -> Iterator[Item]:
    """The dialogues of one file; its name is the split.

    Raises:
        InputError: the file cannot be read, or a row is malformed; names file, line and field.
    """
    rows = csv_rows(path, COLUMNS)
    for id, group in itertools.groupby(rows, key=lambda numbered: numbered[1]["conv_id"]):
        yield _dialogue(id, list(group), path)


def _dialogue(id: str, rows: list[tuple[int, dict[str, str]]], path: Path) -> Item:
    line, first = rows[0]
    if not id.strip():
        refuse(path, line, "conv_id", "is empty")
    if first["context"] not in VALENCE:
        refuse(path, line, "context", f"{first['context']!r} is none of the 32 emotions")
    if first["utterance_idx"] != "1":
        refuse(
            path, line, "utterance_idx", f"the dialogue {id} begins with {first['utterance_idx']!r}, not 1"
        )
    teller = first["speaker_idx"]
    turns = tuple(_turn(row, number, teller, path) for number, row in rows)
    return Item(
        id=id,
        source="ed",
        topic=_plain(first["prompt"]),
        text=turns[0].text,
        emotion=first["context"],
        valence=VALENCE[first["context"]],
        turns=turns,
        split=path.stem,
        published=False,
    )


def _turn(row: Mapping[str, str], line: int, teller: str, path: Path) -> CorpusTurn:
    text = _plain(row["utterance"])
    if not text:
        refuse(path, line, "utterance", "is empty")
    return CorpusTurn(speaker="user" if row["speaker_idx"] == teller else "listener", text=text)


def _plain(text: str) -> str:
    return text.replace("_comma_", ",").strip()
