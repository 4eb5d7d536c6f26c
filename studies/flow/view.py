"""Items as raters see them: neutral lines, the same shape whichever arm spoke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotations.records import Candidate, Item
from mascot.conversation.events import Event
from mascot.conversation.transcript import PERSON, Turn, fold
from studies.flow.steps import Dialogue, Line
from studies.flow.texts import said


@dataclass(frozen=True)
class Naming:
    """How speakers are named on a page."""

    names: Mapping[str, str]
    """By persona id."""
    numbered: bool
    language: str

    def of(self, speaker: str, voice: int) -> str:
        """A speaker's name, `voice` being their number in the dialogue."""
        if speaker == PERSON:
            return said("person", self.language)
        if self.numbered:
            return said("voice", self.language, n=voice)
        return self.names.get(speaker) or said("assistant", self.language)


@dataclass(frozen=True)
class Shown:
    """One candidate at its place on the page."""

    candidate: int
    """Index in the item."""
    turns: tuple[Turn, ...]
    voices: tuple[str, ...]
    """Speakers by number; number 0 is the person, whether they spoke or not."""
    seats: tuple[str, ...]
    """All who could have spoken, in an order that says nothing."""
    label: str

    @property
    def group(self) -> list[int]:
        """Indices of the turns that are not the person's."""
        return [i for i, turn in enumerate(self.turns) if turn.speaker != PERSON]

    def name(self, speaker: str, naming: Naming) -> str:
        """A speaker's name here; those who never spoke are numbered after the others."""
        everyone = (*self.voices, *(seat for seat in self.seats if seat not in self.voices))
        return naming.of(speaker, everyone.index(speaker))

    def dialogue(self, naming: Naming, hidden: bool) -> Dialogue:
        """What the page shows.

        Args:
            hidden: without the names of the group, who are to be guessed.
        """
        return Dialogue(
            label=self.label, lines=tuple(self._line(turn, naming, hidden) for turn in self.turns)
        )

    def _line(self, turn: Turn, naming: Naming, hidden: bool) -> Line:
        voice = self.voices.index(turn.speaker)
        if hidden and turn.speaker != PERSON:
            return Line(speaker="", voice=-1, text=turn.text)
        return Line(speaker=self.name(turn.speaker, naming), voice=voice, text=turn.text)


def shown(item: Item, order: Sequence[int]) -> tuple[Shown, ...]:
    """An item's candidates from left to right."""
    several = len(order) > 1
    return tuple(
        _shown(item.candidates[index], index, "ABC"[place] if several else "")
        for place, index in enumerate(order)
    )


def lines(events: Sequence[Event], naming: Naming) -> tuple[Line, ...]:
    """A conversation that is going on, for the person in it."""
    return _shown(Candidate(arm="live", events=tuple(events)), 0, "").dialogue(naming, hidden=False).lines


def _shown(candidate: Candidate, index: int, label: str) -> Shown:
    talk = fold(candidate.events)
    voices = tuple(dict.fromkeys((PERSON, *(turn.speaker for turn in talk.turns))))
    return Shown(index, talk.turns, voices, tuple(sorted(talk.cast)), label)
