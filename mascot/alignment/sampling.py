"""Several answers of each persona in the same place of a talk, for a judge to compare (paper, stage 1).

SAMPLES.jsonl    what they were drawn with, then one place a line with all its answers

Places are those of the expert corpus: a situation, the replies of those whom the lot put before, and the
expert's directive. A kill takes at most the place that was being answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from mascot.alignment.preferences import Block, Candidate, Preference
from mascot.alignment.rows import read_rows
from mascot.conversation.events import Directive
from mascot.conversation.transcript import Transcript, Turn
from mascot.evaluation.kept import begin
from mascot.live.speaker import Report, Speaker


class Place(BaseModel):
    """Where a persona is to speak, with what it could say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    theme: str
    context: Block
    persona: str
    action: str
    tone: str
    says: tuple[str, ...] = ()
    """The answers drawn, each once; fewer than were asked for where several were the same or none came."""

    def candidate(self, number: int) -> Candidate:
        """One of the answers."""
        return Candidate(self.context, self.persona, self.action, self.tone, self.says[number])


def places(rows: Sequence[Preference]) -> list[Place]:
    """The places that preferences are of, each once; where there are several contexts, the longest."""
    found: dict[tuple[str, str], Place] = {}
    for row in rows:
        key = (row.theme, row.persona)
        if key not in found or len(found[key].context) < len(row.context):
            fields = row.model_dump(include={"theme", "context", "persona", "action", "tone"})
            found[key] = Place(id=f"{row.id.partition('/')[0]}/{row.persona}", **fields)
    return list(found.values())


def answered(speaker: Speaker, place: Place, count: int) -> Place:
    """The place with so many answers drawn, guards and all as in a live conversation; the same every time.

    Raises:
        EngineError: the engine cannot answer.
    """
    turns = tuple(Turn(turn.speaker, turn.says) for turn in place.context if turn.says)
    directive = Directive(agent=place.persona, action=place.action, tone=place.tone, score=1.0)
    drawn = []
    for number in range(count):
        talk = Transcript(speaker.cast.ids, seed=number, turns=turns, floor="group")
        drawn.append("".join(speaker.speak(talk, directive, Report(), place.id)))
    return place.model_copy(update={"says": tuple(dict.fromkeys(text for text in drawn if text))})


def sample_all(
    speaker: Speaker,
    wanted: Sequence[Place],
    count: int,
    file: Path,
    header: Mapping[str, Any],
    tick: Callable[[], object] = lambda: None,
) -> list[Place]:
    """Every place with its answers: those of the file, and the missing ones, appended one by one.

    Args:
        header: what they are drawn with; a file begun otherwise is refused.
        tick: called after each new one.

    Raises:
        InputError: the file was begun otherwise, or is not one of ours.
        EngineError: the engine cannot answer; what was drawn is kept.
    """
    begin(file, header)
    known = {place.id: place for place in read_samples(file)}
    for place in wanted:
        if place.id not in known:
            known[place.id] = answered(speaker, place, count)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(known[place.id].model_dump_json() + "\n")
            tick()
    return [known[place.id] for place in wanted]


def read_samples(file: Path) -> list[Place]:
    """The places of a file.

    Raises:
        InputError: it cannot be read, or a line is no place; names file, line and field.
    """
    return read_rows(file, Place, head=1)
