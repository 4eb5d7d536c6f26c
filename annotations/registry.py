"""Writes that set a study up: the study itself, its raters, consents, items; and the exports that left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from annotations.balance import place, plan, williams
from annotations.ledger import Entry, Ledger
from annotations.reading import number_of
from annotations.records import Consent, Export, Item, Rater, Study
from annotations.rows import study_of
from annotations.schema import CONDITIONS, CONSENTS, EXPORTS, ITEMS, RATERS, SLOTS, STUDIES
from annotations.writer import Saving
from mascot.errors import InputError


class AddStudy(Saving):
    """A study; its id is its key."""

    kind = "study"

    def __init__(self, study: Study) -> None:
        super().__init__(f"study {study.id}")
        self._study = study

    def perform(self, ledger: Ledger) -> None:
        study = self._study
        ledger.add(
            STUDIES,
            name=study.id,
            criteria=as_json(study.criteria),
            lease=round(study.lease_seconds * 1000),
            meta=as_json(study.meta),
        )

    def is_same(self, connection: sa.Connection, entry: Entry) -> bool:
        row = connection.execute(sa.select(STUDIES).where(STUDIES.c.id.in_(entry.ids(STUDIES)))).one_or_none()
        return row is not None and study_of(row) == self._study


class AddRater(Saving):
    """A rater; the id is the key. Whoever comes again is who they were."""

    kind = "rater"

    def __init__(self, rater: Rater) -> None:
        super().__init__(f"rater {rater.id}")
        self._rater = rater

    def perform(self, ledger: Ledger) -> None:
        rater = self._rater
        ledger.add(RATERS, name=rater.id, kind=rater.kind, content=as_json(rater.meta))


class AddConsent(Saving):
    """That a rater agreed."""

    kind = "consent"

    def __init__(self, consent: Consent, key: str) -> None:
        super().__init__(key)
        self._consent = consent

    def perform(self, ledger: Ledger) -> None:
        consent = self._consent
        ledger.add(
            CONSENTS,
            rater=number_of(ledger.connection, RATERS, consent.rater, "rater"),
            study=number_of(ledger.connection, STUDIES, consent.study, "study"),
            version=consent.version,
            digest=consent.digest,
            choices=as_json(consent.choices),
        )


class AddItems(Saving):
    """Items of any studies, with a slot for every wanted rater."""

    kind = "items"

    def __init__(self, items: Sequence[Item], key: str) -> None:
        super().__init__(key)
        self._items = items

    def perform(self, ledger: Ledger) -> None:
        self._refuse_known(ledger.connection)
        studies = {name: number_of(ledger.connection, STUDIES, name, "study") for name in self._studies()}
        conditions = _Conditions(ledger)
        slots: list[dict[str, Any]] = []
        for item in self._items:
            study = studies[item.study]
            condition, number = conditions.next(study, item.condition)
            id = ledger.add(ITEMS, **_columns(item), study=study, condition=condition, number=number)
            slots += slots_of(id, condition, number, item.wanted, len(item.candidates))
        if slots:
            ledger.read(SLOTS.insert(), slots)

    def _studies(self) -> set[str]:
        return {item.study for item in self._items}

    def _refuse_known(self, connection: sa.Connection) -> None:
        names = [item.id for item in self._items]
        if not names:
            raise InputError("there are no items to add")
        twice = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
        for start in range(0, len(names), 500):
            known = sa.select(ITEMS.c.name).where(ITEMS.c.name.in_(names[start : start + 500]))
            twice |= set(connection.scalars(known))
        if twice:
            raise InputError(f"the item {min(twice)!r} is already there: every item has an id of its own")


class RecordExport(Saving):
    """A dataset that left, with the journal's hash at that moment."""

    kind = "export"

    def __init__(self, export: Export, key: str) -> None:
        super().__init__(key)
        self._export = export

    def perform(self, ledger: Ledger) -> None:
        export = self._export
        study = None if export.study is None else number_of(ledger.connection, STUDIES, export.study, "study")
        ledger.add(
            EXPORTS,
            format=export.format,
            study=study,
            until=export.until,
            rows=export.rows,
            digest=export.digest,
            head=ledger.hash,
        )


class _Conditions:
    """The conditions of studies, made when their first item comes, and the next number in each."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._next: dict[tuple[int, str], tuple[int, int]] = {}

    def next(self, study: int, name: str) -> tuple[int, int]:
        """The condition's row, and the number of its next item."""
        known = self._next.get((study, name)) or self._find(study, name)
        self._next[study, name] = (known[0], known[1] + 1)
        return known

    def _find(self, study: int, name: str) -> tuple[int, int]:
        where = (CONDITIONS.c.study == study, CONDITIONS.c.name == name)
        id = self._ledger.connection.scalar(sa.select(CONDITIONS.c.id).where(*where))
        if id is None:
            return self._ledger.add(CONDITIONS, study=study, name=name), 0
        count = sa.select(sa.func.count()).select_from(ITEMS).where(ITEMS.c.condition == id)
        return id, self._ledger.connection.execute(count).scalar_one()


def slots_of(item: int, condition: int, number: int, wanted: int, candidates: int) -> list[dict[str, Any]]:
    """The rows of `slots` for a new item."""
    cells = len(williams(candidates))
    return [
        {
            "item": item,
            "number": slot,
            "condition": condition,
            "round": slot // cells,
            "cell": cell,
            "place": place(number, slot, cells),
            "assignment": None,
            "free_at": 0,
        }
        for slot, cell in enumerate(plan(number, wanted, cells))
    ]


def as_json(value: Any) -> str:
    """JSON as it is kept: compact, in the order given."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    try:
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"{value!r} cannot be kept as JSON: {error}") from None


def _columns(item: Item) -> Mapping[str, Any]:
    content = [
        {"events": [event.model_dump(mode="json") for event in candidate.events], "meta": candidate.meta}
        for candidate in item.candidates
    ]
    return {
        "name": item.id,
        "kind": item.kind,
        "dialogue": item.dialogue,
        "owner": item.owner,
        "wanted": item.wanted,
        "arms": as_json(item.arms),
        "turn": item.turn,
        "domain": item.domain,
        "expected": as_json(item.expected),
        "meta": as_json(item.meta),
        "content": as_json(content),
    }
