"""Conversations that nobody has touched for long are deleted, as if their person had done it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mascot.errors import NotFoundError
from mascot.live.database import CONVERSATIONS, DONATIONS
from mascot.live.journal import Journal
from mascot.live.service import Live


def expire(live: Live, journal: Journal, days: int, now: datetime | None = None) -> int:
    """Delete what was silent for so many days; returns how many. 0 days keeps everything.

    A conversation that was donated stays as long as its donation, so that it can be taken back.
    """
    if not days:
        return 0
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    given = sa.exists().where(DONATIONS.c.conversation == CONVERSATIONS.c.id)
    query = sa.select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.updated_at < before, ~given)
    with journal.database.reading() as connection:
        silent = list(connection.scalars(query))
    if silent:
        with contextlib.suppress(NotFoundError):  # its person was faster
            live.delete(*silent)
    return len(silent)
