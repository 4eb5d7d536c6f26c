"""Counterbalancing as algebra: which orders there are, and in which order they are handed out.

A *cell* is one way of putting an item before a rater: one order of its candidates. With `n` candidates
the cells are the rows of a Williams square (`williams`): every candidate stands equally often at every
place, and follows every other equally often. Two candidates make 2 cells, three make 6.

Balance is planned, not drawn. `plan` lists the cells of an item's slots, one per wanted rater, and a
dropout gives its slot back, so that whoever comes next fills just that gap. What is guaranteed:

1. *Per item, at any time*: slots come in rounds of one per cell, and a round begins when the one before
   is completed. Whatever subset of the leases is ever completed, the numbers of completed ratings in two
   cells of an item differ by at most 1.
2. *Per condition, when its items are completed*: the numbers of ratings per cell, over all items that
   want the same number of raters, differ by at most 1, whoever dropped out on the way.
3. *Per condition, on the way*: every layer (the first slot of every item, the second, …) contains every
   cell once in every block of as many consecutive items as there are cells, and blocks are handed out one
   after the other: the difference is at most 1 but for slots that are held, were given back, or were not
   for those who asked.

A rater's row (which order of conditions, which order of criteria) is drawn when they come, as the least
filled one (`least_filled`) among raters who are at it or have finished: enrolling never makes the
difference between two rows greater than the larger of 1 and what dropouts have made of it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cache


@cache
def williams(n: int) -> tuple[tuple[int, ...], ...]:
    """A Williams square: `n` rows of `0 … n-1` for even `n`, `2n` for odd `n`.

    Every number stands once (odd: twice) at every place, and directly after every other number once
    (odd: twice). E. J. Williams, Aust. J. Sci. Res. A 2 (1949), 149–168.

    Args:
        n: at least 1.
    """
    if n == 1:
        return ((0,),)
    zigzag = [(i + 1) // 2 if i % 2 else (n - i // 2) % n for i in range(n)]
    rows = [tuple((entry + shift) % n for entry in zigzag) for shift in range(n)]
    mirrored = [row[::-1] for row in rows]
    return (*rows, *mirrored) if n % 2 else tuple(rows)


def plan(number: int, wanted: int, cells: int) -> tuple[int, ...]:
    """The cells of an item's slots, in the order in which they are handed out.

    Whole rounds contain every cell once, beginning with another one for every item. The cells of the
    last, broken round are consecutive ones from where the item before stopped, so that over the items
    of a condition they go round too; their order is turned on once per tour of the items.

    Args:
        number: of the item in its condition, from 0.
        wanted: raters.
        cells: at least 1.

    Returns:
        `wanted` numbers below `cells`.
    """
    rounds, rest = divmod(wanted, cells)
    whole = [(number + i) % cells for _ in range(rounds) for i in range(cells)]
    if not rest:
        return tuple(whole)
    tour = number // (cells // math.gcd(rest, cells))
    broken = [(number * rest + (i + tour) % rest) % cells for i in range(rest)]
    return tuple(whole + broken)


def place(number: int, slot: int, cells: int) -> int:
    """Where a slot stands in the queue of its condition: below 2**62, the lowest is handed out first.

    Layer by layer, so that all items have one rating before any has two; within a layer, blocks of
    `cells` consecutive items, each block with every cell once, in another random order in every layer, so
    that an item that came early for one rater does not come early for all.
    """
    block, inside = divmod(number, cells)
    shuffled = int.from_bytes(hashlib.sha256(f"{slot} {block}".encode()).digest()[:4])
    return (slot << 42) | (shuffled << 10) | inside


def least_filled(filled: Sequence[int], start: int = 0) -> int:
    """The index of the smallest number; among equals the first from `start` on, going round."""
    return min(range(len(filled)), key=lambda i: (filled[i], (i - start) % len(filled)))


def imbalance(filled: Sequence[int]) -> int:
    """The greatest difference between two cells."""
    return max(filled) - min(filled) if filled else 0
