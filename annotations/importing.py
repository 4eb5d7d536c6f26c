"""Ratings that were given elsewhere: completed assignments with their answers, without slots or leases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from annotations.enrolment import NO_ROW, enrolment_row
from annotations.ledger import Ledger
from annotations.reading import number_of
from annotations.records import Imported
from annotations.registry import as_json
from annotations.schema import ASSIGNMENTS, ENDINGS, ITEMS, RATERS, STUDIES
from annotations.submission import add_answer, assignment_rows, question_of, refuse_misfit
from annotations.withdrawal import refuse_withdrawn
from annotations.writer import Saving
from mascot.errors import InputError

Row = sa.Row[*tuple[Any, ...]]


class Import(Saving):
    """Answers to items of one study; the items and the raters are already in the store."""

    kind = "import"

    def __init__(self, study: str, ratings: Sequence[Imported], key: str) -> None:
        super().__init__(key)
        self._study = study
        self._ratings = ratings

    def perform(self, ledger: Ledger) -> None:
        study = number_of(ledger.connection, STUDIES, self._study, "study")
        criteria = ledger.read(sa.select(STUDIES.c.criteria).where(STUDIES.c.id == study)).scalar_one()
        raters = self._raters(ledger, study)
        items = self._items(ledger, study)
        self._refuse_twice(ledger, items, raters)
        given = [
            (self._assign(ledger, rating, items[rating.item], raters[rating.rater], criteria), rating)
            for rating in self._ratings
        ]
        rows = assignment_rows(ledger, (assignment for assignment, _ in given))
        for assignment, rating in given:
            for answer in rating.answers:
                add_answer(ledger, rows[assignment], answer, None)
            ledger.add(ENDINGS, assignment=assignment, outcome="completed")

    def _raters(self, ledger: Ledger, study: int) -> Mapping[str, int]:
        names = {rating.rater for rating in self._ratings}
        raters = {name: number_of(ledger.connection, RATERS, name, "rater") for name in sorted(names)}
        for rater in raters.values():
            refuse_withdrawn(ledger, rater, study)
        return raters

    def _items(self, ledger: Ledger, study: int) -> Mapping[str, Row]:
        names = sorted({rating.item for rating in self._ratings})
        query = sa.select(ITEMS).where(ITEMS.c.study == study, ITEMS.c.name.in_(names))
        items = {row.name: row for row in ledger.read(query)}
        for rating in self._ratings:
            if rating.item not in items:
                raise InputError(f"the study {self._study!r} has no item {rating.item!r}")
            candidates = len(json.loads(items[rating.item].arms))
            if rating.order and sorted(rating.order) != list(range(candidates)):
                raise InputError(f"{rating.item}: {rating.order} is no order of {candidates} candidate(s)")
            if len({question_of(0, answer) for answer in rating.answers}) < len(rating.answers):
                raise InputError(f"{rating.item}: {rating.rater!r} answers a question twice")
            for answer in rating.answers:
                refuse_misfit(answer, candidates)
        return items

    def _refuse_twice(self, ledger: Ledger, items: Mapping[str, Row], raters: Mapping[str, int]) -> None:
        pairs = [(items[rating.item].id, raters[rating.rater]) for rating in self._ratings]
        known = sa.tuple_(ASSIGNMENTS.c.item, ASSIGNMENTS.c.rater).in_(pairs)
        query = sa.select(sa.func.count()).select_from(ASSIGNMENTS).where(known)
        if len(set(pairs)) < len(pairs) or ledger.read(query).scalar_one():
            raise InputError("a rater rates an item once: one of these ratings is there already, or twice")

    def _assign(self, ledger: Ledger, rating: Imported, item: Row, rater: int, criteria: str) -> int:
        candidates = range(len(json.loads(item.arms)))
        return ledger.add(
            ASSIGNMENTS,
            enrolment=enrolment_row(ledger, item.study, rater),
            item=item.id,
            rater=rater,
            slot=NO_ROW,
            shown=as_json(rating.order or tuple(candidates)),
            criteria=criteria,
            ordinal=NO_ROW,
            elapsed=ledger.elapsed,
        )
