"""Participants and their moves as a source of an archive (see `mascot.archive.source`).

A move is a record of its own, under a key with a digest of its content: what a participant takes back is
deleted or rewritten in the journal, so its key is no longer there, and the archive forgets it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from annotations.database import open_engine, set_up, translated
from mascot.errors import StoreError
from studies.flow.journal import MOVES, PARTICIPANTS, SALTS, STATES, TABLES

Record = tuple[str, str, dict[str, Any]]
_KINDS: dict[str, sa.Table] = {"salt": SALTS, "participant": PARTICIPANTS, "state": STATES, "move": MOVES}
"""Tables by the word that their keys begin with, those that others refer to first."""


class MoveSource:
    """The moves of one database; to be restored before its `FlowJournal` is opened.

    Args:
        url: of the database.
        name: its folder in the archive.

    Raises:
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._engine = open_engine(url)
        try:
            with set_up(self._engine) as connection:
                TABLES.create_all(connection)
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def news(self, known: Mapping[str, str]) -> Iterator[Record]:
        for key, row in self._rows().items():
            if key not in known:
                yield key, "1", row

    def gone(self, known: Mapping[str, str]) -> list[str]:
        """Moves that were exported and are not as they were; a move after the last proves nothing."""
        here = self._rows()
        last = max((row["seq"] for key, row in here.items() if key.startswith("move ")), default=0)
        return [key for key in known if key.startswith("move ") and key not in here and _seq(key) <= last]

    def restore(self, records: Sequence[Record]) -> dict[str, str]:
        """Into a database in which nobody has taken part yet.

        Raises:
            StoreError: others have taken part here than in the archive, where they would be forgotten.
        """
        if not records:
            return {}
        with translated(), self._engine.begin() as connection:
            if connection.scalar(sa.select(sa.func.count()).select_from(PARTICIPANTS)):
                self._must_be_the_same(records, connection)
                return {}
            for kind, table in _KINDS.items():
                rows = {key: body for key, _, body in records if key.startswith(f"{kind} ")}
                connection.execute(table.delete())
                if rows:
                    connection.execute(table.insert(), list(rows.values()))
        return {key: "1" for key, _, _ in records}

    def _must_be_the_same(self, records: Sequence[Record], connection: sa.Connection) -> None:
        salts = {body["salt"] for key, _, body in records if key.startswith("salt ")}
        if not salts <= set(connection.scalars(sa.select(SALTS.c.salt))):
            raise StoreError(
                f"{self._engine.url.database} has other participants than {self.name} in the archive: "
                "move the file away to go on from the archive, or name another MASCOT_ARCHIVE"
            )

    def _rows(self) -> dict[str, dict[str, Any]]:
        """By key, those that others refer to first; but read last, so that no move is without its person."""
        with self._reading() as connection:
            read = {
                kind: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for kind, table in reversed(_KINDS.items())
            }
        return {_key(kind, row): row for kind in _KINDS for row in read[kind]}

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with translated(), self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as lines:
            yield lines


def _key(kind: str, row: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(dict(row), sort_keys=True).encode()).hexdigest()[:16]
    return f"{kind} {row.get('seq', 0)} {digest}"


def _seq(key: str) -> int:
    return int(key.split(" ")[1])
