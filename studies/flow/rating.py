"""The items of a participant: what the store has handed out, as a sheet of questions, and answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import median

from annotations.records import Answer, Assignment, Choice, Nothing, Receipt
from annotations.store import Store
from mascot.errors import InputError
from studies.design.plan import item_seconds
from studies.design.reading import Design
from studies.flow.journal import Participant
from studies.flow.questions import Asked, Sheet, asked, hides_names
from studies.flow.steps import Dialogue, Given, Progress, Value
from studies.flow.values import answered, drafts, given
from studies.flow.view import Naming, shown

_KEPT = 512
"""Items held in memory; they never change."""


class MovedOnError(InputError):
    """What was sent belongs to a step that is over."""


@dataclass(frozen=True)
class Hand:
    """The item a person has in hand."""

    sheet: Sheet
    answers: tuple[Answer, ...]

    @property
    def step(self) -> str:
        return f"item-{self.sheet.assignment.ordinal}"

    @cached_property
    def asked(self) -> list[Asked]:
        return asked(self.sheet)

    @cached_property
    def given(self) -> dict[str, Value]:
        return given(self.asked, self.answers, self.sheet.shown)

    @property
    def dialogues(self) -> tuple[Dialogue, ...]:
        hidden = hides_names(self.sheet.design, self.sheet.item.kind)
        return tuple(each.dialogue(self.sheet.naming, hidden) for each in self.sheet.shown)

    def missing(self, sent: Given | None = None) -> list[Asked]:
        """Required questions without an answer, with what was just sent taken as given."""
        had = answered(self.given if sent is None else {**self.given, sent.question: sent.value})
        return [each for each in self.asked if each.question.required and each.question.id not in had]

    def failed(self) -> list[str]:
        """Attention checks that were answered wrongly."""
        return [
            each.criterion
            for each in self.asked
            if (right := self.sheet.item.expected.get(each.criterion)) is not None
            and isinstance(value := self.given.get(each.question.id), Choice)
            and value.options != (right,)
        ]


class Rating:
    """Hands out items and takes answers for one study."""

    def __init__(self, design: Design, store: Store, names: Mapping[str, str]) -> None:
        self._design = design
        self._store = store
        self._names = names
        self._item = lru_cache(_KEPT)(store.item)

    def had(self, who: Participant) -> list[Assignment]:
        """Everything that was handed to this person."""
        return list(self._store.assignments(self._design.study.id, who.rater))

    def hand(self, had: list[Assignment], language: str) -> Hand | None:
        """Of everything a person had, the item that is still in their hands."""
        held = [each for each in had if each.outcome is None]
        return self.sheet(held[-1], completed(had) + 1, language) if held else None

    def sheet(self, assignment: Assignment, number: int, language: str) -> Hand:
        """An item as this person has, or had, it before them; `number` counts their items from 1."""
        item = self._item(assignment.item)
        naming = Naming(self._names, self._design.study.names == "numbered", language)
        sheet = Sheet(self._design, item, shown(item, assignment.order), assignment, naming, number)
        return Hand(sheet, tuple(self._store.answers_of(assignment.id)))

    def next(self, who: Participant, had: list[Assignment]) -> Assignment | Nothing:
        """Another item for a person who has none in hand."""
        return self._store.lease(self._design.study.id, who.rater, f"lease {who.rater} {len(had)}")

    def save(self, who: Participant, hand: Hand, sent: Given) -> Receipt:
        """Save an answer; it is on disk when this returns.

        Raises:
            InputError: there is no such question here, or the answer does not fit it.
        """
        found = next((each for each in hand.asked if each.question.id == sent.question), None)
        if found is None:
            raise InputError(f"there is no question {sent.question!r} here")
        made = drafts(found, sent.value, hand.sheet.shown, sent.seconds, sent.at, hand.answers)
        return self._store.submit(hand.sheet.assignment.id, who.rater, made, f"{who.rater} {sent.key}")

    def complete(self, who: Participant, hand: Hand) -> None:
        """The person is through with the item.

        Raises:
            InputError: a required question has no answer.
        """
        if missing := hand.missing():
            raise InputError(f"please answer first: {missing[0].question.text}")
        id = hand.sheet.assignment.id
        self._store.submit(id, who.rater, (), f"complete {id}", complete=True)

    def give_back(self, had: list[Assignment]) -> None:
        """Release whatever the person still has, for others."""
        for each in had:
            if each.outcome is None:
                self._store.release(each.id, f"release {each.id}")

    def progress(self, had: list[Assignment], total: int) -> Progress:
        """How far the person is, and what it will take at their own pace."""
        took = [
            (each.ended_at - each.at).total_seconds()
            for each in had
            if each.outcome == "completed" and each.ended_at is not None
        ]
        kinds = self._design.kinds
        guess = sum(item_seconds(self._design, kind) for kind in kinds) / max(len(kinds), 1)
        pace = min(median(took), 5 * guess) if took else guess
        done = completed(had)
        return Progress(done=done, total=total, minutes_left=round((total - done) * pace / 60, 1))


def completed(had: list[Assignment]) -> int:
    """How many items somebody is through with."""
    return sum(each.outcome == "completed" for each in had)
