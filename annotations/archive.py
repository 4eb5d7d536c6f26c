"""The store as a source of an archive (see `mascot.archive.source`): its journal, its rows, its words.

A record of the key `ledger` is a run of journal entries with the rows that they vouch for; the words, which
may have to be erased, are records with keys of their own (`text-17`), so that they can be forgotten while
the chain stays whole. What follows from the rows (`head`, `slots`) is computed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from annotations.database import translated
from annotations.registry import slots_of
from annotations.schema import APPENDED, HEAD, ITEMS, JOURNAL, SLOTS, TEXTS
from annotations.verification import holders
from mascot.errors import StoreError

Record = tuple[str, str, dict[str, Any]]
LEDGER = "ledger"
_ENTRIES = 200
"""Journal entries in one record."""


class RatingSource:
    """The rows of one store.

    Args:
        engine: of an open store whose tables are up to date.
        name: its folder in the archive.
    """

    def __init__(self, engine: sa.Engine, name: str = "ratings") -> None:
        self.name = name
        self._engine = engine

    def news(self, known: Mapping[str, str]) -> Iterator[Record]:
        """Words before the rows that need them, so that the chain is whole wherever it is cut off."""
        after = int(known.get(LEDGER, "0"))
        with self._reading() as connection:
            last = connection.scalar(sa.select(HEAD.c.seq)) or 0
            while after < last:
                query = sa.select(JOURNAL).where(JOURNAL.c.seq > after, JOURNAL.c.seq <= last)
                entries = [
                    dict(row._mapping)
                    for row in connection.execute(query.order_by(JOURNAL.c.seq).limit(_ENTRIES))
                ]
                after = entries[-1]["seq"]
                ids = [id for entry in entries for _, id, _ in json.loads(entry["rows"])]
                if ids:
                    yield from _words(connection, min(ids), max(ids))
                rows = _rows(connection, min(ids), max(ids)) if ids else {}
                yield LEDGER, str(after), {"entries": entries, "rows": rows}

    def gone(self, known: Mapping[str, str]) -> list[str]:
        """Words that were exported and have been erased since; a row that is not here proves nothing."""
        kept = {int(key.removeprefix("text-")) for key in known if key != LEDGER}
        with self._reading() as connection:
            kept -= set(connection.scalars(sa.select(TEXTS.c.id)))
            last = connection.scalar(sa.select(HEAD.c.last_id)) or 0
        return [f"text-{id}" for id in sorted(kept) if id <= last]

    def restore(self, records: Sequence[Record]) -> dict[str, str]:
        """Into an empty store only: two chains cannot be made one.

        Raises:
            StoreError: the archive's chain is not the beginning of the one that is here.
        """
        runs = [body for key, _, body in records if key == LEDGER]
        words = {body["id"]: body for key, _, body in records if key != LEDGER}
        if not runs:
            return {}
        entries = {entry["seq"]: entry for run in runs for entry in run["entries"]}
        chain = [entries[seq] for seq in sorted(entries)]
        with translated(), self._engine.begin() as connection:
            if connection.scalar(sa.select(HEAD.c.seq)):
                self._must_begin_with(chain, connection)
                return {}
            last_id = _insert_rows(connection, runs)
            connection.execute(JOURNAL.insert(), chain)
            if texts := [body for id, body in sorted(words.items()) if id <= last_id]:
                connection.execute(TEXTS.insert(), texts)
            end = {name: chain[-1][name] for name in ("seq", "hash", "at", "elapsed")}
            connection.execute(HEAD.update().values(end | {"last_id": last_id}))
            _hand_out_again(connection)
        return {LEDGER: str(chain[-1]["seq"])}

    def _must_begin_with(self, chain: Sequence[Mapping[str, Any]], connection: sa.Connection) -> None:
        here = connection.scalar(sa.select(JOURNAL.c.hash).where(JOURNAL.c.seq == chain[-1]["seq"]))
        if here != chain[-1]["hash"]:
            raise StoreError(
                f"{self._engine.url.database} lacks ratings that {self.name} has in the archive: "
                "move the file away to go on from the archive, or name another MASCOT_ARCHIVE"
            )

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with (
            translated(),
            self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection,
        ):
            yield connection


def _words(connection: sa.Connection, first: int, last: int) -> Iterator[Record]:
    query = sa.select(TEXTS).where(TEXTS.c.id >= first, TEXTS.c.id <= last).order_by(TEXTS.c.id)
    for row in connection.execute(query).all():
        yield f"text-{row.id}", "1", dict(row._mapping)


def _rows(connection: sa.Connection, first: int, last: int) -> dict[str, list[dict[str, Any]]]:
    """By table; ids grow with the journal, so what some entries wrote is a range in every table."""
    found = {}
    for table in APPENDED:
        query = sa.select(table).where(table.c.id >= first, table.c.id <= last).order_by(table.c.id)
        if rows := [dict(row._mapping) for row in connection.execute(query)]:
            found[table.name] = rows
    return found


def _insert_rows(connection: sa.Connection, runs: Sequence[Mapping[str, Any]]) -> int:
    """Each row once, referred-to tables first; returns the last id of all."""
    last = 0
    for table in APPENDED:
        rows = {row["id"]: row for run in runs for row in run["rows"].get(table.name, ())}
        if rows:
            connection.execute(table.insert(), [rows[id] for id in sorted(rows)])
            last = max(last, *rows)
    return last


def _hand_out_again(connection: sa.Connection) -> None:
    """Who holds which slot follows from the rows, as `verify` computes it."""
    items = connection.execute(sa.select(ITEMS)).all()
    held = holders(connection, [item.id for item in items])
    slots = [
        slot | held.get((item.id, slot["number"]), {})
        for item in items
        for slot in slots_of(item.id, item.condition, item.number, item.wanted, len(json.loads(item.arms)))
    ]
    if slots:
        connection.execute(SLOTS.insert(), slots)
