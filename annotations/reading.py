"""Reading the store: records out of rows, in the order of saving, a batch at a time.

Answers that were superseded or taken back, and answers of people who withdrew, never come out of here.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from annotations.records import (
    Answer,
    Assignment,
    Consent,
    Item,
    Rated,
    Rater,
    Study,
)
from annotations.rows import Row, answer_of, assignment_of, item_of, moment, rated, study_of
from annotations.schema import (
    ANSWERS,
    ASSIGNMENTS,
    CONDITIONS,
    CONSENTS,
    ENDINGS,
    HEAD,
    ITEMS,
    RATERS,
    STUDIES,
    TEXTS,
    WITHDRAWALS,
)
from mascot.errors import NotFoundError

TAKEN_BACK = "null"
"""The value of a row that takes an answer back: it supersedes the answer, and is none itself."""
LARGEST = 2**63 - 1
"""No id is beyond: databases do not take such a number."""
_BATCH = 1000
_KEPT = 2000
"""Items, and raters, held in memory at a time; an item with its transcripts is some 20 kB."""


def head(connection: sa.Connection) -> Row:
    """Where the journal ends: seq, hash, last_id, at, elapsed."""
    return connection.execute(sa.select(HEAD)).one()


def number_of(connection: sa.Connection, table: sa.Table, name: str, what: str) -> int:
    """The row of something that has a name.

    Raises:
        NotFoundError: there is none.
    """
    id = connection.scalar(sa.select(table.c.id).where(table.c.name == name))
    if id is None:
        raise NotFoundError(f"the store has no {what} {name!r}")
    return id


def answers(
    connection: sa.Connection,
    study: str | None = None,
    criterion: str | None = None,
    after: int = 0,
    until: int | None = None,
    transcripts: bool = False,
) -> Iterator[Rated]:
    """Every current answer of everyone who has not withdrawn, with its item and rater, by answer id.

    Args:
        connection: of a reader, without a transaction.
        study: only of this study.
        criterion: only to this criterion.
        after: only answers with a greater id.
        until: only answers up to this id, and as they stood then; by default those there are now, so that
            what is saved during the reading is not half in it.
        transcripts: with the candidates' events; without them reading is some ten times faster.

    Raises:
        NotFoundError: there is no such study.
    """
    last = head(connection).last_id if until is None else until
    query = _current(last).order_by(ANSWERS.c.id).limit(_BATCH)
    if study is not None:
        query = query.where(ANSWERS.c.study == number_of(connection, STUDIES, study, "study"))
    if criterion is not None:
        query = query.where(ANSWERS.c.criterion == criterion)
    items = _Cache(lambda ids: _items(connection, ITEMS.c.id.in_(ids), transcripts))
    raters = _Cache(lambda ids: _raters(connection, RATERS.c.id.in_(ids)))
    while rows := connection.execute(query.where(ANSWERS.c.id > after)).all():
        after = rows[-1].id
        items.load({row.item for row in rows})
        raters.load({row.rater for row in rows})
        for row in rows:
            yield rated(row, items[row.item], raters[row.rater])


def by_item(
    connection: sa.Connection, study: str | None = None, until: int | None = None, transcripts: bool = False
) -> Iterator[tuple[Rated, ...]]:
    """The same answers item by item, and the items of one source dialogue one after another.

    Only the numbers of the items are held in memory, and a hundred items at a time.

    Raises:
        NotFoundError: there is no such study.
    """
    last = head(connection).last_id if until is None else until
    query = sa.select(ITEMS.c.id).order_by(ITEMS.c.dialogue, ITEMS.c.id)
    if study is not None:
        query = query.where(ITEMS.c.study == number_of(connection, STUDIES, study, "study"))
    ids = list(connection.scalars(query))
    raters = _Cache(lambda ids: _raters(connection, RATERS.c.id.in_(ids)))
    for start in range(0, len(ids), _BATCH // 10):
        part = ids[start : start + _BATCH // 10]
        answers = _current(last).where(ASSIGNMENTS.c.item.in_(part)).order_by(ANSWERS.c.id)
        rows: dict[int, list[Row]] = {id: [] for id in part}
        for row in connection.execute(answers):
            rows[row.item].append(row)
        items = _items(connection, ITEMS.c.id.in_(part), transcripts)
        raters.load({row.rater for found in rows.values() for row in found})
        for id, found in rows.items():
            if found:
                yield tuple(rated(row, items[id], raters[row.rater]) for row in found)


def answer(connection: sa.Connection, id: int) -> Rated:
    """One answer, current or not.

    Raises:
        NotFoundError: there is none with this id, it only took one back, or its rater has withdrawn.
    """
    query = _current(None).where(ANSWERS.c.id == id)
    row = connection.execute(query).one_or_none() if id <= LARGEST else None
    if row is None:
        raise NotFoundError(f"the store has no answer {id}, or its rater has withdrawn")
    item = _items(connection, ITEMS.c.id == row.item, True)[row.item]
    rater = _raters(connection, RATERS.c.id == row.rater)[row.rater]
    return Rated(answer=answer_of(row, item, rater), item=item, rater=rater)


def answers_of(connection: sa.Connection, assignment: int) -> list[Answer]:
    """The current answers of one assignment, by id."""
    last = head(connection).last_id
    rows = connection.execute(
        _current(last).where(ANSWERS.c.assignment == assignment).order_by(ANSWERS.c.id)
    ).all()
    if not rows:
        return []
    item = _items(connection, ITEMS.c.id == rows[0].item, False)[rows[0].item]
    rater = _raters(connection, RATERS.c.id == rows[0].rater)[rows[0].rater]
    return [answer_of(row, item, rater) for row in rows]


def items(connection: sa.Connection, study: str | None, transcripts: bool) -> Iterator[Item]:
    """Every item, in the order of adding."""
    query = sa.select(ITEMS.c.id).order_by(ITEMS.c.id).limit(_BATCH // 10)
    if study is not None:
        query = query.where(ITEMS.c.study == number_of(connection, STUDIES, study, "study"))
    after = 0
    while ids := list(connection.scalars(query.where(ITEMS.c.id > after))):
        after = ids[-1]
        yield from _items(connection, ITEMS.c.id.in_(ids), transcripts).values()


def item(connection: sa.Connection, name: str) -> Item:
    """One item with its transcripts.

    Raises:
        NotFoundError: there is no such item.
    """
    number = number_of(connection, ITEMS, name, "item")
    return _items(connection, ITEMS.c.id == number, True)[number]


def studies(connection: sa.Connection) -> list[Study]:
    """Every study, in the order of adding."""
    return [study_of(row) for row in connection.execute(sa.select(STUDIES).order_by(STUDIES.c.id))]


def raters(connection: sa.Connection) -> Iterator[Rater]:
    """Every rater, in the order of coming."""
    query = sa.select(RATERS.c.id).order_by(RATERS.c.id).limit(_BATCH)
    after = 0
    while ids := list(connection.scalars(query.where(RATERS.c.id > after))):
        after = ids[-1]
        yield from _raters(connection, RATERS.c.id.in_(ids)).values()


def consents(connection: sa.Connection, study: str | None = None) -> Iterator[Consent]:
    """Every consent of everyone who has not withdrawn, in the order of giving."""
    query = (
        sa.select(CONSENTS, RATERS.c.name.label("rater_name"), STUDIES.c.name.label("study_name"))
        .join(RATERS, RATERS.c.id == CONSENTS.c.rater)
        .join(STUDIES, STUDIES.c.id == CONSENTS.c.study)
        .where(~withdrawn(CONSENTS.c.rater, CONSENTS.c.study))
        .order_by(CONSENTS.c.id)
        .limit(_BATCH)
    )
    if study is not None:
        query = query.where(STUDIES.c.name == study)
    after = 0
    while rows := connection.execute(query.where(CONSENTS.c.id > after)).all():
        after = rows[-1].id
        for row in rows:
            yield Consent(
                rater=row.rater_name,
                study=row.study_name,
                version=row.version,
                digest=row.digest,
                choices=json.loads(row.choices),
                at=moment(row.at),
            )


def assignments(
    connection: sa.Connection, study: str | None = None, rater: str | None = None
) -> Iterator[Assignment]:
    """Every assignment of everyone who has not withdrawn, by id."""
    query = assignment_rows().where(_counts()).order_by(ASSIGNMENTS.c.id).limit(_BATCH)
    if study is not None:
        query = query.where(STUDIES.c.name == study)
    if rater is not None:
        query = query.where(RATERS.c.name == rater)
    after = 0
    while rows := connection.execute(query.where(ASSIGNMENTS.c.id > after)).all():
        after = rows[-1].id
        yield from map(assignment_of, rows)


def assignment_rows() -> sa.Select[Any]:
    """Assignments with the names of what they refer to, and how they ended."""
    return (
        sa.select(
            ASSIGNMENTS,
            STUDIES.c.name.label("study_name"),
            ITEMS.c.name.label("item_name"),
            RATERS.c.name.label("rater_name"),
            ENDINGS.c.outcome,
            ENDINGS.c.at.label("ended_at"),
        )
        .join(ITEMS, ITEMS.c.id == ASSIGNMENTS.c.item)
        .join(STUDIES, STUDIES.c.id == ITEMS.c.study)
        .join(RATERS, RATERS.c.id == ASSIGNMENTS.c.rater)
        .outerjoin(ENDINGS, ENDINGS.c.assignment == ASSIGNMENTS.c.id)
    )


def withdrawn(rater: sa.ColumnElement[int] | int, study: sa.ColumnElement[int] | int) -> sa.Exists:
    """Whether a rater has withdrawn from a study, or from everything."""
    here = WITHDRAWALS.c.study.is_(None) | (WITHDRAWALS.c.study == study)
    return sa.exists().where(WITHDRAWALS.c.rater == rater, here)


def owner_withdrew() -> sa.ColumnElement[bool]:
    """Whether the item's conversation is of somebody who has withdrawn it."""
    return ITEMS.c.owner.is_not(None) & withdrawn(owner_row(), ITEMS.c.study)


