"""How fast words appear."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.events import Pace
from mascot.errors import EngineError
from mascot.live import pacing
from mascot.live.pacing import paced


@pytest.fixture(scope="module", autouse=True)
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing, "WORDS_PER_SECOND", 1e9)
        patch.setattr(pacing, "SENTENCE_PAUSE", 0.0)
        patch.setattr(pacing, "_AT_ONCE", 0.0)
        yield


SENTENCES = st.lists(st.lists(st.sampled_from(["a", "bc", "d."]), min_size=1).map(" ".join), max_size=5)


@given(SENTENCES, st.sampled_from(["immediate", "reading"]))
def test_pacing_changes_no_word(sentences: list[str], pace: Pace) -> None:
    words = [(" " if i else "") + sentence for i, sentence in enumerate(sentences)]
    assert "".join(paced(iter(words), lambda: pace, threading.Event())) == "".join(words)


def test_reading_speed_gives_word_by_word() -> None:
    given_out = list(paced(iter(["One two.", " Three"]), lambda: "reading", threading.Event()))
    assert given_out == ["One", " two.", " Three"]


def test_an_error_of_the_model_arrives_after_the_words_before_it() -> None:
    def words() -> Iterator[str]:
        yield "One."
        raise EngineError("gone")

    out = paced(words(), lambda: "immediate", threading.Event())
    assert next(out) == "One."
    with pytest.raises(EngineError, match="gone"):
        next(out)


def test_a_cancelled_speaker_ends_although_the_model_hangs() -> None:
    cancel, release = threading.Event(), threading.Event()

    def hanging() -> Iterator[str]:
        yield "One."
        release.wait(10)

    out = paced(hanging(), lambda: "immediate", cancel)
    assert next(out) == "One."
    cancel.set()
    started = time.perf_counter()
    assert list(out) == []
    assert time.perf_counter() - started < 0.3
    release.set()
