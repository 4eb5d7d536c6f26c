"""Opening the database of a store, and saying in one line what is wrong with it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mascot.errors import StoreError
from mascot.sqlite import careful

BUSY_SECONDS = 20.0
"""How long a writer waits for another process's lock before it says that the database is busy."""


def open_engine(url: str) -> sa.Engine:
    """An engine whose commits are on disk when they return; nothing is created but the folder.

    Args:
        url: a SQLAlchemy URL, `sqlite:///folder/ratings.db` or `postgresql+psycopg://user@host/name`.

    Raises:
        StoreError: the URL names nothing that can be opened.
    """
    try:
        parsed = sa.make_url(url)
        lite = parsed.get_backend_name() == "sqlite"
        if lite and parsed.database and not parsed.query.get("uri"):
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        elif not lite and parsed.get_backend_name() != "postgresql":
            raise StoreError(f"{_shown(url)!r}: a store is kept in SQLite or PostgreSQL")
        engine = sa.create_engine(parsed, pool_pre_ping=not lite)
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise StoreError(f"the store {_shown(url)!r} cannot be used: {line(error)}") from None
    if lite:
        listen(engine, "connect", _careful_sqlite)
        listen(engine, "begin", _begin_immediate)
    else:
        listen(engine, "connect", _careful_postgres)
    return engine


def must_be_there(url: str) -> None:
    """Refuse a URL of a SQLite file that nobody has made: whoever only reads would make an empty store.

    Raises:
        StoreError: there is no such file.
    """
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError:
        return  # opening it says so
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if file and file != ":memory:" and not parsed.query.get("uri") and not Path(file).exists():
        raise StoreError(f"there is no store at {url!r}: check its path, or make it with `annotations init`")


@contextmanager
def set_up(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction in which tables are made or changed; processes that start together queue for it.

    Raises:
        StoreError: they cannot be written.
    """
    with translated(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('mascot annotations'))"))
        yield connection


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the tables to a revision (by default the newest): create them, or change them.

    Raises:
        StoreError: the tables are of a newer version of this program, or cannot be written.
    """
    with as_file(files("annotations") / "migrations") as folder, set_up(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        down = revision == "base" or revision.startswith("-")
        (command.downgrade if down else command.upgrade)(config, revision)


def scrub(engine: sa.Engine, table: str) -> None:
    """Make what was deleted from a table unreadable in the files too, as far as the database can.

    SQLite overwrites what is deleted (`secure_delete`); here its write-ahead log is emptied. PostgreSQL
    frees the space with VACUUM; its own log and backups keep words as long as they are kept.

    Raises:
        StoreError: somebody keeps the log open; the rows are gone, doing it all again is right.
    """
    with translated(), engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"VACUUM FULL {table}")
        elif connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
            raise StoreError("it is deleted, but another program still reads the old file: please try again")


@contextmanager
def translated() -> Iterator[None]:
    """Whatever the database complains of, as one line that says what to do.

    Raises:
        StoreError: instead of any error of the database.
    """
    try:
        yield
    except CommandError as error:
        raise StoreError(
            f"the store was made by a newer version of this program: update it ({line(error)})"
        ) from None
    except SQLAlchemyError as error:
        raise StoreError(_advice(line(error))) from None


def line(error: Exception) -> str:
    """An error's own words, in one line."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(cause).split()) or type(cause).__name__


def _shown(url: str) -> str:
    return re.sub(r"(?<=:)[^:@/]+(?=@)", "***", url)


def _careful_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    careful(connection, BUSY_SECONDS)


def _careful_postgres(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000:.0f}")
        cursor.execute("SET synchronous_commit = on")
    connection.commit()


def _begin_immediate(connection: sa.Connection) -> None:
    """Writers queue at BEGIN, where the busy timeout holds, and not in the middle of a transaction."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _advice(line: str) -> str:
    for sign, said in (
        ("full", "the disk is full: free some space, then send again what was not acknowledged"),
        ("No space left", "the disk is full: free some space, then send again what was not acknowledged"),
        ("readonly", "the store can be read but not written: check who may write the file and its folder"),
        ("read-only", "the store can be read but not written: check who may write it"),
        ("lock timeout", "another program keeps the store locked: close it, or try again"),
        ("locked", "another program keeps the store locked: close it, or try again"),
    ):
        if sign in line:
            return f"{said} ({line}); nothing that was acknowledged is lost"
    return f"the store does not answer; nothing that was acknowledged is lost: {line}"
