"""The tables of the store. Rows are added and never changed, but for three of them (see below).

Every row of every table has an `id` out of one common count, given in the order of writing; a row of the
journal names the rows that were written with it, and their digests. So every table can be checked against
the journal, and reading by `id` is reading in the order of saving.

What is not append-only, and how it is checked all the same:

    head     where the journal ends: its last number and hash; compared with the journal
    slots    who holds which place of an item now; computed again from assignments, endings, withdrawals
    texts    what may have to be erased: the words of raters and conversations. Other rows carry only a
             salted digest, so the chain stays valid, and says nothing, when a text is gone

Columns hold integers and strings only, so a row has the same digest on every database. Times are
milliseconds: `at` since 1970 (UTC) by the clock on the wall, `elapsed` since the store was made, by a
clock that never goes back.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "one_%(table_name)s_per_%(column_0_N_name)s",
        "ck": "%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_name)s",
        "pk": "%(table_name)s_key",
    }
)


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    """An append-only table."""
    id = sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
    return sa.Table(name, METADATA, id, *columns, sa.Column("at", sa.BigInteger, nullable=False))


def _name(column: str = "name", unique: bool | None = None) -> sa.Column[str]:
    return sa.Column(column, sa.String(120), nullable=False, unique=unique)


def _text(column: str) -> sa.Column[str]:
    return sa.Column(column, sa.Text, nullable=False)


def _number(column: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(column, sa.BigInteger, nullable=nullable)


def _of(
    table: str,
    column: str = "",
    nullable: bool = False,
    unique: bool | None = None,
    index: bool | None = None,
) -> sa.Column[int]:
    """A reference to a row of another table; the column bears its name in the singular."""
    target = sa.ForeignKey(f"{table}.id")
    name = column or table.removesuffix("s")
    return sa.Column(name, sa.BigInteger, target, nullable=nullable, unique=unique, index=index)


HEAD = sa.Table(
    "head",
    METADATA,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1", name="one_head"), primary_key=True),
    _number("seq"),
    sa.Column("hash", sa.String(64), nullable=False),
    _number("last_id"),
    _number("at"),
    _number("elapsed"),
)
JOURNAL = sa.Table(
    "journal",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(250), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    _number("at"),
    _number("elapsed"),
    _text("rows"),
    sa.Column("hash", sa.String(64), nullable=False),
)
TEXTS = sa.Table(
    "texts",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.String(32), nullable=False),
    _text("body"),
)

STUDIES = _table("studies", _name(unique=True), _text("criteria"), _number("lease"), _text("meta"))
RATERS = _table(
    "raters", _name(unique=True), sa.Column("kind", sa.String(20), nullable=False), _text("content")
)
CONSENTS = _table(
    "consents",
    _of("raters", index=True),
    _of("studies", "study"),
    _text("version"),
    _text("digest"),
    _text("choices"),
)
CONDITIONS = _table(
    "conditions", _of("studies", "study"), _text("name"), sa.UniqueConstraint("study", "name")
)
ITEMS = _table(
    "items",
    _name(unique=True),
    _of("studies", "study", index=True),
    _of("conditions"),
    _number("number"),
    sa.Column("kind", sa.String(20), nullable=False),
    _name("dialogue"),
    sa.Column("owner", sa.String(120)),
    _number("wanted"),
    _text("arms"),
    _number("turn", nullable=True),
    _text("domain"),
    _text("expected"),
    _text("meta"),
    _text("content"),
    sa.UniqueConstraint("condition", "number"),
)
ENROLMENTS = _table(
    "enrolments",
    _of("studies", "study"),
    _of("raters"),
    _number("order_row"),
    _number("criteria_row"),
    sa.UniqueConstraint("study", "rater"),
)
FINISHES = _table("finishes", _of("enrolments", unique=True))
ASSIGNMENTS = _table(
    "assignments",
    _of("enrolments"),
    _of("items"),
    _of("raters", index=True),
    _number("slot"),
    _text("shown"),
    _text("criteria"),
    _number("ordinal"),
    _number("elapsed"),
    # Nobody gets an item twice.
    sa.UniqueConstraint("item", "rater"),
)
RENEWALS = _table("renewals", _of("assignments", index=True), _number("elapsed"))
ENDINGS = _table(
    "endings",
    # An assignment ends once.
    _of("assignments", unique=True),
    sa.Column("outcome", sa.String(20), nullable=False),
)
ANSWERS = _table(
    "answers",
    _of("studies", "study"),
    _of("assignments"),
    _name("criterion"),
    _text("target"),
    _number("version"),
    # An answer is superseded once.
    _of("answers", "supersedes", nullable=True, unique=True),
    _text("value"),
    _text("content"),
    _number("position"),
    _number("milliseconds", nullable=True),
    _number("client_at", nullable=True),
    _number("elapsed"),
    sa.UniqueConstraint("assignment", "criterion", "target", "version"),
    sa.Index("answers_of_a_study", "study", "id"),
)
WITHDRAWALS = _table(
    "withdrawals",
    _of("raters", index=True),
    _of("studies", "study", nullable=True),
    _number("erase"),
    _text("reason"),
)
EXPORTS = _table(
    "exports",
    _text("format"),
    _of("studies", "study", nullable=True),
    _number("until"),
    _number("rows"),
    _text("digest"),
    _text("head"),
)
APPENDED: tuple[sa.Table, ...] = (
    STUDIES,
    RATERS,
    CONSENTS,
    CONDITIONS,
    ITEMS,
    ENROLMENTS,
    FINISHES,
    ASSIGNMENTS,
    RENEWALS,
    ENDINGS,
    ANSWERS,
    WITHDRAWALS,
    EXPORTS,
)
"""The append-only tables, in an order in which references point backwards."""

SLOTS = sa.Table(
    "slots",
    METADATA,
    _of("items"),
    _number("number"),
    _of("conditions"),
    _number("round"),
    _number("cell"),
    _number("place"),
    # One holder; and one place for each.
    _of("assignments", nullable=True, unique=True),
    _number("free_at", nullable=True),
    sa.PrimaryKeyConstraint("item", "number"),
    sa.Index(
        "slots_to_hand_out",
        "condition",
        "place",
        sqlite_where=sa.text("free_at IS NOT NULL"),
        postgresql_where=sa.text("free_at IS NOT NULL"),
    ),
)
"""As many rows per item as raters are wanted, so that more can never be at it.

`free_at` is the elapsed time from which the slot may be handed out: 0 at once, the lease's end while
somebody has it, NULL for good when the holder has completed it.
"""