def owner_row() -> sa.ScalarSelect[int]:
    """The row of the rater who took part in the item's conversation."""
    owners = RATERS.alias("owners")
    return sa.select(owners.c.id).where(owners.c.name == ITEMS.c.owner).correlate(ITEMS).scalar_subquery()


def _counts() -> sa.ColumnElement[bool]:
    """Whether neither the rater has withdrawn, nor whoever took part in the conversation they rated."""
    return ~withdrawn(ASSIGNMENTS.c.rater, ITEMS.c.study) & ~owner_withdrew()


def _current(until: int | None) -> sa.Select[Any]:
    """Answers with what is known of their assignment, without those of people who withdrew."""
    query = (
        sa.select(
            ANSWERS,
            TEXTS.c.body,
            ASSIGNMENTS.c.item,
            ASSIGNMENTS.c.rater,
            ASSIGNMENTS.c.shown,
            ASSIGNMENTS.c.ordinal,
        )
        .join(ASSIGNMENTS, ASSIGNMENTS.c.id == ANSWERS.c.assignment)
        .join(ITEMS, ITEMS.c.id == ASSIGNMENTS.c.item)
        .outerjoin(TEXTS, TEXTS.c.id == ANSWERS.c.id)
        .where(_counts(), ANSWERS.c.value != TAKEN_BACK)
    )
    if until is None:
        return query
    later = ANSWERS.alias("later")
    superseded = sa.exists().where(later.c.supersedes == ANSWERS.c.id, later.c.id <= until)
    return query.where(ANSWERS.c.id <= until, ~superseded)


