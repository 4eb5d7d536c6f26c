"""Ratings that outlive their disk: the chain is whole again, and erased words stay erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotations.records import Draft, Text, Withdrawal
from annotations.store import Store
from mascot.archive.archive import Archive
from mascot.archive.shelves import Folder
from mascot.errors import StoreError
from tests.fixtures.ratings import Clock, fill, lease, rate_all, scale
from tests.unit.archive.support import everything

Opens = Callable[[], tuple[Store, Archive]]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """A store on a fresh disk, restored from the one archive."""
    stores: list[Store] = []

    def begin() -> tuple[Store, Archive]:
        store = Store.open(f"sqlite:///{tmp_path / f'disk{len(stores)}' / 'ratings.db'}", Clock())
        stores.append(store)
        archive = Archive(Folder(tmp_path / "shelf"), [store.source()])
        archive.restore()
        return store, archive

    yield begin
    for store in stores:
        store.close()


def told(text: str) -> Draft:
    return Draft(criterion="why", value=Text(text=text))


def test_a_study_goes_on_where_it_was(opens: Opens) -> None:
    store, archive = opens()
    fill(store, items=6, raters=4)
    rate_all(store, "r0", most=3)
    held = lease(store, "r1", "held")
    store.submit(held.id, "r1", [scale(4), told("a reason")], "half")
    archive.export()
    again, later = opens()
    assert again.verify(store.head().hash) == []
    assert list(again.answers()) == list(store.answers())
    assert again.head() == store.head()
    assert lease(again, "r1", "anew").item == held.item
    for rater in ("r1", "r2", "r3"):
        rate_all(again, rater)
    assert again.verify() == []
    later.export()
    third, _ = opens()
    assert third.verify(again.head().hash) == []
    assert list(third.answers()) == list(again.answers())


def test_an_answer_sent_again_after_a_restart_is_one_answer(opens: Opens) -> None:
    store, archive = opens()
    fill(store, items=1, raters=1)
    given = lease(store, "r0", "lease")
    receipt = store.submit(given.id, "r0", [scale(2)], "key")
    archive.export()
    again, _ = opens()
    assert again.submit(given.id, "r0", [scale(2)], "key") == receipt


def test_erased_words_leave_the_archive_and_do_not_come_back(opens: Opens, tmp_path: Path) -> None:
    store, archive = opens()
    fill(store, items=2, raters=2)
    for rater in ("r0", "r1"):
        given = lease(store, rater, f"lease {rater}")
        store.submit(given.id, rater, [told(f"the secret of {rater}")], f"answer {rater}", complete=True)
    archive.export()
    assert "the secret of r0" in everything(tmp_path / "shelf")
    store.withdraw(Withdrawal(rater="r0", erase=True), "out")
    archive.export()
    assert "the secret of r0" not in everything(tmp_path / "shelf")
    assert "the secret of r1" in everything(tmp_path / "shelf")
    again, _ = opens()
    assert again.verify() == []
    assert [one.rater.id for one in again.answers()] == ["r1"]


def test_a_store_that_has_lived_on_is_left_as_it_is(opens: Opens, tmp_path: Path) -> None:
    store, archive = opens()
    fill(store, items=2, raters=1)
    archive.export()
    head = store.head()
    assert Archive(Folder(tmp_path / "shelf"), [store.source()]).restore() == 0
    assert store.head() == head


def test_an_archive_of_other_ratings_is_refused_and_left_as_it_is(opens: Opens, tmp_path: Path) -> None:
    store, archive = opens()
    fill(store, items=2, raters=2)
    rate_all(store, "r0")
    archive.export()
    before = everything(tmp_path / "shelf")
    another = Store.open(f"sqlite:///{tmp_path / 'another.db'}", Clock())
    fill(another, items=2, raters=2)
    rate_all(another, "r1")
    with (
        another,
        pytest.raises(StoreError, match=r"another\.db lacks ratings that ratings has"),
    ):
        Archive(Folder(tmp_path / "shelf"), [another.source()]).restore()
    assert everything(tmp_path / "shelf") == before


def test_a_disk_that_went_back_in_time_is_not_taken_for_the_store(opens: Opens, tmp_path: Path) -> None:
    store, archive = opens()
    fill(store, items=2, raters=2)
    source, copy = (sqlite3.connect(tmp_path / name) for name in ("disk0/ratings.db", "copy.db"))
    source.backup(copy)
    source.close()
    copy.close()
    rate_all(store, "r0")
    archive.export()
    earlier = Store.open(f"sqlite:///{tmp_path / 'copy.db'}", Clock())
    with earlier, pytest.raises(StoreError, match=r"copy\.db lacks ratings"):
        Archive(Folder(tmp_path / "shelf"), [earlier.source()]).restore()
