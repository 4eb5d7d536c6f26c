"""More conversations than places: first come, first served, and everyone knows where they stand."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from mascot.conversation.events import Utterance
from mascot.errors import BusyError
from mascot.live.service import Room
from mascot.live.waiting import WaitingLine
from tests.unit.live.support import StepEngine, open_live


def never() -> bool:
    return False


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def waits(
    line: WaitingLine, id: str, served: list[str], unwanted: Callable[[], bool] = never
) -> threading.Thread:
    def stand() -> None:
        if (place := line.enter(id, unwanted)) is not None:
            served.append(id)
            place.leave()

    before = line.place(id)
    thread = threading.Thread(target=stand)
    thread.start()
    until(lambda: line.place(id) != before or id in served)
    return thread


def test_who_comes_first_is_served_first_and_sees_the_line_grow_shorter() -> None:
    moved: Counter[str] = Counter()
    line = WaitingLine(1, 10, lambda id: moved.update([id]))
    first = line.enter("a", never)
    assert first is not None
    assert not moved  # nobody waited
    served: list[str] = []
    threads = [waits(line, id, served) for id in "bcd"]
    assert [line.place(id) for id in "abcd"] == [0, 1, 2, 3]
    first.leave()
    first.leave()  # a second time gives no second place away
    for thread in threads:
        thread.join(10)
    assert served == ["b", "c", "d"]
    assert moved["d"] >= 3


def test_who_no_longer_wants_to_wait_steps_out_and_holds_nobody_up() -> None:
    line, left, served = WaitingLine(1, 10, lambda _: None), threading.Event(), list[str]()
    first = line.enter("a", never)
    gone, last = waits(line, "b", served, left.is_set), waits(line, "c", served)
    left.set()
    gone.join(10)
    assert line.place("c") == 1
    assert first is not None
    first.leave()
    last.join(10)
    assert served == ["c"]


def test_never_more_turns_than_places_whatever_the_order() -> None:
    line, at_once, most = WaitingLine(3, 100, lambda _: None), list[int](), list[int]()
    lock = threading.Lock()

    def talk(id: str) -> None:
        chance = random.Random(id)
        for _ in range(20):
            place = line.enter(id, never)
            assert place is not None
            with lock:
                at_once.append(1)
                most.append(len(at_once))
            time.sleep(chance.random() / 2000)
            with lock:
                at_once.pop()
            place.leave()

    threads = [threading.Thread(target=talk, args=(str(i),)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 240
    assert max(most) <= 3
    places = [line.enter(id, never) for id in "abc"]  # and all three are free again
    assert None not in places


def test_a_conversation_waits_until_the_one_before_has_its_words(tmp_path: Path) -> None:
    engine = StepEngine()
    live = open_live(tmp_path / "a.db", engine, room=Room(places=1, waiting=1), max_turns=1)
    speaking, waiting, refused = (live.open("me") for _ in range(3))
    live.say(speaking, "I am first.")
    until(lambda: bool(engine.requests))
    live.say(waiting, "I am second.")
    until(lambda: live.place_in_line(waiting) == 1)
    with pytest.raises(BusyError, match="again in a minute"):
        live.say(refused, "I am third.")
    assert live.place_in_line(speaking) == 0
    engine.go.set()
    for id in (speaking, waiting):
        live.wait(id, 10)
        assert any(isinstance(entry.event, Utterance) for entry in live.entries(id))
    live.close()


def test_a_stop_ends_the_waiting_too(tmp_path: Path) -> None:
    engine = StepEngine()
    live = open_live(tmp_path / "a.db", engine, room=Room(places=1, waiting=1))
    speaking, waiting = live.open("me"), live.open("me")
    live.say(speaking, "I am first.")
    until(lambda: bool(engine.requests))
    live.say(waiting, "I am second.")
    until(lambda: live.place_in_line(waiting) == 1)
    live.stop(waiting)
    until(lambda: live.place_in_line(waiting) == 0)
    assert len(engine.requests) == 1
    engine.go.set()
    live.close()
