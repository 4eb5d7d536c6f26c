"""The labelled messages are what the documentation says of them."""

from __future__ import annotations

import re

import pytest

from mascot.safety.labelled import HELD_OUT, Labelled, labelled
from mascot.safety.likeness import KINDS

TUNED = labelled()


def _words(row: Labelled) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", row.text.lower()))


def test_ids_and_texts_are_unique() -> None:
    assert len({row.id for row in TUNED}) == len({row.text for row in TUNED}) == len(TUNED)


def test_every_kind_is_there_and_half_of_the_lines_are_harmless() -> None:
    assert {row.kind for row in TUNED} == {*KINDS, None}
    assert sum(row.kind is None for row in TUNED) >= len(TUNED) / 2


@pytest.mark.skipif(not HELD_OUT.exists(), reason="held-out lines are written after the recogniser is frozen")
def test_no_held_out_message_rewords_a_tuning_message() -> None:
    tuned = [_words(row) for row in TUNED]
    for row in labelled(HELD_OUT):
        words = _words(row)
        assert all(len(words & other) < 0.65 * len(words | other) for other in tuned), row.id
