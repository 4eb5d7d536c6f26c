"""Stores of ratings on both databases, and a hand that changes them behind their back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from annotations.database import open_engine
from annotations.store import Store
from tests.fixtures.postgres import Postgres
from tests.fixtures.ratings import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ratings.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with Store.open(url, clock) as store:
        yield store


@pytest.fixture
def tamper(url: str, store: Store) -> Iterator[Callable[[sa.Executable], object]]:
    """Change the database behind the store's back."""
    engine = open_engine(url)

    def execute(statement: sa.Executable) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Whoever forges a row does not ask the foreign keys.
            lite = connection.dialect.name == "sqlite"
            off = "PRAGMA foreign_keys=OFF" if lite else "SET session_replication_role = replica"
            connection.exec_driver_sql(off)
            connection.execute(statement)
            connection.exec_driver_sql("PRAGMA foreign_keys=ON" if lite else "RESET session_replication_role")

    yield execute
    engine.dispose()
