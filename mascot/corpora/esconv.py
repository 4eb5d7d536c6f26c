"""ESConv (Liu et al. 2021): emotional support, with the strategy of each turn of the supporter.

CC BY-NC 4.0: its words are read in place and never printed. Two forms are read: the JSONL of the
preprocessed splits (`dialog` of `text`, `speaker` usr or sys) and the published JSON (`content`, `seeker` and
`supporter`, or `speaker` and `listener` among the failed ones).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices, BaseModel, Field

from mascot.corpora.empathetic import VALENCE
from mascot.corpora.reading import as_record, json_rows, refuse
from mascot.corpora.record import CorpusTurn, Item

_TELLERS: Final = ("usr", "seeker", "speaker")
_LISTENERS: Final = ("sys", "supporter", "listener")


class _Turn(BaseModel):
    speaker: str
    text: str = Field(validation_alias=AliasChoices("text", "content"))
    strategy: str = ""
    annotation: Mapping[str, Any] = Field(default_factory=dict)


class _Talk(BaseModel):
    emotion_type: str
    problem_type: str
    situation: str = Field(min_length=1)
    dialog: tuple[_Turn, ...]


def esconv(path: Path) -> Iterator[Item]:
    """The talks of one file.

    Raises:
        InputError: the file cannot be read, or a row is malformed; names file, line and field.
    """
    split = next((name for name in ("train", "valid", "test") if name in path.stem), "")
    for line, row in json_rows(path):
        talk = as_record(_Talk, row, path, line)
        yield Item(
            id=f"{path.stem}-{line}",
            source="esconv",
            topic=talk.problem_type,
            text=talk.situation.strip(),
            emotion=talk.emotion_type,
            valence=VALENCE.get(talk.emotion_type, "negative"),
            turns=tuple(_turn(turn, path, line, place) for place, turn in enumerate(talk.dialog)),
            labels={"problem": talk.problem_type},
            split=split,
            published=False,
        )


def is_support(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of ESConv."""
    return "dialog" in row and "emotion_type" in row


def _turn(turn: _Turn, path: Path, line: int, place: int) -> CorpusTurn:
    if turn.speaker not in (*_TELLERS, *_LISTENERS):
        refuse(path, line, f"dialog.{place}.speaker", f"{turn.speaker!r} is none of {', '.join(_TELLERS)}, …")
    who = "user" if turn.speaker in _TELLERS else "supporter"
    return CorpusTurn(
        speaker=who, text=turn.text.strip(), label=turn.strategy or turn.annotation.get("strategy", "")
    )
