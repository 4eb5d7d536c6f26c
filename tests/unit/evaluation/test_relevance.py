"""An utterance finds its own situation, and distractors are fair."""

from __future__ import annotations

import numpy as np
import pytest

from mascot.evaluation.relevance import found_own, others
from mascot.evaluation.starts import held_out_starts

STARTS = held_out_starts()


def test_utterances_nearest_to_their_own_situation_count() -> None:
    utterances = np.array([[1, 0], [0, 1]], dtype=np.float32)
    own, shuffled = np.array([1, 0], dtype=np.float32), np.array([[0.6, 0.8]], dtype=np.float32)
    assert found_own(utterances, own, shuffled) == 0.5
    assert found_own(utterances[:0], own, shuffled) is None


def test_a_situation_that_is_only_as_near_is_not_found() -> None:
    same = np.array([[1, 0]], dtype=np.float32)
    assert found_own(same, same[0], same) == 0


@pytest.mark.parametrize("start", STARTS[::7], ids=lambda start: start.id)
def test_three_other_situations_of_the_domain_are_drawn_and_always_the_same(start) -> None:
    drawn = others(start, STARTS)
    assert len({other.id for other in drawn} - {start.id}) == 3
    assert {other.domain for other in drawn} == {start.domain}
    assert drawn == others(start, STARTS)


def test_a_small_source_gives_what_it_has() -> None:
    assert others(STARTS[0], STARTS[:1]) == ()
    assert len(others(STARTS[0], STARTS[:3])) == 2
