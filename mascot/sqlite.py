"""How every store opens SQLite: what is committed is on disk, who comes second waits, deleted is gone."""

from __future__ import annotations

import sqlite3
import time

_PAUSE = 0.02


def careful(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Set a new connection up; transactions are begun by whoever uses it.

    Args:
        busy_seconds: how long a writer waits for another process's lock.

    Raises:
        sqlite3.OperationalError: the database cannot be written, or stayed locked.
    """
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={busy_seconds * 1000:.0f}")
    _turn_to_wal(connection, busy_seconds)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")


def _turn_to_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Write-ahead logging. On a database that is new SQLite waits for nobody here, whatever its timeout."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)
