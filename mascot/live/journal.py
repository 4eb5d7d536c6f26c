"""The journal: every event of every conversation, committed before anyone sees it.

One table of conversations, one of events; SQLAlchemy Core over SQLite (the default) or PostgreSQL.
`append` returns only when the database has the events on disk, so what a page was shown survives a
`kill -9`. Sequence numbers grow by one per event within a conversation and are never used twice.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from mascot.conversation.events import EVENT, Event, Interrupted, Utterance
from mascot.errors import NotFoundError, StoreError

_METADATA = sa.MetaData()
_CONVERSATIONS = sa.Table(
    "conversations",
    _METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
)
_EVENTS = sa.Table(
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


@dataclass(frozen=True)
class Entry:
    """An event with its place and time in the journal."""

    seq: int
    at: datetime
    event: Event


@dataclass(frozen=True)
class Listing:
    """A conversation in a list."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime


class Journal:
    """The journal of one database.

    Args:
        url: a SQLAlchemy URL, for instance `sqlite:///folder/mascot.db` or `postgresql+psycopg://…`.

    Raises:
        StoreError: the database cannot be opened.
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
        if self._engine.dialect.name == "sqlite":
            listen(self._engine, "connect", _careful_sqlite)
            listen(self._engine, "begin", _begin_immediate)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._translated():
            _METADATA.create_all(self._engine)

    def create(self, owner: str, title: str, first: Event) -> str:
        """A new conversation with its first event; returns its id, which nobody can guess (128 bits).

        The owner's secret is stored as its SHA-256 only.
        """
        conversation = secrets.token_hex(16)
        now = datetime.now(UTC)
        with self._translated(), self._engine.begin() as connection:
            connection.execute(
                _CONVERSATIONS.insert().values(
                    id=conversation,
                    owner=_hash(owner),
                    title=title,
                    created_at=now,
                    updated_at=now,
                    last_seq=1,
                )
            )
            connection.execute(_EVENTS.insert(), [_row(conversation, 1, now, first)])
        return conversation

    def append(self, conversation: str, events: Sequence[Event]) -> list[Entry]:
        """Commit events, in one transaction; they are on disk when this returns.

        An utterance, or its interruption, takes the place of the `speech` it was streamed as.

        Raises:
            NotFoundError: the conversation was deleted.
            StoreError: nothing was committed (disk full, database away).
        """
        now = datetime.now(UTC)
        with self._translated(), self._engine.begin() as connection:
            last = connection.scalar(
                _CONVERSATIONS.update()
                .where(_CONVERSATIONS.c.id == conversation)
                .values(last_seq=_CONVERSATIONS.c.last_seq + len(events), updated_at=now)
                .returning(_CONVERSATIONS.c.last_seq)
            )
            if last is None:
                raise NotFoundError("this conversation does not exist any more")
            if any(isinstance(event, Utterance | Interrupted) for event in events):
                connection.execute(
                    _EVENTS.delete().where(_EVENTS.c.conversation == conversation, _EVENTS.c.type == "speech")
                )
            first = last - len(events) + 1
            entries = [Entry(first + i, now, event) for i, event in enumerate(events)]
            connection.execute(_EVENTS.insert(), [_row(conversation, e.seq, now, e.event) for e in entries])
        return entries

    def entries(self, conversation: str, after: int = 0) -> list[Entry]:
        """The events after a sequence number, in order.

        Raises:
            NotFoundError: there is no such conversation.
        """
        query = (
            sa.select(_EVENTS.c.seq, _EVENTS.c.at, _EVENTS.c.body)
            .where(_EVENTS.c.conversation == conversation, _EVENTS.c.seq > after)
            .order_by(_EVENTS.c.seq)
        )
        with self._translated(), self._reading.connect() as connection:
            rows = connection.execute(query).all()
            if not rows:
                self._must_exist(connection, conversation)
        return [Entry(seq, _utc(at), EVENT.validate_json(body)) for seq, at, body in rows]

    def with_key(self, conversation: str, key: str) -> int | None:
        """Where the event with this idempotency key stands, if it is there."""
        query = sa.select(_EVENTS.c.seq).where(_EVENTS.c.conversation == conversation, _EVENTS.c.key == key)
        with self._translated(), self._reading.connect() as connection:
            return connection.scalar(query)

    def listings(self, owner: str) -> list[Listing]:
        """The owner's conversations, the latest first."""
        c = _CONVERSATIONS.c
        query = (
            sa.select(c.id, c.title, c.created_at, c.updated_at)
            .where(c.owner == _hash(owner))
            .order_by(c.updated_at.desc())
        )
        with self._translated(), self._reading.connect() as connection:
            rows = connection.execute(query).all()
        return [Listing(row.id, row.title, _utc(row.created_at), _utc(row.updated_at)) for row in rows]

    def title(self, conversation: str) -> str:
        """The conversation's title.

        Raises:
            NotFoundError: there is no such conversation.
        """
        with self._translated(), self._reading.connect() as connection:
            return self._must_exist(connection, conversation)

    def rename(self, conversation: str, title: str) -> None:
        """Give it another title.

        Raises:
            NotFoundError: there is no such conversation.
        """
        change = _CONVERSATIONS.update().where(_CONVERSATIONS.c.id == conversation).values(title=title)
        with self._translated(), self._engine.begin() as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFoundError("this conversation does not exist any more")

    def delete(self, conversation: str) -> None:
        """Delete it and all of its events for good: SQLite overwrites them with zeros.

        Raises:
            NotFoundError: there is no such conversation.
        """
        with self._translated(), self._engine.begin() as connection:
            # Whoever is appending finishes first; whoever comes later finds nothing to append to.
            connection.execute(
                _CONVERSATIONS.select().where(_CONVERSATIONS.c.id == conversation).with_for_update()
            )
            self._must_exist(connection, conversation)
            connection.execute(_EVENTS.delete().where(_EVENTS.c.conversation == conversation))
            connection.execute(_CONVERSATIONS.delete().where(_CONVERSATIONS.c.id == conversation))
        if self._engine.dialect.name == "sqlite":
            # The write-ahead log would otherwise keep the text until its next checkpoint.
            with self._translated(), self._reading.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self._engine.dispose()

    def _must_exist(self, connection: sa.Connection, conversation: str) -> str:
        title = connection.scalar(
            sa.select(_CONVERSATIONS.c.title).where(_CONVERSATIONS.c.id == conversation)
        )
        if title is None:
            raise NotFoundError("there is no such conversation: it was deleted, or the link is incomplete")
        return title

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            if "events.key" in str(error.orig) or "one_event_per_key" in str(error.orig):
                raise DuplicateKeyError from None
            raise StoreError(f"the journal refused an event: {_line(error)}") from None
        except SQLAlchemyError as error:
            raise StoreError(_advice(_line(error))) from None


class DuplicateKeyError(StoreError):
    """An event with this idempotency key is already there."""


def _row(conversation: str, seq: int, at: datetime, event: Event) -> dict[str, Any]:
    key = getattr(event, "key", "") or None
    body = event.model_dump_json()
    return {"conversation": conversation, "seq": seq, "at": at, "type": event.type, "key": key, "body": body}


def _careful_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")


def _begin_immediate(connection: sa.Connection) -> None:
    """Writers queue at BEGIN, where the busy timeout holds, and not in the middle of a transaction."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _hash(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__


def _advice(line: str) -> str:
    if "full" in line:
        return f"the disk is full, nothing was lost, nothing new can be saved: free some space ({line})"
    if "locked" in line:
        return f"the database is busy, nothing was lost: try again ({line})"
    return f"the store does not answer, nothing that was saved is lost: {line}"
