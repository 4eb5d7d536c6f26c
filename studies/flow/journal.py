"""Who takes part in which study, and their moves: committed before anything is shown.

No name, address or recruiter's id of a person is kept, only a keyed digest of it, by which somebody who
comes again is recognised. Ratings are kept elsewhere, under a pseudonym.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from annotations.database import open_engine, scrub, set_up, translated
from mascot.errors import InputError, NotFoundError
from studies.flow.moves import MOVE, Answered, Dated, Entered, Left, Move

Clock = Callable[[], float]
State = Literal["open", "paused", "closed"]

TABLES = sa.MetaData()
PARTICIPANTS = sa.Table(
    "participants",
    TABLES,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("study", sa.String(120), nullable=False),
    sa.Column("person", sa.String(64), nullable=False),
    sa.Column("rater", sa.String(120), nullable=False, unique=True),
    sa.Column("secret", sa.String(64), nullable=False, unique=True),
    sa.UniqueConstraint("study", "person"),
)
MOVES = sa.Table(
    "moves",
    TABLES,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("participant", sa.String(64), nullable=False),
    sa.Column("key", sa.String(300), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.UniqueConstraint("participant", "key"),
)
STATES = sa.Table(
    "study_states",
    TABLES,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("study", sa.String(120), nullable=False, index=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
SALTS = sa.Table(
    "study_salts",
    TABLES,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("salt", sa.String(64), nullable=False),
)


@dataclass(frozen=True)
class Participant:
    """Somebody who takes part."""

    key: str
    """What their page shows to be them."""
    study: str
    rater: str
    """Their pseudonym in the store of ratings."""
    secret: str
    """Of the withdrawal link."""


class FlowJournal:
    """The moves of all participants in one database. Safe to use from many threads and processes.

    Args:
        clock: seconds since 1970.

    Raises:
        StoreError: the database cannot be opened.
    """

    def __init__(self, url: str, clock: Clock = time.time) -> None:
        self._engine = open_engine(url)
        self._lines = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self.clock = clock
        try:
            with set_up(self._engine) as connection:
                TABLES.create_all(connection)
                self._salt = _salt(connection).encode()
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def person(self, recruiter: str, id: str) -> str:
        """The digest by which somebody is recognised."""
        return hmac.new(self._salt, f"{recruiter} {id}".encode(), hashlib.sha256).hexdigest()

    def join(self, study: str, person: str, entered: Entered) -> Participant:
        """The participant, new or known; the move is added where it says something new."""
        with translated():
            try:
                return self._join(study, person, entered)
            except IntegrityError:  # another tab came first: now they are known
                return self._join(study, person, entered)

    def _join(self, study: str, person: str, entered: Entered) -> Participant:
        now = round(self.clock() * 1000)
        with self._engine.begin() as connection:
            where = (PARTICIPANTS.c.study == study, PARTICIPANTS.c.person == person)
            row = connection.execute(sa.select(PARTICIPANTS).where(*where)).one_or_none()
            if row is None:
                values = {
                    "key": secrets.token_urlsafe(24),
                    "study": study,
                    "person": person,
                    "rater": f"p-{secrets.token_hex(8)}",
                    "secret": secrets.token_urlsafe(24),
                }
                connection.execute(PARTICIPANTS.insert().values(values))
                row = connection.execute(sa.select(PARTICIPANTS).where(*where)).one()
            # Counted, not named by what they say: whoever goes back to their first language says so again.
            came = [move for move in _moves(connection, row.key) if isinstance(move, Entered)]
            if not came or came[-1] != entered:
                connection.execute(MOVES.insert().values(_row(row.key, f"came {len(came)}", now, entered)))
        return _participant(row)

    def participant(self, study: str, key: str) -> Participant:
        """By the key of their page.

        Raises:
            NotFoundError: there is none.
        """
        return self._one(PARTICIPANTS.c.key == key, PARTICIPANTS.c.study == study)

    def by_secret(self, study: str, secret: str) -> Participant:
        """By the secret of their withdrawal link.

        Raises:
            NotFoundError: there is none.
        """
        return self._one(PARTICIPANTS.c.secret == secret, PARTICIPANTS.c.study == study)

    def add(self, participant: Participant, key: str, move: Move) -> datetime:
        """Commit a move, once for each key; it is on disk when this returns.

        Raises:
            InputError: the key was used for another answer.
        """
        now = round(self.clock() * 1000)
        with translated():
            try:
                with self._engine.begin() as connection:
                    connection.execute(MOVES.insert().values(_row(participant.key, key, now, move)))
            except IntegrityError:
                with self._lines.connect() as connection:
                    where = (MOVES.c.participant == participant.key, MOVES.c.key == key)
                    row = connection.execute(sa.select(MOVES.c.at, MOVES.c.body).where(*where)).one()
                if isinstance(move, Answered) and MOVE.validate_json(row.body) != move:
                    raise InputError("this key was already used for another answer") from None
                now = row.at
        return _moment(now)

    def moves(self, participant: Participant) -> list[Dated]:
        """A person's moves, in order."""
        query = sa.select(MOVES.c.at, MOVES.c.body).where(MOVES.c.participant == participant.key)
        with translated(), self._lines.connect() as connection:
            rows = connection.execute(query.order_by(MOVES.c.seq)).all()
        return [Dated(_moment(row.at), MOVE.validate_json(row.body)) for row in rows]

    def everyone(self, study: str) -> list[tuple[Participant, list[Dated]]]:
        """All participants of a study with their moves, in the order of coming."""
        query = (
            sa.select(PARTICIPANTS, MOVES.c.at, MOVES.c.body)
            .join(MOVES, MOVES.c.participant == PARTICIPANTS.c.key)
            .where(PARTICIPANTS.c.study == study)
            .order_by(MOVES.c.seq)
        )
        found: dict[str, tuple[Participant, list[Dated]]] = {}
        with translated(), self._lines.connect() as connection:
            for row in connection.execute(query):
                _, moves = found.setdefault(row.key, (_participant(row), []))
                moves.append(Dated(_moment(row.at), MOVE.validate_json(row.body)))
        return list(found.values())

    def known(self, study: str, person: str) -> Participant | None:
        """Whoever bears this digest, if they ever came."""
        query = sa.select(PARTICIPANTS).where(PARTICIPANTS.c.study == study, PARTICIPANTS.c.person == person)
        with translated(), self._lines.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _participant(row)

    def forget(self, participant: Participant, words: bool = True, left: Left | None = None) -> None:
        """Delete the recruiter's ids and, with `words`, what a person answered outside of the items.

        When this returns, the file does not have them any more either.

        Args:
            left: how they left, if that is committed in the same step; before anything is deleted, so that
                the last numbers are not given again and an archive sees that what had them is gone.
        """
        with translated(), self._engine.begin() as connection:
            rows = connection.execute(
                sa.select(MOVES.c.seq, MOVES.c.key, MOVES.c.body).where(
                    MOVES.c.participant == participant.key
                )
            ).all()
            if left is not None and all(row.key != "left" for row in rows):
                now = round(self.clock() * 1000)
                connection.execute(MOVES.insert().values(_row(participant.key, "left", now, left)))
            for row in rows:
                move = MOVE.validate_json(row.body)
                if isinstance(move, Answered):
                    if words:
                        connection.execute(MOVES.delete().where(MOVES.c.seq == row.seq))
                elif isinstance(move, Entered):
                    bare = move.model_copy(update={"submission": ""}).model_dump_json()
                    forgotten = {"body": bare, "key": f"entered {row.seq}"}
                    connection.execute(MOVES.update().where(MOVES.c.seq == row.seq).values(forgotten))
        scrub(self._engine, MOVES.name)

    def state(self, study: str) -> State:
        """Whether a study takes answers now."""
        query = (
            sa.select(STATES.c.state).where(STATES.c.study == study).order_by(STATES.c.seq.desc()).limit(1)
        )
        with translated(), self._lines.connect() as connection:
            return connection.scalar(query) or "open"

    def set_state(self, study: str, state: State) -> None:
        """Open, pause or close a study."""
        row = {"study": study, "state": state, "at": round(self.clock() * 1000)}
        with translated(), self._engine.begin() as connection:
            connection.execute(STATES.insert().values(row))

    def _one(self, *where: sa.ColumnElement[bool]) -> Participant:
        with translated(), self._lines.connect() as connection:
            row = connection.execute(sa.select(PARTICIPANTS).where(*where)).one_or_none()
        if row is None:
            raise NotFoundError("this link is not known here: please open your invitation again")
        return _participant(row)


def _salt(connection: sa.Connection) -> str:
    salt = connection.scalar(sa.select(SALTS.c.salt))
    if salt is None:
        salt = secrets.token_hex(16)
        connection.execute(SALTS.insert().values(one=1, salt=salt))
    return salt


def _moves(connection: sa.Connection, participant: str) -> list[Move]:
    query = sa.select(MOVES.c.body).where(MOVES.c.participant == participant).order_by(MOVES.c.seq)
    return [MOVE.validate_json(body) for body in connection.scalars(query)]


def _row(participant: str, key: str, at: int, move: Move) -> dict[str, object]:
    return {"participant": participant, "key": key[:300], "at": at, "body": move.model_dump_json()}


def _participant(row: sa.Row) -> Participant:
    return Participant(row.key, row.study, row.rater, row.secret)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
