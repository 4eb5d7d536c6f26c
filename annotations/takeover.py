"""A whole import in one transaction: the study, its items and raters where they are new, and all answers."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from annotations import reading
from annotations.importing import Import
from annotations.ledger import Ledger
from annotations.records import Imported, Item, Rater, Study
from annotations.registry import AddItems, AddRater, AddStudy
from annotations.schema import ITEMS, RATERS, STUDIES
from annotations.writer import Saving
from mascot.errors import InputError, MascotError

_SLICE = 2000
"""Ratings, or names, in one statement."""


class Refused(Exception):  # noqa: N818 - a message on its way out of the transaction
    """What could not be taken, found when something was written already: the transaction is undone."""

    def __init__(self, refusal: MascotError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class TakeOver(Saving):
    """Everything an import brings, all or nothing; what the store knows already stays as it is."""

    kind = "import"

    def __init__(
        self,
        study: Study,
        items: Sequence[Item],
        raters: Sequence[Rater],
        ratings: Sequence[Imported],
        key: str,
    ) -> None:
        super().__init__(key)
        self._study = study
        self._items = items
        self._raters = raters
        self._ratings = ratings

    def perform(self, ledger: Ledger) -> None:
        items = self._new_items(ledger)
        try:
            self._write(ledger, items)
        except MascotError as refusal:
            raise Refused(refusal) from None

    def _write(self, ledger: Ledger, items: Sequence[Item]) -> None:
        raters = _unknown(ledger, RATERS, [rater.id for rater in self._raters])
        if _unknown(ledger, STUDIES, [self._study.id]):
            AddStudy(self._study).perform(ledger)
        for rater in self._raters:
            if rater.id in raters:
                AddRater(rater).perform(ledger)
        ledger.flush()
        if items:
            AddItems(items, self.key).perform(ledger)
            ledger.flush()
        for start in range(0, len(self._ratings), _SLICE):
            Import(self._study.id, self._ratings[start : start + _SLICE], self.key).perform(ledger)

    def _new_items(self, ledger: Ledger) -> list[Item]:
        unknown = _unknown(ledger, ITEMS, [item.id for item in self._items])
        for item in self._items:
            if item.id not in unknown:
                known = reading.item(ledger.connection, item.id)
                if known.study != self._study.id:
                    raise InputError(f"the item {item.id!r} belongs to the study {known.study!r}")
                # Votes name candidates by their place in the item: it must be the same item.
                if len(item.arms) > 1 and item.arms != known.arms:
                    arms = " ".join(known.arms)
                    raise InputError(f"the item {item.id!r} has the arms {arms}: give them as --arms {arms}")
        return [item for item in self._items if item.id in unknown]


def _unknown(ledger: Ledger, table: sa.Table, names: Sequence[str]) -> set[str]:
    """Those names that are not in the table."""
    known: set[str] = set()
    for start in range(0, len(names), _SLICE):
        query = sa.select(table.c.name).where(table.c.name.in_(names[start : start + _SLICE]))
        known |= set(ledger.read(query).scalars())
    return set(names) - known
