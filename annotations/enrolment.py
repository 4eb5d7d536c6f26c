"""A rater's place in a study: in which order they meet its conditions and its criteria.

Both orders are rows of Williams squares, each the least filled one when the rater gets their first item.
A rater fills their rows unless they dropped out: withdrew, or let the last item run out or gave it back
without having finished.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from annotations import reading
from annotations.balance import least_filled, williams
from annotations.ledger import Ledger
from annotations.reading import number_of
from annotations.schema import (
    ASSIGNMENTS,
    CONDITIONS,
    ENDINGS,
    ENROLMENTS,
    FINISHES,
    RATERS,
    SLOTS,
    STUDIES,
)
from annotations.writer import Saving
from mascot.errors import InputError

T = TypeVar("T")
NO_ROW = -1
"""Instead of a row of the squares, a slot or an ordinal: the store did not hand it out."""


@dataclass
class Enrolment:
    """One rater in one study. `id` is 0 as long as it is not written."""

    id: int
    study: int
    rater: int
    order_row: int
    criteria_row: int
    had: int
    """Items handed out to the rater so far."""
    conditions: tuple[int, ...] = ()
    """In the order in which they are tried for the next item."""

    def add(self, ledger: Ledger) -> int:
        """Write it; returns its row."""
        self.id = ledger.add(
            ENROLMENTS,
            study=self.study,
            rater=self.rater,
            order_row=self.order_row,
            criteria_row=self.criteria_row,
        )
        return self.id

    def ordered(self, criteria: Sequence[T]) -> list[T]:
        """The criteria in this rater's order."""
        square = williams(len(criteria))
        return [criteria[i] for i in square[self.criteria_row % len(square)]]


def enrol(ledger: Ledger, study: int, rater: int) -> Enrolment:
    """The rater's enrolment: as it is, or as it will be once they get an item."""
    had = sa.select(sa.func.count()).where(ASSIGNMENTS.c.enrolment == ENROLMENTS.c.id).scalar_subquery()
    where = (ENROLMENTS.c.study == study, ENROLMENTS.c.rater == rater)
    row = ledger.read(sa.select(ENROLMENTS, had.label("had")).where(*where)).one_or_none()
    found = _conditions(ledger, study)
    if row is None:
        enrolment = _new(ledger, study, rater, len(found))
    else:
        enrolment = Enrolment(row.id, study, rater, row.order_row, row.criteria_row, row.had)
    enrolment.conditions = _turns(found, enrolment.order_row, enrolment.had)
    return enrolment


def enrolment_row(ledger: Ledger, study: int, rater: int) -> int:
    """The enrolment of someone whose ratings were given elsewhere."""
    query = sa.select(ENROLMENTS.c.id).where(ENROLMENTS.c.study == study, ENROLMENTS.c.rater == rater)
    return ledger.read(query).scalar() or Enrolment(0, study, rater, NO_ROW, NO_ROW, 0).add(ledger)


def _conditions(ledger: Ledger, study: int) -> list[int]:
    query = sa.select(CONDITIONS.c.id).where(CONDITIONS.c.study == study).order_by(CONDITIONS.c.id)
    return list(ledger.read(query).scalars())


def _turns(conditions: Sequence[int], row: int, had: int) -> tuple[int, ...]:
    """The conditions as the row has them, beginning with the one whose turn it is."""
    if not conditions:
        return ()
    square = williams(len(conditions))
    ordered = [conditions[i] for i in square[row % len(square)]]
    turn = had % len(ordered)
    return (*ordered[turn:], *ordered[:turn])


def _new(ledger: Ledger, study: int, rater: int, conditions: int) -> Enrolment:
    criteria = ledger.read(sa.select(STUDIES.c.criteria).where(STUDIES.c.id == study)).scalar_one()
    rows = list(ledger.read(_filling(study, ledger.elapsed)))
    order = _least(williams(max(conditions, 1)), [row.order_row for row in rows])
    asked = _least(williams(len(json.loads(criteria))), [row.criteria_row for row in rows])
    return Enrolment(0, study, rater, order, asked, had=0)


def _least(square: Sequence[object], taken: Sequence[int]) -> int:
    filled = [0] * len(square)
    for row in taken:
        filled[row % len(square)] += 1
    return least_filled(filled)


def _filling(study: int, elapsed: int) -> sa.Select[*tuple[Any, ...]]:
    """The rows of the study's raters who finished, or may still do so."""
    later = ASSIGNMENTS.alias("later")
    last = sa.select(sa.func.max(later.c.id)).where(later.c.enrolment == ENROLMENTS.c.id).scalar_subquery()
    ran_out = sa.exists().where(SLOTS.c.assignment == last, SLOTS.c.free_at <= elapsed)
    lost = sa.exists().where(ENDINGS.c.assignment == last, ENDINGS.c.outcome != "completed")
    finished = sa.exists().where(FINISHES.c.enrolment == ENROLMENTS.c.id)
    withdrew = reading.withdrawn(ENROLMENTS.c.rater, study)
    return sa.select(ENROLMENTS.c.order_row, ENROLMENTS.c.criteria_row).where(
        ENROLMENTS.c.study == study, ENROLMENTS.c.order_row >= 0, ~withdrew, finished | ~(ran_out | lost)
    )


class Finish(Saving):
    """A rater has come to the end of a study."""

    kind = "finish"

    def __init__(self, study: str, rater: str) -> None:
        super().__init__(f"finish {study} {rater}")
        self._study = study
        self._rater = rater

    def perform(self, ledger: Ledger) -> None:
        study = number_of(ledger.connection, STUDIES, self._study, "study")
        rater = number_of(ledger.connection, RATERS, self._rater, "rater")
        query = sa.select(ENROLMENTS.c.id).where(ENROLMENTS.c.study == study, ENROLMENTS.c.rater == rater)
        enrolment = ledger.read(query).scalar()
        if enrolment is None:
            raise InputError(f"{self._rater!r} cannot have finished {self._study!r}: they never began")
        ledger.add(FINISHES, enrolment=enrolment)
