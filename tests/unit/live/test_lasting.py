"""Nothing is lost: a restart in the middle, a full disk, a shutdown."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from mascot.conversation.events import Event, Interrupted, Speech, Utterance
from mascot.errors import StoreError
from mascot.live import service
from mascot.live.conversation import Conversation
from mascot.live.journal import Entry, Journal
from mascot.live.service import Live
from tests.unit.live.support import (
    WAIT,
    StepEngine,
    events,
    open_live,
    someone_speaks,
    speaking,
    types,
    until,
)


class FullDisk(Journal):
    """A journal whose disk is full while `full` is set."""

    full = False

    def append(self, conversation: str, events: list[Event]) -> list[Entry]:  # pyright: ignore
        if self.full:
            raise StoreError("the disk is full, nothing was lost")
        return super().append(conversation, events)


def fill(live: Live, id: str) -> None:
    for _ in range(30):
        live.say(id, "x" * 4000)
        live.wait(id, WAIT)


def said(happened: list[Event]) -> str:
    return "".join(event.text for event in happened if isinstance(event, Speech))


def test_after_a_restart_what_was_half_said_stays_and_the_round_goes_on(tmp_path: Path) -> None:
    first = open_live(tmp_path / "live.db", StepEngine(), max_turns=2)
    id = first.open("me")
    with until(first, id, someone_speaks):
        first.say(id, "Hello")
    half = said(events(first, id))
    first.close()  # the journal is left as a killed process leaves it

    second = open_live(tmp_path / "live.db", max_turns=2)
    assert said(events(second, id)) == half
    second.wake(id)
    second.wait(id, WAIT)
    assert types(second, id) == [
        "opened",
        "user",
        "directive",
        "interrupted",
        "directive",
        "utterance",
        "yield",
    ]
    cut = next(event for event in events(second, id) if isinstance(event, Interrupted))
    assert cut == Interrupted(agent="anchor", text=half, reason="restart")
    second.wake(id)
    assert types(second, id)[-1] == "yield"
    second.close()


def test_nothing_is_committed_after_the_service_is_closed(tmp_path: Path) -> None:
    engine = StepEngine()
    live = open_live(tmp_path / "live.db", engine)
    id = live.open("me")
    with until(live, id, someone_speaks):
        live.say(id, "Hello")
    live.close()
    engine.go.set()
    again = Journal(f"sqlite:///{tmp_path / 'live.db'}")
    assert again.entries(id)[-1].event.type == "speech"
    again.close()


def test_a_shutdown_silences_everyone_before_it_waits_and_waits_for_all_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are in the middle of something that nothing can hurry, such as a director's choice."""
    live = open_live(tmp_path / "live.db", StepEngine())
    for _ in range(3):
        speaking(live)
    talks = list(live._held.values())
    now, waits = [100.0], []

    def join(_talk: Conversation, timeout: float) -> None:
        assert all(talk._closed for talk in talks)
        waits.append(timeout)
        now[0] += timeout  # nobody falls silent in time

    with monkeypatch.context() as patch:
        patch.setattr(Conversation, "join", join)
        patch.setattr(service, "time", SimpleNamespace(monotonic=lambda: now[0]), raising=False)
        live.close()
    for talk in talks:
        talk.join(WAIT)
    assert len(waits) == 3
    assert sum(waits) == pytest.approx(2.0)


def test_a_full_disk_refuses_the_message_and_lets_the_speaker_finish(tmp_path: Path) -> None:
    journal = FullDisk(f"sqlite:///{tmp_path / 'live.db'}")
    engine = StepEngine()
    live = open_live(journal, engine, max_turns=1)
    id = live.open("me")
    with until(live, id, someone_speaks):
        live.say(id, "Hello")
    journal.full = True
    with pytest.raises(StoreError, match="disk is full"):
        live.say(id, "Wait")
    journal.full = False
    engine.go.set()
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", "directive", "utterance", "yield"]
    live.close()


def test_when_there_is_room_again_the_conversation_goes_on(tmp_path: Path) -> None:
    journal = FullDisk(f"sqlite:///{tmp_path / 'live.db'}")
    engine = StepEngine()
    live = open_live(journal, engine, max_turns=1)
    id = live.open("me")
    with until(live, id, someone_speaks):
        live.say(id, "Hello")
    half = said(events(live, id))
    journal.full = True
    engine.go.set()
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", "directive"]
    journal.full = False
    live.say(id, "Are you still there?")
    live.wait(id, WAIT)
    happened = types(live, id)
    assert happened == [
        "opened",
        "user",
        "directive",
        "interrupted",
        "user",
        "directive",
        "utterance",
        "yield",
    ]
    cut = next(event for event in events(live, id) if isinstance(event, Interrupted))
    assert cut.text == half
    live.close()


def test_a_store_that_is_really_full_says_so_in_one_line(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'live.db'}")
    live = open_live(journal, max_turns=1)
    id = live.open("me")
    live.say(id, "Hello")
    live.wait(id, WAIT)
    before = live.entries(id)
    with journal.database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="the disk is full, nothing was lost") as caught:
        fill(live, id)
    assert "\n" not in str(caught.value)
    live.wait(id, WAIT)
    assert live.entries(id)[: len(before)] == before
    live.close()


def test_every_utterance_seen_by_a_listener_is_already_on_disk(tmp_path: Path) -> None:
    live = open_live(tmp_path / "live.db")
    reader = Journal(f"sqlite:///{tmp_path / 'live.db'}")
    id = live.open("me")
    counts: list[int] = []
    live.listen(id, lambda: counts.append(reader.entries(id)[-1].seq))
    live.say(id, "Hello")
    live.wait(id, WAIT)
    last = live.entries(id)[-1].seq
    assert max(counts) == last
    assert sorted(set(counts)) == list(range(2, last + 1))  # told by two threads, so in no order
    assert sum(isinstance(entry.event, Utterance) for entry in reader.entries(id)) == 4
    reader.close()
    live.close()
