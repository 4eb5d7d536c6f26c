"""Who gets which item, in which order, and what becomes of it when they leave."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from annotations.balance import williams
from annotations.records import (
    Assignment,
    Nothing,
    Rater,
    Study,
)
from annotations.store import Store
from mascot.errors import InputError
from tests.fixtures.ratings import CRITERIA, LEASE, Clock, fill, item, lease, rate_all, scale, vote


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
