"""Handing out work: exactly as many raters per item as are wanted, nobody twice, nothing forgotten.

An item has one slot per wanted rater; a lease is a slot with a holder and a time. Handing out takes the
first free slot in the queue that `annotations.balance` planned: of those whose item this rater never had
and did not take part in, and whose round has begun. A lease that ran out is not taken away before
somebody else asks for the slot: until then its holder may come back to it.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from annotations import reading
from annotations.balance import williams
from annotations.enrolment import Enrolment, enrol
from annotations.ledger import Entry, Ledger
from annotations.reading import number_of
from annotations.records import Assignment, Nothing
from annotations.registry import as_json
from annotations.rows import assignment_of
from annotations.schema import ASSIGNMENTS, CONDITIONS, ENDINGS, ITEMS, RATERS, RENEWALS, SLOTS, STUDIES
from annotations.withdrawal import refuse_withdrawn
from annotations.writer import Saving, Write
from mascot.errors import InputError, NotFoundError

Row = sa.Row[*tuple[Any, ...]]


class Lease(Write[Assignment | Nothing]):
    """The item a rater has in hand, or else the next one."""

    kind = "lease"

    def __init__(self, study: str, rater: str, key: str, item: str | None) -> None:
        super().__init__(key)
        self._study = study
        self._rater = rater
        self._item = item

    def perform(self, ledger: Ledger) -> Assignment | Nothing | None:
        study = ledger.read(sa.select(STUDIES).where(STUDIES.c.name == self._study)).one_or_none()
        if study is None:
            raise NotFoundError(f"the store has no study {self._study!r}")
        rater = number_of(ledger.connection, RATERS, self._rater, "rater")
        refuse_withdrawn(ledger, rater, study.id)
        held = self._held(ledger, rater, study.id)
        if held is not None:
            return _resume(ledger, held, study.lease)
        enrolment = enrol(ledger, study.id, rater)
        slot = self._free_slot(ledger, rater, enrolment)
        if slot is None:
            return self._nothing(ledger, rater, study.id)
        _take(ledger, slot, rater, enrolment, study)
        return None

    def result(self, connection: sa.Connection, entry: Entry) -> Assignment:
        renewed = sa.select(RENEWALS.c.assignment).where(RENEWALS.c.id.in_(entry.ids(RENEWALS)))
        id = (*entry.ids(ASSIGNMENTS), *connection.scalars(renewed))[0]
        return load(connection, id)

    def _held(self, ledger: Ledger, rater: int, study: int) -> Row | None:
        """The slot this rater holds, also if the lease has run out."""
        query = (
            sa.select(SLOTS.c.assignment, SLOTS.c.free_at)
            .join(ASSIGNMENTS, ASSIGNMENTS.c.id == SLOTS.c.assignment)
            .join(ITEMS, ITEMS.c.id == SLOTS.c.item)
            .where(ASSIGNMENTS.c.rater == rater, ITEMS.c.study == study, SLOTS.c.free_at.is_not(None))
            .order_by(SLOTS.c.assignment)
            .limit(1)
        )
        return ledger.read(query if self._item is None else query.where(ITEMS.c.name == self._item)).first()

    def _free_slot(self, ledger: Ledger, rater: int, enrolment: Enrolment) -> Row | None:
        if self._item is not None:
            return ledger.read(_free(ledger, rater).where(ITEMS.c.name == self._item).limit(1)).first()
        unowned = _free(ledger, rater).where(_not_theirs(self._rater)).limit(1)
        for condition in enrolment.conditions:
            slot = ledger.read(unowned.where(SLOTS.c.condition == condition)).first()
            if slot is not None:
                return slot
        return None

    def _nothing(self, ledger: Ledger, rater: int, study: int) -> Nothing:
        query = (
            sa.select(sa.func.min(SLOTS.c.free_at))
            .join(ITEMS, ITEMS.c.id == SLOTS.c.item)
            .join(CONDITIONS, CONDITIONS.c.id == SLOTS.c.condition)
            .where(CONDITIONS.c.study == study, SLOTS.c.free_at > ledger.elapsed, _may_have(rater))
        )
        if self._item is None:
            query = query.where(_not_theirs(self._rater))
        else:
            query = query.where(ITEMS.c.name == self._item)
        soonest = ledger.read(query).scalar()
        return Nothing(wait=None if soonest is None else (soonest - ledger.elapsed) / 1000)


class Release(Saving):
    """Give an item back that was not completed."""

    kind = "release"

    def __init__(self, assignment: int, key: str) -> None:
        super().__init__(key)
        self._assignment = assignment

    def perform(self, ledger: Ledger) -> None:
        assignment = load(ledger.connection, self._assignment)
        if assignment.outcome is not None:
            raise InputError(f"assignment {assignment.id} cannot be released: it is {assignment.outcome}")
        free = SLOTS.update().where(SLOTS.c.assignment == assignment.id)
        ledger.read(free.values(assignment=None, free_at=0))
        ledger.add(ENDINGS, assignment=assignment.id, outcome="released")


def load(connection: sa.Connection, id: int) -> Assignment:
    """An assignment.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = connection.execute(reading.assignment_rows().where(ASSIGNMENTS.c.id == id)).one_or_none()
    if row is None:
        raise NotFoundError(f"the store has no assignment {id}")
    return assignment_of(row)


