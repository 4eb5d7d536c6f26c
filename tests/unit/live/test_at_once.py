"""A live conversation where things happen at the same time, or fail."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mascot.conversation.events import Interrupted, Yielded
from mascot.engines.base import Piece, Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, InputError, NotFoundError
from mascot.live import service
from mascot.live.journal import Journal
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Live
from tests.unit.live.support import (
    CRISIS,
    WAIT,
    FakeRecogniser,
    FakeVerdict,
    StepEngine,
    all_different,
    events,
    open_live,
    someone_speaks,
    speaking,
    types,
    until,
)


def test_a_stop_while_the_director_thinks_gives_the_floor_back(tmp_path: Path) -> None:
    thinking, go = threading.Event(), threading.Event()

    def weigh(_request: Request, options: object) -> list[float]:
        thinking.set()
        assert go.wait(WAIT)
        return [1.0] * len(list(options))  # pyright: ignore

    live = open_live(tmp_path / "live.db", ScriptedEngine(weigh=weigh), policy="model")
    id = live.open("me")
    live.say(id, "Hello")
    assert thinking.wait(WAIT)
    live.stop(id)
    go.set()
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", "yield"]
    live.close()


def test_the_same_message_sent_twice_at_once_is_said_once(tmp_path: Path) -> None:
    live = open_live(tmp_path / "live.db", ScriptedEngine(all_different, delay=0.002))
    id = live.open("me")
    together = threading.Barrier(4)
    got: list[int] = []

    def send() -> None:
        together.wait()
        got.append(live.say(id, "Hello", key="k" * 16))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    live.wait(id, WAIT)
    assert got == [2, 2, 2, 2]
    assert types(live, id).count("user") == 1
    assert "interrupted" not in types(live, id)
    live.close()


def test_a_duplicate_that_comes_too_late_to_be_seen_does_not_silence_the_speaker(
    slow: Live, engine: StepEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = slow.open("me")
    with until(slow, id, someone_speaks):
        slow.say(id, "Hello", key="k" * 16)
    first_look = iter([None])
    look = slow._journal.with_key
    monkeypatch.setattr(slow._journal, "with_key", lambda c, k: next(first_look, look(c, k)))
    assert slow.say(id, "Hello", key="k" * 16) == 2
    engine.go.set()
    slow.wait(id, WAIT)
    assert types(slow, id)[:4] == ["opened", "user", "directive", "utterance"]


def test_a_crisis_message_sent_twice_at_once_is_said_once_and_refused_to_nobody(tmp_path: Path) -> None:
    live = open_live(tmp_path / "live.db", limits=Limits(Allowance(messages_per_hour=1)))
    together = threading.Barrier(2)

    def check(text: str) -> FakeVerdict:
        together.wait(WAIT)  # neither has been said when the other is read
        return FakeRecogniser().check(text)

    live._recogniser.check = check  # pyright: ignore
    with ThreadPoolExecutor(2) as pool:
        for text in (CRISIS, "Hello"):
            id = live.open("me")
            sent = [pool.submit(live.say, id, text, key="k" * 16, visitor="v") for _ in range(2)]
            assert [one.result(WAIT) for one in sent] == [2, 2]
    live.close()


class FailingDirector(ScriptedEngine):
    """Thinks about who is next until `go` is set, and then fails."""

    def __init__(self) -> None:
        super().__init__(weigh=self._fail)
        self.thinking, self.go = threading.Event(), threading.Event()

    def _fail(self, _request: Request, _options: object) -> list[float]:
        self.thinking.set()
        assert self.go.wait(WAIT)
        raise EngineError("the server went away")


def test_an_engine_that_fails_late_does_not_end_the_silence_of_a_crisis(tmp_path: Path) -> None:
    engine = FailingDirector()
    live = open_live(tmp_path / "live.db", engine, policy="model")
    id = live.open("me")
    live.say(id, "Hello")
    assert engine.thinking.wait(WAIT)
    live.say(id, CRISIS)
    engine.go.set()
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", "user", "crisis"]
    with pytest.raises(InputError, match="read the message about help"):
        live.say(id, "Hello?")
    live.acknowledge(id)
    assert types(live, id)[-1] == "acknowledged"
    live.close()


def test_an_engine_that_fails_after_a_stop_has_nothing_to_say_about_it(tmp_path: Path) -> None:
    engine = FailingDirector()
    live = open_live(tmp_path / "live.db", engine, policy="model")
    id = live.open("me")
    live.say(id, "Hello")
    assert engine.thinking.wait(WAIT)
    live.stop(id)
    engine.go.set()
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", "yield"]
    live.close()


def test_a_page_that_looks_while_it_is_deleted_brings_nothing_back(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = live.open("me")
    delete = live._journal.delete

    def looked_at(conversation: str) -> None:
        live.wake(conversation)
        delete(conversation)

    monkeypatch.setattr(live._journal, "delete", looked_at)
    live.delete(id)
    with pytest.raises(NotFoundError):
        live.wake(id)


def test_a_conversation_deleted_behind_our_back_stops_the_engine(tmp_path: Path, engine: StepEngine) -> None:
    live = open_live(tmp_path / "live.db", engine, pace="reading")
    id = speaking(live)
    with contextlib.closing(Journal(f"sqlite:///{tmp_path / 'live.db'}")) as other_process:
        other_process.delete(id)
    assert engine.cancelled.wait(WAIT)
    live.close()


def test_an_engine_that_fails_in_the_middle_gives_the_floor_back_with_its_line(tmp_path: Path) -> None:
    class Failing(StepEngine):
        def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
            yield Piece("It was a start. And ", 5)
            raise EngineError("the server went away")

    live = open_live(tmp_path / "live.db", Failing())
    id = live.open("me")
    live.say(id, "Hello")
    live.wait(id, WAIT)
    *_, cut, last = events(live, id)
    assert cut == Interrupted(agent="anchor", text="It was a start.", reason="failure")
    assert last == Yielded(reason="failure", line="the server went away")
    live.close()


def test_a_bug_in_the_engine_gives_the_floor_back_too(tmp_path: Path) -> None:
    def broken(_request: Request) -> str:
        raise ZeroDivisionError

    live = open_live(tmp_path / "live.db", ScriptedEngine(broken))
    id = live.open("me")
    live.say(id, "Hello")
    live.wait(id, WAIT)
    last = events(live, id)[-1]
    assert isinstance(last, Yielded)
    assert (last.reason, "on our side" in last.line) == ("failure", True)
    live.close()


def test_a_conversation_that_is_put_aside_while_it_hears_a_message_is_no_other_one(
    slow: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_AWAKE", 1)
    hearing, heard = threading.Event(), threading.Event()

    def check(text: str) -> FakeVerdict:
        if text == "Hello":
            hearing.set()
            assert heard.wait(WAIT)
        return FakeRecogniser().check(text)

    monkeypatch.setattr(slow._recogniser, "check", check)
    id, other = slow.open("me"), slow.open("me")
    with ThreadPoolExecutor(1) as pool:
        saying = pool.submit(slow.say, id, "Hello")
        assert hearing.wait(WAIT)
        slow.wake(other)  # there is room for one
        heard.set()
        saying.result(WAIT)
    with until(slow, id, someone_speaks):
        slow.wake(id)
    assert types(slow, id) == ["opened", "user", "directive"]
    slow.stop(id)
    slow.wait(id, WAIT)
    assert types(slow, id)[-2:] == ["interrupted", "yield"]


def test_a_round_whose_thread_could_not_be_started_is_taken_up_later(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    id = live.open("me")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_more)
        with pytest.raises(RuntimeError):
            live.say(id, "Hello")
    live.wait(id, WAIT)
    live.wake(id)
    live.wait(id, WAIT)
    assert types(live, id)[-1] == "yield"


def test_a_listener_that_fails_hears_nothing_more_and_stops_nobody(live: Live) -> None:
    id, asked = live.open("me"), []

    def fail() -> None:
        asked.append(threading.current_thread().name)
        if threading.current_thread() is not threading.main_thread():
            raise BrokenPipeError("whoever read this has gone")

    live.listen(id, fail)
    live.say(id, "My bus was late.")
    live.wait(id, WAIT)
    assert [name for name in asked if name != threading.main_thread().name] == [f"talk-{id[:6]}"]
    said = types(live, id).count("utterance")
    live.go_on(id)
    live.wait(id, WAIT)
    assert 0 < said < types(live, id).count("utterance")
