"""Checking that the store says what it was told: nothing changed, removed, added or put in another order.

The journal is read once from its beginning, and beside it every append-only table in the same order, so a
million rows need the memory of a thousand. What the chain cannot know is that its *whole* end was cut off
together with the head; against that, keep a head's hash elsewhere (every export carries one) and hand it in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from annotations.enrolment import NO_ROW
from annotations.ledger import GENESIS, digest, link, salted
from annotations.reading import owner_row, withdrawn
from annotations.registry import slots_of
from annotations.schema import (
    ANSWERS,
    APPENDED,
    ASSIGNMENTS,
    ENDINGS,
    HEAD,
    ITEMS,
    JOURNAL,
    RATERS,
    RENEWALS,
    SLOTS,
    STUDIES,
    TEXTS,
    WITHDRAWALS,
)

_BATCH = 1000
_MOST = 100
"""Findings after which the search ends."""
Row = sa.Row[*tuple[Any, ...]]
Vouched = tuple[str, int, str]
"""Table, id and digest of a row, as the journal has it."""


def findings(connection: sa.Connection, known_head: str | None = None) -> list[str]:
    """Everything that is not as it was written, a line each; nothing if all is well.

    Args:
        connection: in a transaction that sees one state of the database throughout.
        known_head: a hash the journal is known to have had, which it must then contain.
    """
    found = list(islice(_written(connection, known_head), _MOST))
    # Who holds which slot follows from the rows; from rows that are not sound nothing follows.
    return found or list(islice(_slots(connection), _MOST))


def _written(connection: sa.Connection, known_head: str | None) -> Iterator[str]:
    """Compare journal, rows, head and texts with one another."""
    walk = _Walk(known_head)
    for entries in _batches(connection, JOURNAL, JOURNAL.c.seq):
        vouched: list[Vouched] = []
        for entry in entries:
            yield from walk.step(entry)
            vouched += _vouched(entry)
        yield from _rows(connection, vouched, walk.last_id)
        walk.last_id = max((id for _, id, _ in vouched), default=walk.last_id)
    yield from walk.end(connection)
    yield from _left_over(connection, walk.last_id)
    yield from _texts(connection)


class _Walk:
    """One walk along the chain."""

    def __init__(self, known_head: str | None) -> None:
        self._seq = 0
        self._hash = GENESIS
        self._time = (0, 0)
        self._known = known_head
        self.last_id = 0

    def step(self, entry: Row) -> Iterator[str]:
        """Compare one entry with the hash it bears, and go on from there."""
        self._seq += 1
        if entry.seq != self._seq:
            yield f"journal: entry {self._seq} is missing"
            self._seq = entry.seq
        elif link(self._hash, entry._asdict()) != entry.hash:
            yield f"journal: entry {entry.seq} is not as it was written, or stands in another place"
        self._hash = entry.hash
        self._time = (entry.at, entry.elapsed)
        self._known = None if self._known == entry.hash else self._known

    def end(self, connection: sa.Connection) -> Iterator[str]:
        """Compare the end with the head."""
        heads = connection.execute(sa.select(HEAD)).all()
        expected = (1, self._seq, self._hash, self.last_id, *self._time)
        if [tuple(row) for row in heads] != [expected]:
            yield f"head: is not where the journal ends, at entry {self._seq} and row {self.last_id}"
        if self._known is not None and self._known != GENESIS:
            yield f"journal: no entry has the hash {self._known}: its end was cut off, or it is another store"


def _vouched(entry: Row) -> list[Vouched]:
    try:
        return [(str(table), int(id), str(digest)) for table, id, digest in json.loads(entry.rows)]
    except (ValueError, TypeError):
        return []


def _batches(connection: sa.Connection, table: sa.Table, key: sa.Column[int]) -> Iterator[Sequence[Row]]:
    after = -1
    query = sa.select(table).order_by(key).limit(_BATCH)
    while rows := connection.execute(query.where(key > after)).all():
        after = rows[-1]._mapping[key]
        yield rows


def _rows(connection: sa.Connection, vouched: Sequence[Vouched], after: int) -> Iterator[str]:
    """Compare the rows of some entries with their digests. Ids grow, so they are a range in every table."""
    if not vouched:
        return
    expected = {(table, id): value for table, id, value in vouched}
    last = max(id for _, id, _ in vouched)
    for table in APPENDED:
        query = sa.select(table).where(table.c.id > after, table.c.id <= last)
        for row in connection.execute(query):
            was = expected.pop((table.name, row.id), None)
            if was is None:
                yield f"{table.name}: row {row.id} was never written through the journal"
            elif digest(table, row._asdict()) != was:
                yield f"{table.name}: row {row.id} is not as it was written"
    yield from (f"{table}: row {id} is missing" for table, id in sorted(expected))


def _left_over(connection: sa.Connection, last: int) -> Iterator[str]:
    for table in APPENDED:
        for id in connection.scalars(sa.select(table.c.id).where(table.c.id > last)):
            yield f"{table.name}: row {id} was never written through the journal"


def _texts(connection: sa.Connection) -> Iterator[str]:
    """Words that are there are those that were written; those that are not were asked to be erased."""
    for table in (ANSWERS, ITEMS, RATERS):
        query = (
            sa.select(table.c.id, table.c.content, TEXTS.c.salt, TEXTS.c.body, _erased(table).label("erased"))
            .outerjoin(TEXTS, TEXTS.c.id == table.c.id)
            .where(table.c.content != "")
            .order_by(table.c.id)
            .limit(_BATCH)
        )
        after = 0
        while rows := connection.execute(query.where(table.c.id > after)).all():
            after = rows[-1].id
            for row in rows:
                if row.salt is None and not row.erased:
                    yield f"texts: the words of row {row.id} of {table.name} are missing"
                elif row.salt is not None and salted(row.salt, row.body) != row.content:
                    yield f"texts: the words of row {row.id} of {table.name} are not as they were written"
    owners = [sa.exists().where(t.c.id == TEXTS.c.id, t.c.content != "") for t in (ANSWERS, ITEMS, RATERS)]
    for id in connection.scalars(sa.select(TEXTS.c.id).where(~sa.or_(*owners))):
        yield f"texts: row {id} was never written through the journal"


def _erased(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether somebody asked to have a row's words erased."""
    by = WITHDRAWALS.alias("erasing")
    asked = sa.exists().where(by.c.erase == 1)
    if table is RATERS:
        return asked.where(by.c.rater == RATERS.c.id, by.c.study.is_(None))
    here = by.c.study.is_(None) | (by.c.study == table.c.study)
    if table is ITEMS:
        return asked.where(here, by.c.rater == owner_row())
    rater = sa.select(ASSIGNMENTS.c.rater).where(ASSIGNMENTS.c.id == ANSWERS.c.assignment)
    return asked.where(here, by.c.rater == rater.correlate(ANSWERS).scalar_subquery())


