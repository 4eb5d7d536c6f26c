"""What one visitor may ask, what everyone may ask together, and how a refusal sounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mascot.conversation.events import Crisis, UserSaid, Utterance, Yielded
from mascot.errors import BusyError
from mascot.live.limits import HOUR, Allowance, Limits
from mascot.live.service import Live, Room
from mascot.live.waiting import WaitingLine
from tests.unit.live.support import CRISIS, WAIT, StepEngine, events, open_live
from tests.unit.live.test_waiting import until


class Time:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 26, 22, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def clock(self) -> float:
        return self.at.timestamp()

    def limits(self, spent: int = 0, **allowance: int) -> Limits:
        return Limits(Allowance(**allowance), spent, self.now, self.clock)


def table(tmp_path: Path, limits: Limits) -> Live:
    return open_live(tmp_path / "a.db", limits=limits, max_turns=1)


def test_without_limits_nothing_is_refused_and_nobody_is_remembered() -> None:
    limits = Limits()
    for _ in range(1000):
        limits.message("a")
        limits.conversation("a")
    assert limits._seen == {}


def test_a_visitor_has_so_many_messages_an_hour_and_others_are_not_touched() -> None:
    time = Time()
    limits = time.limits(messages_per_hour=3)
    for _ in range(3):
        limits.message("a")
        time.at += timedelta(minutes=10)
    with pytest.raises(BusyError, match=r"3 messages within an hour.*come back in 30 minutes") as refusal:
        limits.message("a")
    assert refusal.value.wait == pytest.approx(HOUR / 2)
    limits.message("b")
    time.at += timedelta(minutes=31)
    limits.message("a")
    with pytest.raises(BusyError):
        limits.message("a")


def test_a_visitor_is_forgotten_after_an_hour() -> None:
    time = Time()
    limits = time.limits(messages_per_hour=3)
    limits.message("a")
    time.at += timedelta(hours=1, seconds=1)
    limits.message("b")
    assert [visitor for _, visitor in limits._seen] == ["b"]


def test_a_day_has_so_many_turns_and_begins_again_at_midnight() -> None:
    time = Time()
    limits = time.limits(spent=4, turns_per_day=5)
    limits.message("a")
    limits.turn()
    with pytest.raises(BusyError, match="used up; it goes on in 2 hours, and your conversation is kept"):
        limits.message("a")
    limits.turn()  # a round that has begun is never cut short
    assert limits.spent == 6
    time.at += timedelta(hours=2)
    limits.message("a")
    assert limits.spent == 0


def test_turns_are_counted_where_they_are_taken(tmp_path: Path) -> None:
    limits = Time().limits(turns_per_day=1)
    live = table(tmp_path, limits)
    id = live.open("me")
    live.say(id, "One.", visitor="a")
    live.wait(id, WAIT)
    assert limits.spent == 1
    with pytest.raises(BusyError, match="used up"):
        live.say(id, "Two.", visitor="a")
    for deed in (lambda: live.go_on(id, "a"), lambda: live.ask(id, "anchor", "a")):
        with pytest.raises(BusyError, match="used up"):
            deed()
    assert [e.text for e in events(live, id) if isinstance(e, UserSaid)] == ["One."]
    live.close()


def test_a_crisis_is_heard_whatever_is_used_up(tmp_path: Path) -> None:
    live = table(tmp_path, Time().limits(spent=9, turns_per_day=1, messages_per_hour=1))
    id = live.open("me")
    live.say(id, CRISIS, visitor="a")
    assert any(isinstance(event, Crisis) for event in events(live, id))
    live.close()


def test_a_message_sent_twice_is_counted_once(tmp_path: Path) -> None:
    live = table(tmp_path, Time().limits(messages_per_hour=1))
    id = live.open("me")
    assert live.say(id, "One.", key="k" * 8, visitor="a") == live.say(id, "One.", key="k" * 8, visitor="a")
    live.close()


def test_new_conversations_are_counted_too(tmp_path: Path) -> None:
    live = table(tmp_path, Time().limits(conversations_per_hour=1))
    live.open("me", visitor="a")
    with pytest.raises(BusyError, match="begun 1 conversations"):
        live.open("me", visitor="a")
    live.open("me", visitor="b")
    live.close()


def test_the_expected_wait_is_what_turns_have_taken_lately() -> None:
    line = WaitingLine(1, 10, lambda _: None)
    first = line.enter("a", lambda: False)
    assert first is not None
    assert line.expected("a") is None
    line._mean = 4.0
    line._waiting += ["b", "c"]
    assert [line.expected(id) for id in "abc"] == [None, 4.0, 8.0]
    wide = WaitingLine(4, 10, lambda _: None)
    wide._mean, wide._waiting = 4.0, ["b", "c"]
    assert [wide.expected(id) for id in "bc"] == [1.0, 2.0]


def test_who_waited_too_long_is_told_so_and_can_go_on_later(tmp_path: Path) -> None:
    engine = StepEngine()
    live = open_live(tmp_path / "a.db", engine, room=Room(places=1, waiting=5, patience=0.3), max_turns=1)
    speaking, waiting = live.open("me"), live.open("me")
    live.say(speaking, "I am first.")
    until(lambda: bool(engine.requests))
    live.say(waiting, "I am second.")
    live.wait(waiting, WAIT)
    end = events(live, waiting)[-1]
    assert isinstance(end, Yielded)
    assert "too many people are talking here" in end.line
    assert live.place_in_line(waiting) == 0
    engine.go.set()
    live.wait(speaking, WAIT)
    live.go_on(waiting)
    live.wait(waiting, WAIT)
    assert any(isinstance(event, Utterance) for event in events(live, waiting))
    live.close()
