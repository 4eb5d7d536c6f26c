"""The journal: every event of every conversation, committed before anyone sees it.

One table of conversations, one of events; SQLAlchemy Core over SQLite (the default) or PostgreSQL.
`append` returns only when the database has the events on disk, so what a page was shown survives a
`kill -9`. Sequence numbers grow by one per event within a conversation and are never used twice.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mascot.conversation.events import EVENT, Event, Interrupted, Utterance
from mascot.errors import NotFoundError
from mascot.live.database import (
    CONVERSATIONS,
    DELETED,
    DONATIONS,
    EVENTS,
    Database,
    DuplicateKeyError,
    utc,
)

__all__ = ["DuplicateKeyError", "Entry", "Journal", "Listing"]


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
        self.database = Database(url)

    def create(self, owner: str, title: str, first: Event) -> str:
        """A new conversation with its first event; returns its id, which nobody can guess (128 bits).

        The owner's secret is stored as its SHA-256 only.
        """
        conversation = secrets.token_hex(16)
        now = datetime.now(UTC)
        with self.database.writing() as connection:
            connection.execute(
                CONVERSATIONS.insert().values(
                    id=conversation,
                    owner=_hash(owner),
                    title=title,
                    created_at=now,
                    updated_at=now,
                    last_seq=1,
                )
            )
            connection.execute(EVENTS.insert(), [_row(conversation, 1, now, first)])
        return conversation

    def append(self, conversation: str, events: Sequence[Event]) -> list[Entry]:
        """Commit events, in one transaction; they are on disk when this returns.

        An utterance, or its interruption, takes the place of the `speech` it was streamed as.

        Raises:
            NotFoundError: the conversation was deleted.
            StoreError: nothing was committed (disk full, database away).
        """
        now = datetime.now(UTC)
        with self.database.writing() as connection:
            last = connection.scalar(
                CONVERSATIONS.update()
                .where(CONVERSATIONS.c.id == conversation)
                .values(last_seq=CONVERSATIONS.c.last_seq + len(events), updated_at=now)
                .returning(CONVERSATIONS.c.last_seq)
            )
            if last is None:
                raise NotFoundError("this conversation does not exist any more")
            if any(isinstance(event, Utterance | Interrupted) for event in events):
                connection.execute(
                    EVENTS.delete().where(EVENTS.c.conversation == conversation, EVENTS.c.type == "speech")
                )
            first = last - len(events) + 1
            entries = [Entry(first + i, now, event) for i, event in enumerate(events)]
            connection.execute(EVENTS.insert(), [_row(conversation, e.seq, now, e.event) for e in entries])
        return entries

    def entries(self, conversation: str, after: int = 0) -> list[Entry]:
        """The events after a sequence number, in order.

        Raises:
            NotFoundError: there is no such conversation.
        """
        query = (
            sa.select(EVENTS.c.seq, EVENTS.c.at, EVENTS.c.body)
            .where(EVENTS.c.conversation == conversation, EVENTS.c.seq > after)
            .order_by(EVENTS.c.seq)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
            if not rows:
                self._must_exist(connection, conversation)
        return [Entry(seq, utc(at), EVENT.validate_json(body)) for seq, at, body in rows]

    def with_key(self, conversation: str, key: str) -> int | None:
        """Where the event with this idempotency key stands, if it is there."""
        query = sa.select(EVENTS.c.seq).where(EVENTS.c.conversation == conversation, EVENTS.c.key == key)
        with self.database.reading() as connection:
            return connection.scalar(query)

    def listings(self, owner: str) -> list[Listing]:
        """The owner's conversations, the latest first."""
        c = CONVERSATIONS.c
        query = (
            sa.select(c.id, c.title, c.created_at, c.updated_at)
            .where(c.owner == _hash(owner))
            .order_by(c.updated_at.desc())
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return [Listing(row.id, row.title, utc(row.created_at), utc(row.updated_at)) for row in rows]

    def turns_since(self, at: datetime) -> int:
        """How many utterances of personas there are since a time, in all conversations."""
        query = sa.select(sa.func.count()).where(EVENTS.c.type == "utterance", EVENTS.c.at >= at)
        with self.database.reading() as connection:
            return connection.scalar(query) or 0

    def title(self, conversation: str) -> str:
        """The conversation's title.

        Raises:
            NotFoundError: there is no such conversation.
        """
        with self.database.reading() as connection:
            return self._must_exist(connection, conversation)

    def rename(self, conversation: str, title: str) -> None:
        """Give it another title.

        Raises:
            NotFoundError: there is no such conversation.
        """
        change = CONVERSATIONS.update().where(CONVERSATIONS.c.id == conversation).values(title=title)
        with self.database.writing() as connection:
            if connection.execute(change).rowcount == 0:
                raise NotFoundError("this conversation does not exist any more")

    def delete(self, conversation: str) -> None:
        """Delete it and all of its events for good: SQLite overwrites them with zeros. Its id is remembered.

        Raises:
            NotFoundError: there is no such conversation.
        """
        with self.database.writing() as connection:
            # Whoever is appending finishes first; whoever comes later finds nothing to append to.
            connection.execute(
                CONVERSATIONS.select().where(CONVERSATIONS.c.id == conversation).with_for_update()
            )
            self._must_exist(connection, conversation)
            connection.execute(EVENTS.delete().where(EVENTS.c.conversation == conversation))
            connection.execute(DONATIONS.delete().where(DONATIONS.c.conversation == conversation))
            connection.execute(CONVERSATIONS.delete().where(CONVERSATIONS.c.id == conversation))
            connection.execute(DELETED.insert().values(id=conversation, at=datetime.now(UTC)))
        if self.database.lite:
            # The write-ahead log would otherwise keep the text until its next checkpoint.
            with self.database.reading() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        self.database.close()

    def _must_exist(self, connection: sa.Connection, conversation: str) -> str:
        title = connection.scalar(sa.select(CONVERSATIONS.c.title).where(CONVERSATIONS.c.id == conversation))
        if title is None:
            raise NotFoundError("there is no such conversation: it was deleted, or the link is incomplete")
        return title


def _row(conversation: str, seq: int, at: datetime, event: Event) -> dict[str, Any]:
    key = getattr(event, "key", "") or None
    body = event.model_dump_json()
    return {"conversation": conversation, "seq": seq, "at": at, "type": event.type, "key": key, "body": body}


def _hash(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()
