"""The algebra of counterbalancing, and what it guarantees whoever drops out."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.balance import imbalance, least_filled, place, plan, williams

CELLS = st.sampled_from([1, 2, 6])


@pytest.mark.parametrize("n", range(1, 12))
def test_in_a_williams_square_all_stand_everywhere_and_follow_each_other_equally_often(n: int) -> None:
    square = williams(n)
    assert len(square) == (2 * n if n % 2 and n > 1 else n)
    places = Counter((row[i], i) for row in square for i in range(n))
    assert len(places) == n * n
    assert len(set(places.values())) == 1
    following = Counter(pair for row in square for pair in pairwise(row))
    assert len(following) == n * (n - 1)
    assert len(set(following.values())) <= 1


@given(CELLS, st.integers(0, 40), st.integers(1, 60))
def test_completed_items_are_balanced_each_and_together(cells: int, wanted: int, items: int) -> None:
    overall = [0] * cells
    for number in range(items):
        planned = plan(number, wanted, cells)
        assert len(planned) == wanted
        for begin in range(0, wanted, cells):
            whole = planned[begin : begin + cells]
            assert len(set(whole)) == len(whole), "a round has every cell once"
        for cell in planned:
            overall[cell] += 1
        assert imbalance(overall) <= 1


@given(CELLS, st.integers(1, 20), st.integers(0, 20))
def test_every_block_of_items_has_every_cell_once_in_every_layer(cells: int, wanted: int, block: int) -> None:
    planned = [plan(block * cells + i, wanted, cells) for i in range(cells)]
    assert all(set(layer) == set(range(cells)) for layer in zip(*planned, strict=True))


@given(st.integers(1, 20), CELLS, st.data())
def test_whoever_drops_out_an_item_is_never_more_than_one_off(
    wanted: int, cells: int, data: st.DataObject
) -> None:
    """Leases, completions and dropouts in any order; a round begins when the one before is completed."""
    planned = plan(data.draw(st.integers(0, 50)), wanted, cells)
    state = ["free"] * wanted
    while "free" in state or "held" in state:
        begun = min(i // cells for i in range(wanted) if state[i] != "done")
        slot = data.draw(
            st.sampled_from([i for i in range(wanted) if state[i] != "done" and i // cells == begun])
        )
        state[slot] = (
            "held" if state[slot] == "free" else data.draw(st.sampled_from(["done", "done", "free"]))
        )
        filled = Counter(planned[i] for i in range(wanted) if state[i] == "done")
        assert imbalance([filled[cell] for cell in range(cells)]) <= 1


@given(
    CELLS, st.lists(st.tuples(st.integers(0, 500), st.integers(0, 30)), min_size=2, max_size=2, unique=True)
)
def test_a_layer_is_handed_out_before_the_next_one(cells: int, slots: list[tuple[int, int]]) -> None:
    (first, layer), (second, later) = slots
    if layer < later:
        assert place(first, layer, cells) < place(second, later, cells) < 2**62


@given(st.lists(st.sampled_from(["come", "drop"]), max_size=60), st.integers(2, 6), st.randoms())
def test_enrolling_never_makes_rows_more_uneven_than_dropouts_did(
    moves: list[str], rows: int, chance
) -> None:
    filled = [0] * rows
    for move in moves:
        before = imbalance(filled)
        if move == "come":
            filled[least_filled(filled)] += 1
            assert imbalance(filled) <= max(1, before)
        elif any(filled):
            filled[chance.choice([i for i in range(rows) if filled[i]])] -= 1
