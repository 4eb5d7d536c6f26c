"""The database behind the journal: its tables, and how it is opened and spoken to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from mascot.errors import StoreError
from mascot.sqlite import careful

_BUSY_SECONDS = 10.0
_METADATA = sa.MetaData()
CONVERSATIONS = sa.Table(
    "conversations",
    _METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
)
EVENTS = sa.Table(
    "events",
    _METADATA,
    sa.Column("conversation", sa.String(32), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("type", sa.String(20), nullable=False),
    sa.Column("key", sa.String(80)),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("conversation", "key", name="one_event_per_key"),
)
DELETED = sa.Table(
    "deleted",
    _METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
)
"""Ids of conversations that were deleted, so that no copy elsewhere brings one back."""
DONATIONS = sa.Table(
    "donations",
    _METADATA,
    sa.Column("conversation", sa.String(32), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("until", sa.Integer, nullable=False),
    sa.Column("terms", sa.String(40), nullable=False),
)
"""Conversations given to research: up to which event, and by which wording of the question."""


class DuplicateKeyError(StoreError):
    """An event with this idempotency key is already there."""


class Database:
    """An open database with the journal's tables.

    Args:
        url: a SQLAlchemy URL, for instance `sqlite:///folder/mascot.db` or `postgresql+psycopg://…`.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        except (SQLAlchemyError, ImportError, OSError) as error:
            shown = re.sub(r"(?<=:)[^:@/]+(?=@)", "***", url)
            raise StoreError(f"MASCOT_STORE={shown!r} cannot be used: {_line(error)}") from None
        self.lite = self._engine.dialect.name == "sqlite"
        if self.lite:
            listen(self._engine, "connect", _careful_sqlite)
            listen(self._engine, "begin", _begin_immediate)
        self._lines = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self.writing() as connection:
            # SQLite queues at BEGIN; PostgreSQL lets two servers find that the same table is missing.
            if not self.lite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('mascot conversations'))"))
            _METADATA.create_all(connection)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction; it is on disk when the block is left.

        Raises:
            StoreError: nothing was committed.
        """
        with _translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection on which every statement stands for itself."""
        with _translated(), self._lines.connect() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def utc(at: datetime) -> datetime:
    """A time of the database's, which is UTC, with its zone: SQLite forgets it."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "events.key" in str(error.orig) or "one_event_per_key" in str(error.orig):
            raise DuplicateKeyError from None
        raise StoreError(f"the journal refused an event: {_line(error)}") from None
    except SQLAlchemyError as error:
        raise StoreError(_advice(_line(error))) from None


def _careful_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    careful(connection, _BUSY_SECONDS)


def _begin_immediate(connection: sa.Connection) -> None:
    """Writers queue at BEGIN, where the busy timeout holds, and not in the middle of a transaction."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__


def _advice(line: str) -> str:
    if "full" in line:
        return f"the disk is full, nothing was lost, nothing new can be saved: free some space ({line})"
    if "locked" in line:
        return f"the database is busy, nothing was lost: try again ({line})"
    return f"the store does not answer, nothing that was saved is lost: {line}"
