"""What the store of ratings promises, on SQLite and, where a server can be started, on PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from annotations.balance import williams
from annotations.database import migrate, open_engine
from annotations.records import (
    Assignment,
    Consent,
    Draft,
    Export,
    Imported,
    Nothing,
    Pairwise,
    Ranking,
    Rater,
    Study,
    Target,
    Text,
    Withdrawal,
)
from annotations.schema import APPENDED, JOURNAL, METADATA, SLOTS, TEXTS
from annotations.store import Store
from mascot.errors import InputError, NotFoundError, StoreError
from tests.fixtures.postgres import Postgres, postgres_server
from tests.fixtures.ratings import CRITERIA, LEASE, Clock, fill, item, lease, rate_all, scale, value, vote

__all__ = ["postgres_server"]
TEXT = "an unmistakable sentence about Zanzibar, ünïcode 漢字"


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


def test_migrations_lead_to_the_tables_of_the_code_and_back_to_nothing(url: str) -> None:
    engine = open_engine(url)
    for revision in ("head", "base", "head"):
        migrate(engine, revision)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "annotations_version"})
        assert compare_metadata(context, METADATA) == []
    migrate(engine, "base")
    assert set(sa.inspect(engine).get_table_names()) == {"annotations_version"}
    engine.dispose()


def test_what_was_saved_is_read_back_in_order_with_its_item_and_rater(store: Store) -> None:
    fill(store, items=2, raters=1)
    one = lease(store, "r0", "l0")
    drafts = [
        vote(0),
        scale(4.5).model_copy(
            update={"seconds": 2.345, "target": Target(candidate=1, turn=3, agent="anchor")}
        ),
        Draft(criterion="why", value=Text(text=TEXT)),
    ]
    receipt = store.submit(one.id, "r0", drafts, "k")
    rated = list(store.answers(transcripts=True))
    assert [r.answer.id for r in rated] == list(receipt.answers)
    assert [r.answer.value for r in rated] == [draft.value for draft in drafts]
    assert [r.answer.target for r in rated] == [draft.target for draft in drafts]
    assert rated[1].answer.seconds == 2.345
    assert {(r.item.id, r.rater.id, r.answer.order) for r in rated} == {(one.item, "r0", one.order)}
    assert [r.answer.position for r in rated] == [-1, one.criteria.index("empathy"), -1]
    assert [r.answer.id for r in store.answers(criterion="why")] == [receipt.answers[2]]
    assert store.answer(receipt.answers[0]) == rated[0]
    assert store.verify() == []


def test_a_repeated_submit_returns_the_first_receipt_and_saves_nothing(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    first = store.submit(one.id, "r0", [vote(0)], "k")
    assert store.submit(one.id, "r0", [vote(1)], "k") == first
    assert [r.answer.value for r in store.answers()] == [Pairwise(winner=0)]


def test_a_repeated_lease_gives_the_same_assignment_also_when_it_is_completed(store: Store) -> None:
    fill(store, items=2, raters=1)
    one = lease(store, "r0", "l0")
    store.submit(one.id, "r0", [vote(0)], "k", complete=True)
    assert lease(store, "r0", "l0").id == one.id
    assert lease(store, "r0", "l1").id != one.id


def test_a_key_is_good_for_one_write_only(store: Store) -> None:
    fill(store, items=2, raters=2)
    one, two = lease(store, "r0", "l0"), lease(store, "r1", "l1")
    store.submit(one.id, "r0", [vote(0)], "k")
    with pytest.raises(InputError, match="already used"):
        store.submit(two.id, "r1", [vote(0)], "k")
    with pytest.raises(InputError, match="already used"):
        store.submit(one.id, "r0", [vote(0)], "l0")


def test_one_submit_sent_by_many_threads_at_once_is_saved_once(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(lambda _: store.submit(one.id, "r0", [vote(0)], "k").seq, range(24)))
    assert len(receipts) == 1
    assert len(list(store.answers())) == 1


def test_a_change_supersedes_and_both_stay_in_the_store(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    first = store.submit(one.id, "r0", [scale(1)], "k1", complete=True)
    until = store.head().last_id
    second = store.submit(one.id, "r0", [scale(2)], "k2")
    current = list(store.answers())
    assert [(value(r.answer), r.answer.supersedes) for r in current] == [(2, first.answers[0])]
    assert [value(r.answer) for r in store.answers(until=until)] == [1]
    assert value(store.answer(first.answers[0]).answer) == 1
    assert second.answers != first.answers
    assert store.verify() == []


def test_two_changes_at_the_same_time_leave_one_current_answer(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.submit(one.id, "r0", [scale(n)], f"k{n}"), range(16)))
    assert len(list(store.answers())) == 1
    assert store.verify() == []


def test_never_more_raters_than_wanted_and_nobody_twice(store: Store) -> None:
    fill(store, items=4, raters=6, wanted=2)

    with ThreadPoolExecutor(6) as pool:
        had = list(pool.map(lambda n: rate_all(store, f"r{n}"), range(6)))
    assert all(len(set(items)) == len(items) for items in had)
    assert Counter(name for items in had for name in items) == {f"s-{n}": 2 for n in range(4)}
    assert store.verify() == []


def test_a_rater_keeps_the_item_in_hand_until_it_is_completed(store: Store) -> None:
    fill(store, items=3, raters=1)
    one = lease(store, "r0", "l0")
    assert lease(store, "r0", "another page") == one
    store.submit(one.id, "r0", [vote(0)], "k", complete=True)
    assert lease(store, "r0", "l1").item != one.item


def test_abandoned_work_returns_when_its_lease_is_over(store: Store, clock: Clock) -> None:
    fill(store, items=1, raters=2, wanted=1)
    one = lease(store, "r0", "l0")
    assert store.lease("s", "r1", "l1") == Nothing(wait=LEASE)
    clock.at += LEASE
    two = lease(store, "r1", "l2")
    assert (two.item, two.order) == (one.item, one.order)
    with pytest.raises(InputError, match="somebody else"):
        store.submit(one.id, "r0", [vote(0)], "k")
    assert store.lease("s", "r0", "l3") == Nothing(wait=None)
    store.submit(two.id, "r1", [vote(0)], "k", complete=True)
    assert [a.outcome for a in store.assignments("s")] == ["expired", "completed"]
    assert store.verify() == []


def test_someone_who_comes_back_late_goes_on_if_nobody_else_took_the_item(store: Store, clock: Clock) -> None:
    fill(store, items=1, raters=2, wanted=1)
    one = lease(store, "r0", "l0")
    clock.at += 10 * LEASE
    assert lease(store, "r0", "l1").id == one.id
    assert isinstance(store.lease("s", "r1", "l2"), Nothing)
    clock.at += 10 * LEASE
    store.submit(one.id, "r0", [vote(0)], "k")
    assert isinstance(store.lease("s", "r1", "l3"), Nothing)
    assert store.verify() == []


def test_answering_extends_the_lease(store: Store, clock: Clock) -> None:
    fill(store, items=1, raters=2, wanted=1)
    one = lease(store, "r0", "l0")
    for n in range(5):
        clock.at += 0.9 * LEASE
        store.submit(one.id, "r0", [scale(n)], f"k{n}")
        assert isinstance(store.lease("s", "r1", f"l1-{n}"), Nothing)
    assert store.verify() == []


def test_a_clock_that_goes_back_neither_ends_leases_nor_makes_them_last(store: Store, clock: Clock) -> None:
    fill(store, items=1, raters=2, wanted=1)
    clock.at += 1000
    one = lease(store, "r0", "l0")
    clock.at -= 100_000
    assert store.lease("s", "r1", "l1") == Nothing(wait=LEASE)
    store.submit(one.id, "r0", [scale(1)], "k1")
    clock.at += LEASE - 1
    assert isinstance(store.lease("s", "r1", "l2"), Nothing)
    clock.at += 1
    assert isinstance(store.lease("s", "r1", "l3"), Assignment)
    assert store.verify() == []


def test_what_is_released_is_handed_out_again_but_not_to_the_same_person(store: Store) -> None:
    fill(store, items=1, raters=2, wanted=1)
    one = lease(store, "r0", "l0")
    store.release(one.id, "x")
    store.release(one.id, "x")
    assert store.lease("s", "r0", "l1") == Nothing(wait=None)
    two = lease(store, "r1", "l2")
    store.submit(two.id, "r1", [vote(0)], "k", complete=True)
    with pytest.raises(InputError, match="completed"):
        store.release(two.id, "y")
    assert store.verify() == []


def test_a_conversation_does_not_come_back_to_who_had_it_unless_they_ask(store: Store) -> None:
    fill(store, items=1, raters=2)
    store.add_items([item("own", arms="z", owner="r0")], "own")
    assert rate_all(store, "r0") == ["s-0"]
    assert isinstance(asked := store.lease("s", "r0", "asked", item="own"), Assignment)
    assert asked.item == "own"


@pytest.mark.parametrize(("arms", "wanted"), [("xy", 4), ("xyz", 12), ("xyz", 3)])
def test_completed_items_are_balanced_in_each_and_over_all(store: Store, arms: str, wanted: int) -> None:
    items = 2 if wanted == 12 else 4
    fill(store, items, raters=wanted, wanted=wanted, arms=arms)
    for n in range(wanted):
        rate_all(store, f"r{n}")
    shown = Counter((a.item, a.order) for a in store.assignments("s"))
    overall = Counter(a.order for a in store.assignments("s"))
    orders = williams(len(arms))
    assert sum(shown.values()) == items * wanted
    for n in range(items):
        counts = [shown[f"s-{n}", order] for order in orders]
        assert max(counts) - min(counts) <= 1
    assert max(overall[order] for order in orders) - min(overall[order] for order in orders) <= 1


def test_raters_meet_conditions_and_criteria_in_the_orders_of_williams_squares(store: Store) -> None:
    store.add_study(Study(id="s", criteria=CRITERIA))
    for arms in ("x", "y", "z"):
        store.add_items([item(f"{arms}{n}", arms=arms, wanted=20) for n in range(2)], arms)
    met, asked = Counter[str](), Counter[tuple[str, ...]]()
    for n in range(12):
        store.add_rater(Rater(id=f"r{n}"))
        asked[lease(store, f"r{n}", f"l{n}").criteria] += 1
        met["".join(name[0] for name in rate_all(store, f"r{n}", most=3))] += 1
    assert [a.ordinal for a in store.assignments("s", "r0")] == [0, 1, 2]
    assert set(met.values()) == {2}
    assert len(met) == 6
    assert set(asked.values()) == {2}
    assert set(asked) == {tuple(CRITERIA[i] for i in row) for row in williams(3)}


def test_the_order_of_a_dropout_is_given_to_the_next_rater(store: Store, clock: Clock) -> None:
    fill(store, items=30, raters=8, wanted=8)
    asked = [lease(store, f"r{n}", f"l{n}").criteria for n in range(6)]
    assert len(set(asked)) == 6
    clock.at += LEASE / 2
    for n in (0, 1, 2, 4, 5):
        store.finish("s", f"r{n}")
    clock.at += LEASE / 2
    assert lease(store, "r6", "l6").criteria == asked[3]


def test_a_withdrawal_takes_answers_out_and_hands_the_place_out_again(store: Store) -> None:
    fill(store, items=2, raters=3, wanted=2)
    for n in range(2):
        rate_all(store, f"r{n}")
    until = store.head().last_id
    assert isinstance(store.lease("s", "r2", "l2"), Nothing)
    store.withdraw(Withdrawal(rater="r0", study="s"), "w")
    store.withdraw(Withdrawal(rater="r0", study="s"), "w")
    assert {r.rater.id for r in store.answers()} == {r.rater.id for r in store.answers(until=until)} == {"r1"}
    assert {a.rater for a in store.assignments()} == {"r1"}
    assert len(rate_all(store, "r2")) == 2
    assert store.verify() == []


def test_who_has_withdrawn_can_save_nothing_more(store: Store) -> None:
    fill(store, items=2, raters=1)
    one = lease(store, "r0", "l0")
    store.withdraw(Withdrawal(rater="r0"), "w")
    with pytest.raises(InputError, match="withdrawn"):
        store.submit(one.id, "r0", [vote(0)], "k")
    with pytest.raises(InputError, match="withdrawn"):
        store.lease("s", "r0", "l1")


def test_erased_words_are_gone_and_the_chain_still_holds(store: Store, url: str, tmp_path: Path) -> None:
    fill(store, items=2, raters=2)
    store.add_rater(Rater(id="me", meta={"told": TEXT}))
    for rater in ("me", "r1"):
        one = lease(store, rater, f"l-{rater}")
        said = f"{TEXT} of {rater}"
        store.submit(one.id, rater, [Draft(criterion="why", value=Text(text=said)), vote(0)], f"k-{rater}")
    store.withdraw(Withdrawal(rater="me", erase=True), "w")
    assert [r.answer.value for r in store.answers(criterion="why")] == [Text(text=f"{TEXT} of r1")]
    assert next(r for r in store.raters() if r.id == "me").meta == {}
    assert store.verify() == []
    if url.startswith("sqlite"):
        kept = b"".join(path.read_bytes() for path in (tmp_path / "deep").iterdir())
        assert b"Zanzibar" in kept
        assert b"of me" not in kept
        assert b'"told"' not in kept


def test_ratings_of_a_withdrawn_conversation_no_longer_count(store: Store) -> None:
    fill(store, items=1, raters=3)
    store.add_items([item("own", arms="z", owner="r0", wanted=2)], "own")
    given = store.lease("s", "r1", "l", item="own")
    assert isinstance(given, Assignment)
    store.submit(given.id, "r1", [scale(1)], "k", complete=True)
    store.withdraw(Withdrawal(rater="r0", erase=True), "w")
    assert list(store.answers()) == []
    assert isinstance(store.lease("s", "r2", "l2", item="own"), Nothing)
    assert store.verify() == []


def test_ratings_from_elsewhere_are_read_like_any_other(store: Store) -> None:
    fill(store, items=2, raters=2, wanted=0)
    given = [
        Imported(item="s-0", rater="r0", order=(1, 0), answers=(vote(1), scale(3))),
        Imported(item="s-0", rater="r1", answers=(vote(None),)),
    ]
    receipt = store.import_answers("s", given, "file")
    assert store.import_answers("s", given, "file") == receipt
    assert [r.answer.order for r in store.answers()] == [(1, 0), (1, 0), (0, 1)]
    with pytest.raises(InputError, match="there already"):
        store.import_answers("s", given[:1], "again")
    assert store.verify() == []


def test_consents_and_exports_are_noted(store: Store) -> None:
    fill(store, items=1, raters=1)
    store.add_consent(Consent(rater="r0", study="s", version="1", digest="0" * 64), "c")
    before = store.head()
    store.record_export(Export(format="dpo", study="s", until=before.last_id, rows=0, digest="0" * 64), "e")
    assert store.verify(known_head=before.hash) == []
    assert len(store.verify(known_head="f" * 64)) == 1


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (Draft(criterion="best", value=Ranking(ranks=(1, 2, 2))), "3 ranks for 2"),
        (scale(1).model_copy(update={"target": Target(candidate=2)}), "no candidate 2"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_its_neighbours_are_not(
    store: Store, draft: Draft, said: str
) -> None:
    fill(store, items=3, raters=3)
    given = [lease(store, f"r{n}", f"l{n}") for n in range(3)]
    refused = []

    def send(n: int) -> None:
        try:
            store.submit(given[n].id, f"r{n}", [vote(0), draft] if n == 1 else [vote(0)], f"k{n}")
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=send, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert said in refused[0]
    assert {r.rater.id for r in store.answers()} == {"r0", "r2"}


def test_nobody_saves_for_somebody_else(store: Store) -> None:
    fill(store, items=1, raters=2)
    one = lease(store, "r0", "l0")
    for rater, assignment in (("r1", one.id), ("r0", one.id + 1000)):
        with pytest.raises(NotFoundError, match="no assignment"):
            store.submit(assignment, rater, [vote(0)], f"k{rater}")


@pytest.mark.parametrize(
    "deed",
    [
        lambda store: store.lease("none", "r0", "k"),
        lambda store: store.lease("s", "nobody", "k"),
        lambda store: store.item("none"),
        lambda store: list(store.answers(study="none")),
        lambda store: store.answer(10**9),
        lambda store: store.withdraw(Withdrawal(rater="nobody"), "k"),
        lambda store: store.release(10**9, "k"),
    ],
)
def test_what_is_not_there_is_not_found(store: Store, deed: Callable[[Store], object]) -> None:
    fill(store, items=1, raters=1)
    with pytest.raises(NotFoundError):
        deed(store)


def test_a_study_or_item_of_the_same_name_is_refused(store: Store) -> None:
    fill(store, items=1, raters=1)
    store.add_study(Study(id="s", criteria=CRITERIA, lease_seconds=LEASE))
    with pytest.raises(InputError, match="already used"):
        store.add_study(Study(id="s", criteria=("other",)))
    with pytest.raises(InputError, match="already there"):
        store.add_items([item("new"), item("s-0")], "k")
    assert [one.id for one in store.items()] == ["s-0"]


def _busy(store: Store, clock: Clock) -> None:
    """A store with a row, or several, in every table."""
    fill(store, items=3, raters=4, wanted=2)
    store.add_consent(Consent(rater="r0", study="s", version="1", digest="0" * 64), "c")
    for n in range(3):
        one = lease(store, f"r{n}", f"l{n}")
        store.submit(one.id, f"r{n}", [vote(0), Draft(criterion="why", value=Text(text="so"))], f"k{n}")
        timed = scale(n).model_copy(update={"seconds": 1.5, "client_at": datetime(2026, 1, 2, tzinfo=UTC)})
        store.submit(one.id, f"r{n}", [scale(9)], f"l{n} again")
        store.submit(one.id, f"r{n}", [timed], f"m{n}", complete=n < 2)
    clock.at += 0.9 * LEASE
    lease(store, "r2", "renewed")
    store.finish("s", "r0")
    store.finish("s", "r1")
    store.withdraw(Withdrawal(rater="r1"), "w1")
    store.withdraw(Withdrawal(rater="r3", study="s"), "w3")
    for n in range(2):
        store.record_export(Export(format="dpo", study="s", until=1, rows=n, digest="0" * 64), f"e{n}")
    store.add_study(Study(id="another", criteria=("a",)))
    turn = item("another-0", "another", "z", wanted=1, owner="r0").model_copy(
        update={"kind": "turn", "turn": 3}
    )
    store.add_items([turn], "another")
    store.add_consent(Consent(rater="r2", study="s", version="1", digest="0" * 64), "c2")


def test_verify_finds_any_single_value_that_was_changed(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    assert store.verify() == []
    engine = open_engine(url)
    for table in (*APPENDED, SLOTS, TEXTS, JOURNAL, METADATA.tables["head"]):
        for column in (column for column in table.columns if not column.primary_key):
            where = f"{table.name}.{column.name}"
            with engine.begin() as connection:
                row = connection.execute(sa.select(table).where(column.is_not(None))).first()
            assert row is not None, f"the test has nothing in {where}"
            this = sa.and_(*(key == row._mapping[key] for key in table.primary_key))
            was = row._mapping[column]
            tamper(table.update().where(this).values({column: _other(was)}))
            assert store.verify(), f"{where} was changed and not found"
            tamper(table.update().where(this).values({column: was}))
            assert store.verify() == [], where
    engine.dispose()


def _other(value: object) -> object:
    """Another value that fits into the same column."""
    if isinstance(value, int):
        return value + 100_000
    assert isinstance(value, str)
    return ("x" if value[:1] != "x" else "y") + value[1:]


def test_verify_finds_any_single_row_that_was_removed(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    engine = open_engine(url)
    for table in (*APPENDED, SLOTS, TEXTS, JOURNAL):
        key = next(iter(table.primary_key)).name
        with engine.begin() as connection:
            row = connection.execute(sa.select(table).order_by(table.c[key].desc())).first()
        assert row is not None, f"{table.name} is empty"
        this = sa.and_(*(column == row._mapping[column] for column in table.primary_key))
        tamper(table.delete().where(this))
        assert store.verify(), f"a row of {table.name} was removed and not found"
        with engine.begin() as connection:
            connection.execute(table.insert().values(row._asdict()))
        assert store.verify() == [], table.name
    engine.dispose()


@pytest.mark.parametrize("table", ["journal", "answers", "items", "assignments"])
def test_verify_finds_two_rows_that_changed_places(
    url: str, store: Store, clock: Clock, tamper: Callable[[sa.Executable], object], table: str
) -> None:
    _busy(store, clock)
    key = "seq" if table == "journal" else "id"
    engine = open_engine(url)
    with engine.begin() as connection:
        numbers = [n for (n,) in connection.exec_driver_sql(f"SELECT {key} FROM {table} ORDER BY {key}")]
    engine.dispose()
    first, second = numbers[:2]
    for old, new in ((first, -1), (second, first), (-1, second)):
        tamper(sa.text(f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}"))
    assert store.verify()


def test_verify_finds_rows_that_were_slipped_in(
    store: Store, clock: Clock, tamper: Callable[[sa.Executable], object]
) -> None:
    _busy(store, clock)
    columns = "version, digest, choices, rater, study, at"
    tamper(sa.text(f"INSERT INTO consents (id, {columns}) SELECT 999999, {columns} FROM consents LIMIT 1"))
    assert any("consents: row 999999 was never written" in finding for finding in store.verify())


def test_a_store_of_a_newer_version_says_so(
    url: str, store: Store, tamper: Callable[[sa.Executable], object]
) -> None:
    tamper(sa.text("UPDATE annotations_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        Store.open(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot be used"),
        ("mysql://host/db", "SQLite or PostgreSQL"),
        ("postgresql+psycopg://me:hush@127.0.0.1:1/none", "does not answer"),
        ("sqlite:////proc/none/ratings.db", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_line_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        Store.open(url)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)