def _items(connection: sa.Connection, which: sa.ColumnElement[bool], transcripts: bool) -> dict[int, Item]:
    """Items by row. Of erased conversations the candidates' events are empty."""
    body = TEXTS.c.body if transcripts else sa.null().label("body")
    query = (
        sa.select(ITEMS, STUDIES.c.name.label("study_name"), CONDITIONS.c.name.label("condition_name"), body)
        .join(STUDIES, STUDIES.c.id == ITEMS.c.study)
        .join(CONDITIONS, CONDITIONS.c.id == ITEMS.c.condition)
        .where(which)
        .order_by(ITEMS.c.id)
    )
    if transcripts:
        query = query.outerjoin(TEXTS, TEXTS.c.id == ITEMS.c.id)
    return {row.id: item_of(row) for row in connection.execute(query)}


def _raters(connection: sa.Connection, which: sa.ColumnElement[bool]) -> dict[int, Rater]:
    query = sa.select(RATERS, TEXTS.c.body).outerjoin(TEXTS, TEXTS.c.id == RATERS.c.id)
    rows = connection.execute(query.where(which).order_by(RATERS.c.id))
    return {row.id: Rater(id=row.name, kind=row.kind, meta=json.loads(row.body or "{}")) for row in rows}


T = TypeVar("T")


class _Cache(Generic[T]):
    """Records by row, the least recently asked for forgotten beyond a bound."""

    def __init__(self, fetch: Callable[[Iterable[int]], dict[int, T]]) -> None:
        self._fetch = fetch
        self._kept: OrderedDict[int, T] = OrderedDict()

    def load(self, ids: set[int]) -> None:
        """Have these at hand, in one query for those that are new."""
        new = ids - self._kept.keys()
        for id in ids & self._kept.keys():
            self._kept.move_to_end(id)
        self._kept.update(self._fetch(new) if new else {})
        while len(self._kept) > max(_KEPT, len(ids)):
            self._kept.popitem(last=False)

    def __getitem__(self, id: int) -> T:
        return self._kept[id]
