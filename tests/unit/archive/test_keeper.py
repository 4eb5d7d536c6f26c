"""What the background does: at once, again and again, once more at the end, and not to stumble."""

from __future__ import annotations

import logging
import threading

import pytest

from mascot.archive.keeper import Keeper
from mascot.errors import StoreError


def test_it_begins_at_once_and_ends_with_a_last_time() -> None:
    done, first = list[int](), threading.Event()

    def deed() -> None:
        done.append(1)
        first.set()

    keeper = Keeper("test", 3600.0, deed)
    assert first.wait(5)
    keeper.close()
    assert len(done) == 2


def test_a_failure_is_logged_once_per_reason_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    times, enough = list[int](), threading.Event()

    def deed() -> None:
        times.append(1)
        if len(times) >= 6:
            enough.set()
        raise StoreError("the hub is away" if len(times) < 4 else "the disk is full")

    with caplog.at_level(logging.WARNING):
        keeper = Keeper("test", 0.01, deed)
        assert enough.wait(5)
        keeper.close()
    assert [record.message for record in caplog.records] == ["the hub is away", "the disk is full"]


def test_a_bug_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    times, enough = list[int](), threading.Event()

    def deed() -> None:
        times.append(1)
        if len(times) > 2:
            enough.set()
        raise ValueError("a bug")

    keeper = Keeper("test", 0.01, deed)
    assert enough.wait(5)
    keeper.close()
    assert "a task of the background failed" in caplog.text
