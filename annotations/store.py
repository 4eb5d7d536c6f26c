"""The store of ratings: what pages, commands and statistics call.

Every write takes an idempotency key: the same key is the same write, however often it is sent, and gives
the first result back. A write that has returned is on disk. Any write may raise `StoreError`; then it is
not known to be on disk, and sending it again with the same key is always right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa

from annotations import reading
from annotations.database import migrate, open_engine, translated
from annotations.records import Assignment, Item, Rated, Rater, Study


class Store:
    """The ratings in one database. Safe to use from many threads and many processes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._lines = engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at a SQLAlchemy URL; its tables are made, or brought up to date, if need be.

        Args:
            url: `sqlite:///folder/ratings.db` or `postgresql+psycopg://user@host/name`.

        Raises:
            StoreError: it cannot be opened.
        """
        engine = open_engine(url)
        migrate(engine)
        return cls(engine)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answers(
        self,
        study: str | None = None,
        criterion: str | None = None,
        after: int = 0,
        until: int | None = None,
        transcripts: bool = False,
    ) -> Iterator[Rated]:
        """Every current answer of everyone who has not withdrawn, with its item and rater, by answer id.

        Memory stays bounded however many there are.

        Args:
            study: only of this study.
            criterion: only to this criterion.
            after: only answers with a greater id.
            until: only answers up to this id, as they stood then; by default those saved so far.
            transcripts: with the candidates' events; without them `Candidate.events` is empty, and
                reading faster.

        Raises:
            NotFoundError: there is no such study.
            StoreError: the store cannot be read.
        """
        with self._reader() as connection:
            yield from reading.answers(connection, study, criterion, after, until, transcripts)

    def by_item(
        self, study: str | None = None, until: int | None = None, transcripts: bool = False
    ) -> Iterator[tuple[Rated, ...]]:
        """The same answers item by item, and the items of one source dialogue one after another.

        Raises:
            NotFoundError: there is no such study.
            StoreError: the store cannot be read.
        """
        with self._reader() as connection:
            yield from reading.by_item(connection, study, until, transcripts)

    def answer(self, id: int) -> Rated:
        """One answer with its item's transcripts, also one that was superseded.

        Raises:
            NotFoundError: there is none, or its rater has withdrawn.
        """
        with self._reader() as connection:
            return reading.answer(connection, id)

    def items(self, study: str | None = None, transcripts: bool = False) -> Iterator[Item]:
        """Every item, in the order of adding."""
        with self._reader() as connection:
            yield from reading.items(connection, study, transcripts)

    def item(self, id: str) -> Item:
        """One item with its transcripts.

        Raises:
            NotFoundError: there is none.
        """
        with self._reader() as connection:
            return reading.item(connection, id)

    def studies(self) -> list[Study]:
        """Every study, in the order of adding."""
        with self._reader() as connection:
            return reading.studies(connection)

    def raters(self) -> Iterator[Rater]:
        """Every rater, in the order of coming."""
        with self._reader() as connection:
            yield from reading.raters(connection)

    def assignments(self, study: str | None = None, rater: str | None = None) -> Iterator[Assignment]:
        """Every assignment of everyone who has not withdrawn, in the order of handing out."""
        with self._reader() as connection:
            yield from reading.assignments(connection, study, rater)

    @property
    def last_id(self) -> int:
        """The id of the last row saved: an `until` for a reading that can be repeated."""
        with self._reader() as connection:
            return reading.head(connection).last_id

    @contextmanager
    def _reader(self) -> Iterator[sa.Connection]:
        with translated(), self._lines.connect() as connection:
            yield connection
