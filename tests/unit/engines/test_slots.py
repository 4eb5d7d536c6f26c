from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.engines.slots import Desk, Slot
from mascot.errors import EngineError


@contextmanager
def seated(desk: Desk, session: str, size: int = 10, prompt: list[int] | None = None) -> Iterator[Slot]:
    with desk.seat(session, prompt or [1], size) as taken:
        assert taken is not None
        taken[0].read = prompt or [1]
        yield taken[0]


def wait_until(true: object) -> None:
    deadline = time.monotonic() + 5
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_conversation_comes_back_to_its_slot() -> None:
    desk = Desk(3, 100, 9)
    with seated(desk, "a") as a, seated(desk, "b") as b:
        places = a.index, b.index
    for _ in range(3):
        with seated(desk, "b") as b, seated(desk, "a") as a:
            assert (a.index, b.index) == places


def test_who_was_silent_longest_makes_room() -> None:
    desk = Desk(2, 100, 9)
    with seated(desk, "a") as slot:
        of_a = slot.index
    with seated(desk, "b"), seated(desk, "a"):
        pass
    with seated(desk, "a"):
        pass
    with seated(desk, "c") as slot:
        assert slot.index != of_a
    with seated(desk, "a") as slot:
        assert slot.index == of_a


def test_requests_of_nobody_go_where_their_beginning_is_remembered() -> None:
    desk = Desk(3, 100, 9)
    with seated(desk, "", prompt=[1, 2, 3]) as first, seated(desk, "", prompt=[7, 8, 9]) as second:
        assert first is not second
    with seated(desk, "", prompt=[7, 8, 1]) as slot:
        assert slot is second


def test_silent_slots_are_emptied_when_tokens_run_out() -> None:
    desk = Desk(3, 100, 9)
    with seated(desk, "a", 40), seated(desk, "b", 40):
        pass
    with desk.seat("c", [1], 60) as taken:
        assert taken is not None
        assert [(slot.size, slot.session) for slot in taken[1]] == [(0, "")]
        assert taken[0] not in taken[1]


def test_a_request_waits_while_others_hold_the_tokens_and_sees_its_place() -> None:
    desk = Desk(4, 100, 9)
    served: list[str] = []

    def ask(session: str, size: int) -> None:
        with seated(desk, session, size):
            served.append(session)

    with ThreadPoolExecutor(2) as pool:
        with seated(desk, "a", 60):
            pool.submit(ask, "big", 70)
            wait_until(lambda: desk.place("big") == 1)
            pool.submit(ask, "small", 10)
            wait_until(lambda: desk.place("small") == 2)
            assert served == []
            assert desk.place("a") == 0
        wait_until(lambda: len(served) == 2)
    assert served == ["big", "small"]


def test_a_session_that_waits_for_itself_holds_up_nobody() -> None:
    desk = Desk(3, 100, 9)
    with ThreadPoolExecutor(1) as pool:
        with seated(desk, "a"):
            again = pool.submit(lambda: desk.seat("a", [1], 10).__enter__())
            wait_until(lambda: desk.place("a") == 1)
            with seated(desk, "b"):
                pass
            assert not again.done()
        assert again.result(5) is not None


def test_alone_is_alone() -> None:
    desk = Desk(3, 100, 9)
    with ThreadPoolExecutor(1) as pool:
        with desk.seat("a", [1], 10, alone=True):
            other = pool.submit(lambda: desk.seat("b", [1], 10).__enter__())
            wait_until(lambda: desk.place("b") == 1)
            assert not other.done()
        assert other.result(5) is not None


def test_cancelled_in_line_is_out_of_it() -> None:
    desk, cancel = Desk(1, 100, 9), threading.Event()
    with ThreadPoolExecutor(1) as pool, seated(desk, "a"):
        waiting = pool.submit(lambda: desk.seat("b", [1], 10, cancel=cancel).__enter__())
        wait_until(lambda: desk.place("b") == 1)
        cancel.set()
        assert waiting.result(5) is None
        assert desk.place("b") == 0


def test_a_full_line_refuses_in_one_line() -> None:
    desk = Desk(1, 100, 0)
    with pytest.raises(EngineError, match="requests are waiting") as caught, desk.seat("a", [1], 10):
        pass
    assert "\n" not in str(caught.value)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 100)), max_size=40))
def test_slots_never_hold_more_than_there_is(requests: list[tuple[str, int]]) -> None:
    desk = Desk(4, 100, 9)
    sizes: dict[int, int] = {}
    for session, size in requests:
        with desk.seat(session, [1], size) as taken:
            assert taken is not None
            slot, emptied = taken
            sizes[slot.index] = size
            sizes |= {other.index: 0 for other in emptied}
            assert sum(sizes.values()) <= 100


def test_a_cleared_desk_gives_out_slots_as_in_the_beginning() -> None:
    desk = Desk(2, 100, 4)
    for session in ("a", "b"):
        with desk.seat(session, [1, 2], 10) as taken:
            assert taken is not None
            taken[0].read = [1, 2]
    with desk.seat("b", [1, 2], 10):
        assert desk.clear() == (0,)
    with desk.seat("c", [1, 2], 10) as taken:
        assert taken is not None
        assert (taken[0].index, taken[0].read) == (0, [])