def _resume(ledger: Ledger, held: Row, lease: int) -> Assignment | None:
    """The item in hand; its lease begins anew once more than half of it is over."""
    if held.free_at - ledger.elapsed > lease / 2:
        return load(ledger.connection, held.assignment)
    ledger.add(RENEWALS, assignment=held.assignment, elapsed=ledger.elapsed)
    extend = SLOTS.update().where(SLOTS.c.assignment == held.assignment)
    ledger.connection.execute(extend.values(free_at=ledger.elapsed + lease))
    return None


def _free(ledger: Ledger, rater: int) -> sa.Select[Any]:
    """Slots that can be handed out to a rater, the first in the queue first."""
    beside = SLOTS.alias("beside")
    round_now = (
        sa.select(sa.func.min(beside.c.round))
        .where(beside.c.item == SLOTS.c.item, beside.c.free_at.is_not(None))
        .scalar_subquery()
    )
    return (
        sa.select(SLOTS, ITEMS.c.arms)
        .join(ITEMS, ITEMS.c.id == SLOTS.c.item)
        .where(
            SLOTS.c.free_at.is_not(None),
            SLOTS.c.free_at <= ledger.elapsed,
            SLOTS.c.round == round_now,
            _may_have(rater),
        )
        .order_by(SLOTS.c.place)
    )


def _may_have(rater: int) -> sa.ColumnElement[bool]:
    """Nobody gets an item twice, and nobody one that was withdrawn."""
    had = sa.exists().where(ASSIGNMENTS.c.item == SLOTS.c.item, ASSIGNMENTS.c.rater == rater)
    return ~had & ~reading.owner_withdrew()


def _not_theirs(rater: str) -> sa.ColumnElement[bool]:
    return ITEMS.c.owner.is_(None) | (ITEMS.c.owner != rater)


def _take(ledger: Ledger, slot: Row, rater: int, enrolment: Enrolment, study: Row) -> None:
    """Put the slot into the rater's hands; whoever let it run out has lost it."""
    if slot.assignment is not None:
        ledger.add(ENDINGS, assignment=slot.assignment, outcome="expired")
    assignment = ledger.add(
        ASSIGNMENTS,
        enrolment=enrolment.id or enrolment.add(ledger),
        item=slot.item,
        rater=rater,
        slot=slot.number,
        shown=as_json(williams(len(json.loads(slot.arms)))[slot.cell]),
        criteria=as_json(enrolment.ordered(json.loads(study.criteria))),
        ordinal=enrolment.had,
        elapsed=ledger.elapsed,
    )
    hold = SLOTS.update().where(SLOTS.c.item == slot.item, SLOTS.c.number == slot.number)
    ledger.read(hold.values(assignment=assignment, free_at=ledger.elapsed + study.lease))
