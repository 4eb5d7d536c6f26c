"""The journal as a source of an archive (see `mascot.archive.source`): conversations, titles, donations.

A record is what happened in a conversation since the last one. `speech` is left out: the utterance that it
becomes takes its place. A conversation that comes back goes on with numbers far beyond those it had, so
that none of the last seconds, which may be lost, is given twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mascot.live.database import CONVERSATIONS, DELETED, DONATIONS, EVENTS, utc
from mascot.live.journal import Journal

LEAP = 100_000
"""More than a conversation can have gone on since its last export."""
_EVENT = ("seq", "at", "type", "key", "body")
_DONATION = ("at", "until", "terms")


@dataclass
class _Folded:
    """A conversation out of its records."""

    row: dict[str, Any] = field(default_factory=dict)
    donation: dict[str, Any] | None = None
    events: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, body: Mapping[str, Any]) -> None:
        self.row = dict(body["conversation"])
        self.donation = body.get("donation")
        self.events.update({event["seq"]: event for event in body["events"]})


class ConversationSource:
    """The conversations of a journal."""

    name = "conversations"

    def __init__(self, journal: Journal) -> None:
        self._database = journal.database

    def news(self, known: Mapping[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        with self._database.reading() as connection:
            given = {row.conversation: row for row in connection.execute(sa.select(DONATIONS))}
            for row in connection.execute(
                sa.select(CONVERSATIONS).order_by(CONVERSATIONS.c.created_at)
            ).all():
                seq, *before = json.loads(known.get(row.id, "[0]"))
                now = [row.title, given[row.id].until if row.id in given else None]
                if row.last_seq <= seq and now == before:
                    continue
                query = sa.select(*(EVENTS.c[name] for name in _EVENT)).where(
                    EVENTS.c.conversation == row.id,
                    EVENTS.c.seq > seq,
                    EVENTS.c.seq <= row.last_seq,
                    EVENTS.c.type != "speech",
                )
                events = [_plain(event) for event in connection.execute(query.order_by(EVENTS.c.seq))]
                body: dict[str, Any] = {"conversation": _plain(row), "events": events}
                if row.id in given:
                    body["donation"] = {name: _plain(given[row.id])[name] for name in _DONATION}
                yield row.id, json.dumps([row.last_seq, *now], ensure_ascii=False), body

    def gone(self, known: Mapping[str, str]) -> list[str]:
        del known
        with self._database.reading() as connection:
            return list(connection.scalars(sa.select(DELETED.c.id)))

    def restore(self, records: Sequence[tuple[str, str, dict[str, Any]]]) -> dict[str, str]:
        folded: dict[str, _Folded] = defaultdict(_Folded)
        for key, _, body in records:
            folded[key].add(body)
        marks: dict[str, str] = {}
        with self._database.writing() as connection:
            here = {
                *connection.scalars(sa.select(CONVERSATIONS.c.id)),
                *connection.scalars(sa.select(DELETED.c.id)),
            }
            for id, one in folded.items():
                if id not in here:
                    marks[id] = _insert(connection, id, one)
        return marks


def _insert(connection: sa.Connection, id: str, one: _Folded) -> str:
    row = _timed(one.row) | {"last_seq": max([one.row["last_seq"], *one.events]) + LEAP}
    connection.execute(CONVERSATIONS.insert().values(row))
    events = [_timed(event) | {"conversation": id} for _, event in sorted(one.events.items())]
    if events:
        connection.execute(EVENTS.insert(), events)
    if one.donation:
        connection.execute(DONATIONS.insert().values(_timed(one.donation) | {"conversation": id}))
    until = one.donation["until"] if one.donation else None
    return json.dumps([row["last_seq"], row["title"], until], ensure_ascii=False)


def _plain(row: sa.Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        name: utc(value).isoformat() if isinstance(value, datetime) else value
        for name, value in row._mapping.items()
    }


def _timed(row: Mapping[str, Any]) -> dict[str, Any]:
    times = {name for name in row if name == "at" or name.endswith("_at")}
    return {name: datetime.fromisoformat(row[name]) if name in times else row[name] for name in row}
