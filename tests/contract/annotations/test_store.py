"""What the store of ratings promises, on SQLite and, where a server can be started, on PostgreSQL."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

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
from annotations.schema import METADATA
from annotations.store import Store
from mascot.errors import InputError, NotFoundError, StoreError
from tests.fixtures.ratings import CRITERIA, LEASE, fill, item, lease, rate_all, scale, value, vote

TEXT = "an unmistakable sentence about Zanzibar, ünïcode 漢字"


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
    answers = [vote(0), Draft(criterion="why", value=Text(text=TEXT))]
    first = store.submit(one.id, "r0", answers, "k")
    assert store.submit(one.id, "r0", answers, "k") == first
    store.submit(one.id, "r0", [vote(1)], "later")
    assert store.submit(one.id, "r0", answers, "k") == first
    assert [r.answer.value for r in store.answers()] == [Text(text=TEXT), Pairwise(winner=1)]


@pytest.mark.parametrize(
    "other",
    [
        vote(1),
        vote(0).model_copy(update={"criterion": "worse"}),
        vote(0).model_copy(update={"target": Target(turn=1)}),
        Draft(criterion="why", value=Text(text="other words")),
    ],
)
def test_a_key_that_saved_another_answer_is_refused_and_not_taken_for_saved(
    store: Store, other: Draft
) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    store.submit(one.id, "r0", [vote(0), Draft(criterion="why", value=Text(text=TEXT))], "k")
    store.submit(one.id, "r0", [], "done", complete=True)
    for key in ("k", "done"):
        with pytest.raises(InputError, match="already used"):
            store.submit(one.id, "r0", [other], key)
    assert len(list(store.answers())) == 2


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


def test_an_answer_that_was_taken_back_is_not_read_and_can_be_given_again(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    blank = scale(3).model_copy(update={"value": None})
    for key, draft in (("a", scale(3)), ("b", blank), ("b", blank)):
        receipt = store.submit(one.id, "r0", [draft], key)
    before = store.head().last_id
    assert list(store.answers()) == list(store.by_item()) == store.answers_of(one.id) == []
    with pytest.raises(NotFoundError):
        store.answer(receipt.answers[0])
    with pytest.raises(InputError, match="already used"):
        store.submit(one.id, "r0", [scale(3)], "b")
    store.submit(one.id, "r0", [scale(5)], "c")
    assert [value(rated.answer) for rated in store.answers()] == [5]
    assert list(store.answers(until=before)) == []
    assert store.verify() == []


def test_two_changes_at_the_same_time_leave_one_current_answer(store: Store) -> None:
    fill(store, items=1, raters=1)
    one = lease(store, "r0", "l0")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.submit(one.id, "r0", [scale(n)], f"k{n}"), range(16)))
    assert len(list(store.answers())) == 1
    assert store.verify() == []


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


def test_a_store_of_a_newer_version_says_so(
    url: str, store: Store, tamper: Callable[[sa.Executable], object]
) -> None:
    tamper(sa.text("UPDATE annotations_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        Store.open(url)
    gc.collect()  # a connection left open would be complained of now


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


def test_the_answers_of_one_assignment_are_read_as_they_stand_now(store: Store) -> None:
    fill(store, items=2, raters=2)
    mine, other = lease(store, "r0", "lease 0"), lease(store, "r1", "lease 1")
    store.submit(mine.id, "r0", [scale(2), scale(3, "relevance")], "first")
    store.submit(mine.id, "r0", [scale(5)], "second")
    store.submit(other.id, "r1", [scale(1)], "another's")
    assert {a.criterion: value(a) for a in store.answers_of(mine.id)} == {"empathy": 5, "relevance": 3}
    store.withdraw(Withdrawal(rater="r0"), "gone")
    assert store.answers_of(mine.id) == []
