"""The store of ratings: what pages, commands and statistics call.

Every write takes an idempotency key: the same key is the same write, however often it is sent, and gives
the first result back. A write that has returned is on disk. Any write may raise `StoreError`; then it is
not known to be on disk, and sending it again with the same key is always right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import sqlalchemy as sa

from annotations import reading, registry
from annotations.archive import RatingSource
from annotations.database import migrate, open_engine, scrub, translated
from annotations.enrolment import Finish
from annotations.importing import Import
from annotations.leases import Lease, Release
from annotations.ledger import Clock
from annotations.records import (
    Answer,
    Assignment,
    Consent,
    Draft,
    Export,
    Head,
    Imported,
    Item,
    Nothing,
    Rated,
    Rater,
    Receipt,
    Study,
    Withdrawal,
)
from annotations.submission import Submit
from annotations.takeover import Refused, TakeOver
from annotations.verification import findings
from annotations.withdrawal import Withdraw
from annotations.writer import Writer


class Store:
    """The ratings in one database. Safe to use from many threads and many processes."""

    def __init__(self, engine: sa.Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._lines = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = Writer(engine, clock)

    @classmethod
    def open(cls, url: str, clock: Clock | None = None) -> Self:
        """The store at a SQLAlchemy URL; its tables are made, or brought up to date, if need be.

        Args:
            url: `sqlite:///folder/ratings.db` or `postgresql+psycopg://user@host/name`.
            clock: seconds since 1970; by default the database's.

        Raises:
            StoreError: it cannot be opened.
        """
        engine = open_engine(url)
        try:
            migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock)

    def source(self, name: str = "ratings") -> RatingSource:
        """The store as a source of an archive, where it has a folder of this name."""
        return RatingSource(self._engine, name)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a researcher does

    def add_study(self, study: Study) -> Receipt:
        """A new study; the same again is no harm.

        Raises:
            InputError: there is another study of this id.
        """
        return self._writer.write(registry.AddStudy(study))

    def add_items(self, items: Sequence[Item], key: str) -> Receipt:
        """New items, all or none.

        Raises:
            InputError: an item of this id is already there.
            NotFoundError: there is no such study.
        """
        return self._writer.write(registry.AddItems(items, key))

    def add_rater(self, rater: Rater) -> Receipt:
        """A new rater, or one who comes again."""
        return self._writer.write(registry.AddRater(rater))

    def import_answers(self, study: str, ratings: Sequence[Imported], key: str) -> Receipt:
        """Ratings that were given elsewhere, all or none; a few thousand at a time.

        Their items (with `wanted=0`, unless they shall also be handed out) and raters are added first.

        Raises:
            InputError: they do not fit the items, or are already there.
            NotFoundError: there is no such study or rater.
        """
        return self._writer.write(Import(study, ratings, key))

    def take_over(
        self,
        study: Study,
        items: Sequence[Item],
        raters: Sequence[Rater],
        ratings: Sequence[Imported],
        key: str,
    ) -> Receipt:
        """A whole import in one transaction: also the study, items and raters, where they are new.

        Raises:
            InputError: something of it cannot be taken; then nothing is.
        """
        try:
            return self._writer.write(TakeOver(study, items, raters, ratings, key))
        except Refused as refused:
            raise refused.refusal from None

    def record_export(self, export: Export, key: str) -> Receipt:
        """Note that a dataset left; the store adds the journal's hash."""
        return self._writer.write(registry.RecordExport(export, key))

    def withdraw(self, withdrawal: Withdrawal, key: str) -> Receipt:
        """Take a person's answers, and conversations, out of everything that is read from now on.

        Raises:
            NotFoundError: there is no such rater or study.
            StoreError: also where it is done, and the words could not be overwritten in the file yet.
        """
        receipt = self._writer.write(Withdraw(withdrawal, key))
        if withdrawal.erase:
            scrub(self._engine, "texts")
        return receipt

    def release(self, assignment: int, key: str) -> Receipt:
        """Give back an item that is stuck with a rater, or that a rater does not want.

        Raises:
            InputError: it is completed, or was given back already.
        """
        return self._writer.write(Release(assignment, key))

    def verify(self, known_head: str | None = None) -> list[str]:
        """Whatever is not as it was written, a line each; nothing if all is well.

        Args:
            known_head: hash of an earlier head, from an export or a notebook: the journal must contain it.
        """
        options = {"isolation_level": "REPEATABLE READ"} if self._engine.dialect.name == "postgresql" else {}
        with translated(), self._engine.connect().execution_options(**options) as connection:
            return findings(connection, known_head)

    # What a rater does

    def add_consent(self, consent: Consent, key: str) -> Receipt:
        """A rater agrees to take part.

        Raises:
            NotFoundError: there is no such rater or study.
        """
        return self._writer.write(registry.AddConsent(consent, key))

    def lease(self, study: str, rater: str, key: str, item: str | None = None) -> Assignment | Nothing:
        """The item the rater has in hand, or else the next one, for as long as the study's leases last.

        Args:
            study: its id.
            rater: their id.
            key: idempotency key.
            item: this one and no other, also if the rater took part in its conversation.

        Raises:
            InputError: the rater has withdrawn.
            NotFoundError: there is no such study or rater.
        """
        return self._writer.write(Lease(study, rater, key, item))

    def submit(
        self, assignment: int, rater: str, answers: Sequence[Draft], key: str, complete: bool = False
    ) -> Receipt:
        """Save answers; they are on disk when this returns, all or none of them.

        An answer to a question that has one supersedes it; one of None takes it back. Answering extends the
        lease.

        Args:
            assignment: its id.
            rater: who answers; nobody else may.
            answers: possibly none, if the item is only to be completed.
            key: idempotency key.
            complete: the rater is through with the item. Answers can still be changed afterwards.

        Raises:
            InputError: an answer does not fit the item, the item went to somebody else meanwhile, or the
                rater has withdrawn.
            NotFoundError: the rater has no such assignment.
        """
        return self._writer.write(Submit(assignment, rater, answers, key, complete))

    def finish(self, study: str, rater: str) -> Receipt:
        """The rater has come to the end of the study.

        Raises:
            InputError: they never began.
        """
        return self._writer.write(Finish(study, rater))

    # Reading

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
            NotFoundError: there is none, or its rater has withdrawn; also where it only took one back.
        """
        with self._reader() as connection:
            return reading.answer(connection, id)

    def answers_of(self, assignment: int) -> list[Answer]:
        """The current answers of one assignment, by id; none if its rater has withdrawn."""
        with self._reader() as connection:
            return reading.answers_of(connection, assignment)

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

    def consents(self, study: str | None = None) -> Iterator[Consent]:
        """Every consent of everyone who has not withdrawn, in the order of giving."""
        with self._reader() as connection:
            yield from reading.consents(connection, study)

    def assignments(self, study: str | None = None, rater: str | None = None) -> Iterator[Assignment]:
        """Every assignment of everyone who has not withdrawn, in the order of handing out."""
        with self._reader() as connection:
            yield from reading.assignments(connection, study, rater)

    def head(self) -> Head:
        """Where the journal ends now; its `last_id` as `until` makes a reading that can be repeated."""
        with self._reader() as connection:
            row = reading.head(connection)
        return Head(seq=row.seq, hash=row.hash, last_id=row.last_id)

    @contextmanager
    def _reader(self) -> Iterator[sa.Connection]:
        with translated(), self._lines.connect() as connection:
            yield connection
