"""Group commit: threads that write at the same time share one transaction, and one wait for the disk.

The first to come writes; those who come meanwhile queue, and the next of them writes for all who wait.
Each gets a journal entry and an answer of its own. Between processes the lock on `head` decides.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from threading import Lock
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from annotations.database import translated
from annotations.ledger import Clock, Entry, Ledger
from annotations.records import Receipt
from annotations.schema import ANSWERS
from mascot.errors import InputError, MascotError

MOST = 64
"""Writes in one transaction; more would keep other processes waiting."""
PATIENCE = 10.0
"""Seconds during which a writer tries to reach a database that went away."""

T = TypeVar("T")


class Write(ABC, Generic[T]):
    """Something to be written under a key, once.

    Args:
        key: the idempotency key, 1 to 250 characters.
    """

    kind: str
    """What the journal calls it."""

    def __init__(self, key: str) -> None:
        if not 1 <= len(key) <= 250:
            raise InputError(f"an idempotency key has 1 to 250 characters, not {len(key)}")
        self.key = key

    @classmethod
    def prepare(cls, ledger: Ledger, writes: Sequence[Any]) -> None:
        """Read at once what several writes of this kind will need."""

    @abstractmethod
    def perform(self, ledger: Ledger) -> T | None:
        """Add rows to the ledger, and return nothing; or return an answer, having written nothing.

        Raises:
            MascotError: it is refused; best before anything was added.
        """

    @abstractmethod
    def result(self, connection: sa.Connection, entry: Entry) -> T:
        """What the caller gets, now and whenever the same key comes again."""

    def is_same(self, connection: sa.Connection, entry: Entry) -> bool:
        """Whether an entry found under the key is of this very write, and not of another."""
        del connection
        return entry.kind == self.kind


class Saving(Write[Receipt]):
    """A write that gives a receipt."""

    def result(self, connection: sa.Connection, entry: Entry) -> Receipt:
        del connection
        at = datetime.fromtimestamp(entry.at / 1000, UTC)
        return Receipt(seq=entry.seq, at=at, answers=entry.ids(ANSWERS))


class Writer:
    """The queue of a process's writes to one store."""

    def __init__(self, engine: sa.Engine, clock: Clock | None) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting: deque[_Ticket] = deque()
        self._writing = Lock()

    def write(self, write: Write[T]) -> T:
        """Commit a write; when this returns, it is on disk.

        Raises:
            MascotError: it was refused.
            StoreError: it is not known to be on disk; sending it again is always right.
        """
        ticket = _Ticket(write)
        self._waiting.append(ticket)
        with self._writing:
            while not ticket.done:
                self._write_batch(self._next(ticket))
        if ticket.error is not None:
            raise ticket.error
        return ticket.value

    def _next(self, own: _Ticket) -> list[_Ticket]:
        """Those who wait, first come first served, each key once."""
        batch: dict[str, _Ticket] = {}
        for _ in range(min(len(self._waiting), MOST)):
            ticket = self._waiting.popleft()
            if ticket.write.key in batch:
                self._waiting.append(ticket)
            else:
                batch[ticket.write.key] = ticket
        return list(batch.values()) or [own]

    def _write_batch(self, batch: list[_Ticket]) -> None:
        """Write all; if that fails, one by one, so that one bad write fails alone."""
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is goes to the caller it belongs to
            if len(batch) == 1:
                batch[0].fail(error)
                return
            for ticket in batch:
                self._write_batch([ticket])

    def _commit(self, batch: list[_Ticket]) -> None:
        deadline = time.monotonic() + PATIENCE
        pause = 0.02
        with translated():
            while True:
                try:
                    outcomes = self._transaction(batch)
                    break
                except DBAPIError as error:
                    # Connections are lost before or after a commit: keys make trying again right.
                    if not _away(error) or time.monotonic() > deadline:
                        raise
                time.sleep(pause)
                pause = min(2 * pause, 1.0)
        for ticket, outcome in outcomes.items():
            ticket.finish(outcome)

    def _transaction(self, batch: list[_Ticket]) -> dict[_Ticket, Any]:
        with self._engine.begin() as connection:
            ledger = Ledger.lock(connection, self._clock)
            entries = ledger.written(ticket.write.key for ticket in batch)
            outcomes: dict[_Ticket, Any] = {
                ticket: InputError(f"the key {ticket.write.key!r} was already used for something else")
                for ticket in batch
                if (entry := entries.get(ticket.write.key)) and not ticket.write.is_same(connection, entry)
            }
            new = [ticket for ticket in batch if ticket.write.key not in entries]
            for kind, group in groupby(sorted(new, key=_kind), key=_kind):
                tickets = list(group)
                type(tickets[0].write).prepare(ledger, [ticket.write for ticket in tickets])
                for ticket in tickets:
                    outcome = _outcome(ticket.write, ledger)
                    if outcome is not None:
                        outcomes[ticket] = outcome
                    else:
                        entries[ticket.write.key] = ledger.close(ticket.write.key, kind)
            ledger.finish()
            for ticket in batch:
                if ticket not in outcomes:
                    outcomes[ticket] = ticket.write.result(connection, entries[ticket.write.key])
        return outcomes


class _Ticket:
    """A write and what has become of it."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.done = False
        self.value: Any = None
        self.error: Exception | None = None

    def finish(self, outcome: Any) -> None:
        if isinstance(outcome, MascotError):
            self.fail(outcome)
        else:
            self.value, self.done = outcome, True

    def fail(self, error: Exception) -> None:
        self.error, self.done = error, True


def _outcome(write: Write, ledger: Ledger) -> Any:
    """None if something was written, otherwise the answer or the refusal."""
    try:
        return write.perform(ledger)
    except MascotError as refusal:
        if not ledger.clean:
            raise  # Half written: the transaction is given up, and the others are tried again alone.
        return refusal


def _kind(ticket: _Ticket) -> str:
    return ticket.write.kind


def _away(error: DBAPIError) -> bool:
    """Whether the database went away, or is not there yet, and may come back."""
    starting = any(sign in str(error.orig) for sign in ("starting up", "shutting down", "Connection refused"))
    return error.connection_invalidated or starting
