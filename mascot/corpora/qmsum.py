"""QMSum (Zhong et al. 2021): meetings, each made a topic, its agenda and the way it opened.

MIT. Three domains: academic (ICSI), product (AMI) and committee (parliaments of Wales and Canada). Files
of all meetings carry no domain, so that it is told from who speaks. How a meeting is put before a group is
ours: the paper does not say. The main topic is the one that most of the meeting is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from mascot.corpora.reading import as_record, json_rows, refuse
from mascot.corpora.record import CorpusTurn, Item

Domain = Literal["academic", "committee", "product"]
_PRODUCT: Final = ("Project Manager", "Marketing", "Industrial Designer", "User Interface")
_ACADEMIC: Final = re.compile(r"^(?:Professor|Postdoc|PhD|Grad|Undergrad)\b")
_NOISE: Final = re.compile(r"\{[^}]*\}|<[^>]*>")
_AGENDA, _OPENING, _SHORTEST = 4, 3, 6
"""Topics of the agenda, turns of the opening, and words from which a turn says something."""
_LONGEST = 40
"""Words of a turn of the opening."""


class _Topic(BaseModel):
    topic: str = Field(min_length=1)
    relevant_text_span: tuple[tuple[int, int], ...] = ()


class _Spoken(BaseModel):
    speaker: str
    content: str


class _Meeting(BaseModel):
    topic_list: tuple[_Topic, ...] = Field(min_length=1)
    meeting_transcripts: tuple[_Spoken, ...] = Field(min_length=1)


def qmsum(path: Path) -> Iterator[Item]:
    """The meetings of one file, named `val.jsonl` or `train-academic.jsonl`: split and, if any, domain.

    Raises:
        InputError: the file cannot be read, or a row is malformed; names file, line and field.
    """
    split, _, named = path.stem.partition("-")
    for line, row in json_rows(path):
        meeting = as_record(_Meeting, row, path, line)
        domain = named if named in ("academic", "committee", "product") else _domain(meeting, path, line)
        yield _item(meeting, f"{path.stem}-{line}", domain, "valid" if split == "val" else split)


def is_meeting(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of QMSum."""
    return "meeting_transcripts" in row


def _domain(meeting: _Meeting, path: Path, line: int) -> Domain:
    speakers = {spoken.speaker for spoken in meeting.meeting_transcripts}
    if not speakers - {""}:
        refuse(path, line, "meeting_transcripts", "nobody is named as a speaker")
    if speakers & set(_PRODUCT):
        return "product"
    return "academic" if any(_ACADEMIC.match(speaker) for speaker in speakers) else "committee"


def _item(meeting: _Meeting, id: str, domain: str, split: str) -> Item:
    turns = [
        CorpusTurn(speaker=s.speaker or "unknown", text=_clean(s.content))
        for s in meeting.meeting_transcripts
    ]
    main = max(meeting.topic_list, key=_length).topic
    agenda = [topic.topic for topic in meeting.topic_list][:_AGENDA]
    return Item(
        id=id,
        source="qmsum",
        domain=domain,
        topic=main,
        text=_put(main, agenda, turns),
        turns=tuple(turns),
        labels={"topics": " | ".join(topic.topic for topic in meeting.topic_list)},
        split=split,
        published=False,
    )


def _put(main: str, agenda: Sequence[str], turns: Sequence[CorpusTurn]) -> str:
    """The meeting as its chair would put it before the group."""
    opening = [turn for turn in turns if len(turn.text.split()) >= _SHORTEST][:_OPENING]
    lines = [f"In our meeting we need to talk about this: {main}.", f"On the agenda: {'; '.join(agenda)}."]
    if opening:
        lines.append("It began like this.")
        lines += [f"{turn.speaker}: {_short(turn.text)}" for turn in opening]
    return "\n".join([*lines, "What do you think?"])


def _length(topic: _Topic) -> int:
    return sum(last - first + 1 for first, last in topic.relevant_text_span)


def _clean(text: str) -> str:
    """Without marks of noise, and without the spaces that the transcripts put before marks."""
    plain = " ".join(_NOISE.sub(" ", text).split())
    return re.sub(r"\s+([.,?!;:'])", r"\1", plain)


def _short(text: str) -> str:
    words = text.split()
    return text if len(words) <= _LONGEST else " ".join(words[:_LONGEST]) + " …"
