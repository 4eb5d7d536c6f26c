"""Studio, archive, expiry and donations together, over disks that vanish."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotations.store import Store
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import NotFoundError, StoreError
from mascot.house import House
from mascot.live.donations import read_donations
from mascot.live.journal import Journal
from mascot.settings import Settings
from mascot.studio import Studio
from tests.fixtures.ratings import fill
from tests.unit.live.support import WAIT, all_different, open_live

Opens = Callable[..., tuple[Studio, House]]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """A house on a fresh disk; the archive is the same for all."""
    lives: list[tuple[Studio, House]] = []

    def begin(stores: tuple[Store, ...] = (), **changes: object) -> tuple[Studio, House]:
        home = tmp_path / f"disk{len(lives)}"
        settings = Settings(home=home, archive=str(tmp_path / "archive"), archive_seconds=3600.0)
        settings = settings.model_copy(update=changes)
        journal, engine = Journal(settings.store_url), ScriptedEngine(all_different)
        studio = Studio(open_live(journal, engine, max_turns=1), engine, journal)
        house = House(studio, settings, [store.source() for store in stores])
        lives.append((studio, house))
        return studio, house

    yield begin
    for studio, house in lives:
        house.close()
        studio.close()


def talk(studio: Studio, text: str) -> str:
    id = studio.live.open("me")
    studio.live.say(id, text)
    studio.live.wait(id, WAIT)
    return id


def test_a_conversation_and_a_study_are_there_on_the_next_disk(opens: Opens, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'r1.db'}") as ratings:
        studio, house = opens((ratings,))
        fill(ratings, items=2, raters=1)
        id = talk(studio, "My flat is cold.")
        before = studio.live.entries(id)
        house.keeping.settle()
        assert house.keeping.exported is not None
        until, trouble = house.keeping.exported()
        assert until is not None
        assert until > before[-1].at
        assert trouble == ""
    with Store.open(f"sqlite:///{tmp_path / 'r2.db'}") as later:
        again, second = opens((later,))
        assert second.restored == 2
        assert [item.id for item in later.items()] == ["s-0", "s-1"]
        assert [e.event for e in again.live.entries(id)] == [
            e.event for e in before if e.event.type != "speech"
        ]


def test_a_deletion_is_acknowledged_when_no_restart_can_undo_it(opens: Opens) -> None:
    studio, house = opens()
    id = talk(studio, "A secret.")
    house.keeping.settle()
    studio.live.delete(id)  # and killed at once: no further export
    again, _ = opens()
    with pytest.raises(NotFoundError):
        again.live.title(id)


def test_a_deletion_says_so_when_the_archive_does_not_answer(opens: Opens, tmp_path: Path) -> None:
    studio, house = opens()
    id = talk(studio, "A secret.")
    house.keeping.settle()
    moved = (tmp_path / "archive").rename(tmp_path / "away")
    (tmp_path / "archive").write_text("no folder")
    with pytest.raises(StoreError, match="it is done here, and its copy in the archive will follow"):
        studio.live.delete(id)
    (tmp_path / "archive").unlink()
    moved.rename(tmp_path / "archive")
    house.keeping.settle()
    again, _ = opens()
    with pytest.raises(NotFoundError):
        again.live.title(id)


def test_a_donation_comes_back_and_one_taken_back_does_not(opens: Opens, tmp_path: Path) -> None:
    studio, house = opens(donations=True)
    kept, back = talk(studio, "kept"), talk(studio, "taken back")
    donations = house.keeping.donations
    assert donations is not None
    donations.give(kept)
    donations.give(back)
    house.keeping.settle()
    donations.take_back(back)
    house.keeping.settle()
    opens(donations=True)
    (one,) = read_donations(tmp_path / "disk1" / "donations")
    assert [event.text for event in one.events if event.type == "user"] == ["kept"]


def test_what_is_silent_for_long_is_gone_from_the_archive_too(opens: Opens, tmp_path: Path) -> None:
    studio, house = opens()
    talk(studio, "An old secret.")
    house.keeping.settle()
    with studio.journal.database.writing() as connection:
        connection.exec_driver_sql("UPDATE conversations SET updated_at = datetime('now', '-31 days')")
    studio.live.close()
    settings = Settings(home=tmp_path / "disk0", archive=str(tmp_path / "archive"), retention_days=30)
    journal = Journal(settings.store_url)
    later = Studio(open_live(journal, max_turns=1), ScriptedEngine(all_different), journal)
    House(later, settings).close()  # expiry begins at once, and is done when it is closed
    later.close()
    assert "An old secret." not in "".join(f.read_text() for f in (tmp_path / "archive").rglob("*.jsonl"))
    assert opens()[1].restored == 0


def test_its_figures_are_counts_and_no_words(opens: Opens) -> None:
    studio, house = opens()
    id = talk(studio, "A secret.")
    house.keeping.settle()
    figures = house.figures()
    assert (figures["conversations"], figures["donated"], figures["turns today"]) == (1, 0, 1)
    assert figures["archived until"]
    assert "secret" not in str(figures)
    assert id not in str(figures)


def test_without_an_archive_nothing_is_claimed(opens: Opens) -> None:
    _, house = opens(archive="")
    assert house.keeping.exported is None
    house.keeping.settle()


def test_an_archive_out_of_reach_is_said_before_anybody_is_let_in(opens: Opens, tmp_path: Path) -> None:
    (tmp_path / "archive" / "conversations").mkdir(parents=True)
    (tmp_path / "archive" / "conversations" / "00000001-0000abcd.jsonl").write_text("half a li")
    with pytest.raises(StoreError, match="is damaged"):
        opens()
