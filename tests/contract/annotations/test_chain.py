"""Whatever was changed behind the store's back is found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from annotations.database import open_engine
from annotations.records import (
    Consent,
    Draft,
    Export,
    Study,
    Text,
    Withdrawal,
)
from annotations.schema import APPENDED, JOURNAL, METADATA, SLOTS, TEXTS
from annotations.store import Store
from tests.fixtures.ratings import LEASE, Clock, fill, item, lease, scale, vote


def _busy(store: Store, clock: Clock) -> None:
    """A store with a row, or several, in every table."""
    fill(store, items=3, raters=4, wanted=2)
    store.add_consent(Consent(rater="r0", study="s", version="1", digest="0" * 64), "c")
    for n in range(3):
        one = lease(store, f"r{n}", f"l{n}")
        store.submit(one.id, f"r{n}", [vote(0), Draft(criterion="why", value=Text(text="so"))], f"k{n}")
        timed = scale(n).model_copy(update={"seconds": 1.5, "client_at": datetime(2026, 1, 2, tzinfo=UTC)})
        store.submit(one.id, f"r{n}", [scale(9)], f"l{n} again")
        store.submit(one.id, f"r{n}", [timed], f"m{n}", complete=n < 2)
    clock.at += 0.9 * LEASE
    lease(store, "r2", "renewed")
    store.finish("s", "r0")
    store.finish("s", "r1")
    store.withdraw(Withdrawal(rater="r1"), "w1")
    store.withdraw(Withdrawal(rater="r3", study="s"), "w3")
    for n in range(2):
        store.record_export(Export(format="dpo", study="s", until=1, rows=n, digest="0" * 64), f"e{n}")
    store.add_study(Study(id="another", criteria=("a",)))
    turn = item("another-0", "another", "z", wanted=1, owner="r0").model_copy(
        update={"kind": "turn", "turn": 3}
    )
    store.add_items([turn], "another")
    store.add_consent(Consent(rater="r2", study="s", version="1", digest="0" * 64), "c2")


def test_verify_finds_any_single_value_that_was_changed(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    assert store.verify() == []
    engine = open_engine(url)
    for table in (*APPENDED, SLOTS, TEXTS, JOURNAL, METADATA.tables["head"]):
        for column in (column for column in table.columns if not column.primary_key):
            where = f"{table.name}.{column.name}"
            with engine.begin() as connection:
                row = connection.execute(sa.select(table).where(column.is_not(None))).first()
            assert row is not None, f"the test has nothing in {where}"
            this = sa.and_(*(key == row._mapping[key] for key in table.primary_key))
            was = row._mapping[column]
            tamper(table.update().where(this).values({column: _other(was)}))
            assert store.verify(), f"{where} was changed and not found"
            tamper(table.update().where(this).values({column: was}))
            assert store.verify() == [], where
    engine.dispose()


def _other(value: object) -> object:
    """Another value that fits into the same column."""
    if isinstance(value, int):
        return value + 100_000
    assert isinstance(value, str)
    return ("x" if value[:1] != "x" else "y") + value[1:]


def test_verify_finds_any_single_row_that_was_removed(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    engine = open_engine(url)
    for table in (*APPENDED, SLOTS, TEXTS, JOURNAL):
        key = next(iter(table.primary_key)).name
        with engine.begin() as connection:
            row = connection.execute(sa.select(table).order_by(table.c[key].desc())).first()
        assert row is not None, f"{table.name} is empty"
        this = sa.and_(*(column == row._mapping[column] for column in table.primary_key))
        tamper(table.delete().where(this))
        assert store.verify(), f"a row of {table.name} was removed and not found"
        with engine.begin() as connection:
            connection.execute(table.insert().values(row._asdict()))
        assert store.verify() == [], table.name
    engine.dispose()


@pytest.mark.parametrize("table", ["journal", "answers", "items", "assignments"])
def test_verify_finds_two_rows_that_changed_places(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object], table: str
) -> None:
    _busy(store, clock)
    key = "seq" if table == "journal" else "id"
    engine = open_engine(url)
    with engine.begin() as connection:
        numbers = [n for (n,) in connection.exec_driver_sql(f"SELECT {key} FROM {table} ORDER BY {key}")]
    engine.dispose()
    first, second = numbers[:2]
    for old, new in ((first, -1), (second, first), (-1, second)):
        tamper(sa.text(f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}"))
    assert store.verify()


def test_verify_finds_rows_that_were_slipped_in(
    store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    columns = "version, digest, choices, rater, study, at"
    tamper(sa.text(f"INSERT INTO consents (id, {columns}) SELECT 999999, {columns} FROM consents LIMIT 1"))
    assert any("consents: row 999999 was never written" in finding for finding in store.verify())
