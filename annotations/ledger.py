"""One transaction that writes: rows with their digests, and the journal entries that vouch for them.

Every writer of every process first locks the one row of `head`; from then until its commit nobody else
writes. So what a writer reads it may rely on, numbers have no gaps, and the chain does not fork. The
unique constraints of the schema stand behind it and are not meant to be met.

    entry.hash = SHA-256(hash of the entry before, canonical JSON of everything else in the entry)
    digest of a row = SHA-256(canonical JSON of the table's name and the row's values, column by column)
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from annotations.schema import APPENDED, HEAD, JOURNAL, TEXTS

GENESIS = "0" * 64
"""The hash before the first entry."""
Clock = Callable[[], float]
"""Seconds since 1970. May go back or jump; see `Ledger.elapsed`."""


@dataclass(frozen=True)
class Entry:
    """A journal entry, as far as a write gives it back."""

    seq: int
    kind: str
    at: int
    rows: tuple[tuple[str, int], ...]
    """Table and id of every row written."""

    def ids(self, table: sa.Table) -> tuple[int, ...]:
        """The rows written into a table, in order."""
        return tuple(id for name, id in self.rows if name == table.name)


@dataclass
class Ledger:
    """The transaction: made by `lock`, ended by `finish`; commit and rollback are the caller's.

    `elapsed` counts milliseconds since the store was made: it grows by what the clock on the wall (`at`)
    has grown since the last write, and by nothing if that has gone back.
    """

    connection: sa.Connection
    seq: int
    hash: str
    last_id: int
    at: int
    elapsed: int
    _began: tuple[int, int]
    """Number and time of the head as it was found."""
    _rows: list[tuple[str, int, str]] = field(default_factory=list)
    """Table, id and digest of what the entry being written has so far."""
    _waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Rows by table that are not yet sent to the database."""
    _changes: dict[sa.Update, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def lock(cls, connection: sa.Connection, clock: Clock | None) -> Ledger:
        """Wait until nobody else writes. Without a clock the database's is taken."""
        query = sa.select(HEAD, _now(connection)).with_for_update()
        head = connection.execute(query).one()
        at = round(clock() * 1000) if clock else round((head.now or time.time()) * 1000)
        elapsed = head.elapsed + max(0, at - head.at)
        return cls(connection, head.seq, head.hash, head.last_id, at, elapsed, (head.seq, head.at))

    def written(self, keys: Iterable[str]) -> dict[str, Entry]:
        """The entries that bear these keys, by key."""
        query = sa.select(JOURNAL.c.key, JOURNAL.c.seq, JOURNAL.c.kind, JOURNAL.c.at, JOURNAL.c.rows)
        found = self.connection.execute(query.where(JOURNAL.c.key.in_(list(keys))))
        return {row.key: entry_of(row) for row in found}

    def add(self, table: sa.Table, content: str | None = None, **values: Any) -> int:
        """A new row; returns its id. It is sent to the database by `flush`.

        Args:
            table: one of the append-only ones.
            content: words that may have to be erased; the row gets their salted digest.
            values: all columns but `id`, `at` and `content`.
        """
        self.last_id += 1
        row = {"id": self.last_id, "at": self.at, **values}
        if "content" in table.c:
            row["content"] = "" if content is None else self._set_apart(content)
        self._rows.append((table.name, self.last_id, digest(table, row)))
        self._waiting.setdefault(table.name, []).append(row)
        return self.last_id

    def close(self, key: str, kind: str) -> Entry:
        """End the entry: everything added since the last one is written under this key."""
        self.seq += 1
        values = {"seq": self.seq, "key": key, "kind": kind, "at": self.at, "elapsed": self.elapsed}
        values["rows"] = _canonical(self._rows)
        self.hash = link(self.hash, values)
        self._waiting.setdefault(JOURNAL.name, []).append({**values, "hash": self.hash})
        entry = Entry(self.seq, kind, self.at, tuple((table, id) for table, id, _ in self._rows))
        self._rows = []
        return entry

    def read(self, query: sa.Executable, *parameters: Any) -> sa.Result[Any]:
        """Run a statement that sees everything added so far."""
        self.flush()
        return self.connection.execute(query, *parameters)

    @property
    def clean(self) -> bool:
        """Whether nothing was added since the last entry."""
        return not self._rows

    def later(self, change: sa.Update, **parameters: Any) -> None:
        """Have a change of `slots` made with the next flush, together with others like it."""
        self._changes.setdefault(change, []).append(parameters)

    def flush(self) -> None:
        """Send what was added, so that it can be read and referred to."""
        for table in (*APPENDED, TEXTS, JOURNAL):
            if rows := self._waiting.pop(table.name, None):
                self.connection.execute(table.insert(), rows)
        for change, rows in self._changes.items():
            self.connection.execute(change, rows)
        self._changes.clear()

    def finish(self) -> None:
        """Move the head on; what follows is the commit."""
        assert self.clean, "rows without an entry"
        seq, at = self._began
        if self.seq == seq and self.at < at:
            # A clock that went back is noted even if nothing else is: time goes on from there.
            self.close(f"clock {self.seq + 1}", "clock")
        self.flush()
        if self.seq == seq:
            return
        self.connection.execute(
            HEAD.update().values(
                seq=self.seq, hash=self.hash, last_id=self.last_id, at=self.at, elapsed=self.elapsed
            )
        )

    def _set_apart(self, body: str) -> str:
        salt = secrets.token_hex(16)
        self._waiting.setdefault(TEXTS.name, []).append({"id": self.last_id, "salt": salt, "body": body})
        return salted(salt, body)


def digest(table: sa.Table, row: Mapping[str, Any]) -> str:
    """The digest of an append-only row."""
    return _sha256(_canonical([table.name, *(row[column.name] for column in table.columns)]))


def salted(salt: str, body: str) -> str:
    """The digest by which a row vouches for words kept apart: without the salt it tells nothing."""
    return _sha256(salt + body)


def link(before: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry, given the hash of the entry before it."""
    fields = [entry[name] for name in ("seq", "key", "kind", "at", "elapsed", "rows")]
    return _sha256(before + _canonical(fields))


def entry_of(row: sa.Row[*tuple[Any, ...]]) -> Entry:
    """The entry of a row of the journal."""
    return Entry(row.seq, row.kind, row.at, tuple((table, id) for table, id, _ in json.loads(row.rows)))


def _now(connection: sa.Connection) -> sa.Label[Any]:
    """The database's clock in seconds; NULL for SQLite, which has none but this machine's."""
    if connection.dialect.name == "postgresql":
        return sa.extract("epoch", sa.func.clock_timestamp()).cast(sa.Double).label("now")
    return sa.cast(sa.null(), sa.Double).label("now")


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
