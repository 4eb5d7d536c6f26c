"""The labelled messages are what the documentation says of them."""

from __future__ import annotations

import re

from mascot.safety.labelled import Labelled, labelled
from mascot.safety.likeness import KINDS

ROWS = [*labelled("tune"), *labelled("held_out")]


def _words(row: Labelled) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", row.text.lower()))


def test_ids_and_texts_are_unique() -> None:
    assert len({row.id for row in ROWS}) == len({row.text for row in ROWS}) == len(ROWS)


def test_there_are_enough_of_either_sort_in_either_half() -> None:
    assert len(ROWS) >= 600
    for split in ("tune", "held_out"):
        rows = labelled(split)
        assert {row.kind for row in rows} == {*KINDS, None}
        assert sum(row.kind is None for row in rows) >= len(rows) / 2


def test_no_held_out_message_rewords_a_tuning_message() -> None:
    tuned = [_words(row) for row in labelled("tune")]
    for row in labelled("held_out"):
        words = _words(row)
        assert all(len(words & other) < 0.65 * len(words | other) for other in tuned), row.id