def _slots(connection: sa.Connection) -> Iterator[str]:
    """Compute again who holds which slot of an item, and compare."""
    for items in _batches(connection, ITEMS, ITEMS.c.id):
        ids = [item.id for item in items]
        query = sa.select(SLOTS).where(SLOTS.c.item.in_(ids))
        there = {(row.item, row.number): dict(row._mapping) for row in connection.execute(query)}
        held = holders(connection, ids)
        for item in items:
            candidates = len(json.loads(item.arms))
            for slot in slots_of(item.id, item.condition, item.number, item.wanted, candidates):
                place = (item.id, slot["number"])
                if there.pop(place, None) != slot | held.pop(place, {}):
                    yield f"slots: slot {slot['number']} of item {item.name} is not as it should be"
        for item, number in [*there, *held]:
            yield f"slots: slot {number} of item number {item} should not be there"
    known = sa.exists().where(ITEMS.c.id == SLOTS.c.item)
    for id in connection.scalars(sa.select(SLOTS.c.item).where(~known)):
        yield f"slots: a slot of item number {id}, which is not there"


def holders(connection: sa.Connection, items: Sequence[int]) -> dict[tuple[int, int], dict[str, Any]]:
    """Assignment and `free_at` of every slot of these items that is held or done."""
    answered, renewed = (
        sa.select(sa.func.max(table.c.elapsed))
        .where(table.c.assignment == ASSIGNMENTS.c.id)
        .scalar_subquery()
        .label(name)
        for table, name in ((ANSWERS, "answered"), (RENEWALS, "renewed"))
    )
    query = (
        sa.select(ASSIGNMENTS, ENDINGS.c.outcome, STUDIES.c.lease, answered, renewed)
        .join(ITEMS, ITEMS.c.id == ASSIGNMENTS.c.item)
        .join(STUDIES, STUDIES.c.id == ITEMS.c.study)
        .outerjoin(ENDINGS, ENDINGS.c.assignment == ASSIGNMENTS.c.id)
        .where(
            ASSIGNMENTS.c.item.in_(items),
            ASSIGNMENTS.c.slot != NO_ROW,
            ENDINGS.c.outcome.is_(None) | (ENDINGS.c.outcome == "completed"),
            ~withdrawn(ASSIGNMENTS.c.rater, ITEMS.c.study),
        )
    )
    held: dict[tuple[int, int], dict[str, Any]] = {}
    for row in connection.execute(query):
        last = max(row.elapsed, row.answered or 0, row.renewed or 0)
        free_at = None if row.outcome == "completed" else last + row.lease
        held[row.item, row.slot] = {"assignment": row.id, "free_at": free_at}
    return held
