"""Saving answers: durable when acknowledged, once however often they are sent, never changed in place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from annotations.ledger import Entry, Ledger, salted
from annotations.reading import withdrawn
from annotations.records import Draft, Pairwise, Ranking, Text, Value
from annotations.registry import as_json
from annotations.schema import ANSWERS, ASSIGNMENTS, ENDINGS, ITEMS, RATERS, SLOTS, STUDIES, TEXTS
from annotations.writer import Saving
from mascot.errors import InputError, NotFoundError

Row = sa.Row[*tuple[Any, ...]]
Question = tuple[int, str, str]
"""Assignment, criterion and target: what has one current answer."""
Current = dict[Question, tuple[int, int]]
"""Id and version of the current answer to each question."""
_NO_WORDS = '{"kind":"text","text":""}'
"""The value of an answer in words, which stand elsewhere."""


class Submit(Saving):
    """Answers of one rater to one item, all or none of them."""

    kind = "answers"

    def __init__(
        self, assignment: int, rater: str, answers: Sequence[Draft], key: str, complete: bool
    ) -> None:
        super().__init__(key)
        self.assignment = assignment
        self._rater = rater
        self._answers = answers
        self._complete = complete
        self._row: Row | None = None
        self._current: Current = {}

    @classmethod
    def prepare(cls, ledger: Ledger, writes: Sequence[Submit]) -> None:
        rows = assignment_rows(ledger, {write.assignment for write in writes})
        current = current_answers(ledger, (q for write in writes for q in write._questions()))
        for write in writes:
            write._row, write._current = rows.get(write.assignment), current

    def perform(self, ledger: Ledger) -> None:
        row = self._row
        if row is None or row.rater_name != self._rater:
            raise NotFoundError(f"{self._rater!r} has no assignment {self.assignment}")
        if row.withdrew:
            raise InputError("this person has withdrawn: nothing more can be saved for them")
        if row.outcome in ("expired", "released"):
            raise InputError(
                "this item is with somebody else now, because nothing was answered for too long: "
                "nothing more can be saved for it"
            )
        if not self._answers and not self._complete:
            raise InputError("there is no answer to save")
        for answer in self._answers:
            refuse_misfit(answer, len(json.loads(row.arms)))
        for answer, question in zip(self._answers, self._questions(), strict=True):
            self._current[question] = add_answer(ledger, row, answer, self._current.get(question))
        ends = self._complete and row.outcome is None
        if ends:
            ledger.add(ENDINGS, assignment=self.assignment, outcome="completed")
        if row.outcome is None:
            ledger.later(_HOLD, slot_of=self.assignment, until=None if ends else ledger.elapsed + row.lease)
        elif not self._answers:
            raise InputError(f"assignment {self.assignment} is already completed")

    def is_same(self, connection: sa.Connection, entry: Entry) -> bool:
        """Whether all that the key saved is handed in again; words that were erased since are any words."""
        ids = entry.ids(ANSWERS)
        if entry.kind != self.kind or bool(ids) != bool(self._answers):
            return False
        given = dict(zip(self._questions(), self._answers, strict=True))
        query = sa.select(ANSWERS, TEXTS.c.salt).outerjoin(TEXTS, TEXTS.c.id == ANSWERS.c.id)
        return all(
            (answer := given.get((row.assignment, row.criterion, row.target))) is not None
            and _says(row, answer.value)
            for row in connection.execute(query.where(ANSWERS.c.id.in_(ids)))
        )

    def _questions(self) -> list[Question]:
        return [question_of(self.assignment, answer) for answer in self._answers]


_HOLD = (
    SLOTS.update().where(SLOTS.c.assignment == sa.bindparam("slot_of")).values(free_at=sa.bindparam("until"))
)


def _says(row: Row, value: Value | None) -> bool:
    """Whether a row of answers, with its salt, has this value."""
    if isinstance(value, Text):
        return row.value == _NO_WORDS and (row.salt is None or row.content == salted(row.salt, value.text))
    return row.value == as_json(value)


def assignment_rows(ledger: Ledger, ids: Iterable[int]) -> dict[int, Row]:
    """What saving answers needs to know of their assignments, by id."""
    query = (
        sa.select(
            ASSIGNMENTS.c.id,
            ASSIGNMENTS.c.criteria,
            RATERS.c.name.label("rater_name"),
            ITEMS.c.study,
            ITEMS.c.arms,
            STUDIES.c.lease,
            ENDINGS.c.outcome,
            withdrawn(ASSIGNMENTS.c.rater, ITEMS.c.study).label("withdrew"),
        )
        .join(RATERS, RATERS.c.id == ASSIGNMENTS.c.rater)
        .join(ITEMS, ITEMS.c.id == ASSIGNMENTS.c.item)
        .join(STUDIES, STUDIES.c.id == ITEMS.c.study)
        .outerjoin(ENDINGS, ENDINGS.c.assignment == ASSIGNMENTS.c.id)
        .where(ASSIGNMENTS.c.id.in_(list(ids)))
    )
    return {row.id: row for row in ledger.read(query)}


def current_answers(ledger: Ledger, questions: Iterable[Question]) -> Current:
    """Which of these questions already have an answer, and which one."""
    asked = sa.tuple_(ANSWERS.c.assignment, ANSWERS.c.criterion, ANSWERS.c.target)
    query = (
        sa.select(
            ANSWERS.c.id, ANSWERS.c.assignment, ANSWERS.c.criterion, ANSWERS.c.target, ANSWERS.c.version
        )
        .where(asked.in_(list(questions)))
        .order_by(ANSWERS.c.version)
    )
    return {(row.assignment, row.criterion, row.target): (row.id, row.version) for row in ledger.read(query)}


def question_of(assignment: int, answer: Draft) -> Question:
    """What an answer is the answer to."""
    return assignment, answer.criterion, answer.target.model_dump_json(exclude_defaults=True)


def refuse_misfit(answer: Draft, candidates: int) -> None:
    """Refuse an answer that names candidates the item does not have.

    Raises:
        InputError: it does.
    """
    value = answer.value
    if answer.target.candidate is not None and answer.target.candidate >= candidates:
        raise InputError(f"{answer.criterion}: the item has no candidate {answer.target.candidate}")
    if isinstance(value, Pairwise) and candidates != 2:
        raise InputError(f"{answer.criterion}: a pairwise answer needs a pair, not {candidates} candidate(s)")
    if isinstance(value, Ranking) and len(value.ranks) != candidates:
        raise InputError(f"{answer.criterion}: {len(value.ranks)} ranks for {candidates} candidate(s)")


def add_answer(
    ledger: Ledger, assignment: Row, answer: Draft, before: tuple[int, int] | None
) -> tuple[int, int]:
    """Add one answer, superseding the one before it; returns its id and version."""
    supersedes, version = before or (None, 0)
    _, criterion, target = question_of(assignment.id, answer)
    asked = json.loads(assignment.criteria)
    text = answer.value.text if isinstance(answer.value, Text) else None
    value = as_json(answer.value) if text is None else _NO_WORDS
    id = ledger.add(
        ANSWERS,
        content=text,
        study=assignment.study,
        assignment=assignment.id,
        criterion=criterion,
        target=target,
        version=version + 1,
        supersedes=supersedes,
        value=value,
        position=asked.index(criterion) if criterion in asked else -1,
        milliseconds=None if answer.seconds is None else round(answer.seconds * 1000),
        client_at=None if answer.client_at is None else round(answer.client_at.timestamp() * 1000),
        elapsed=ledger.elapsed,
    )
    return id, version + 1
