"""How long a conversation is kept, and what happens to one that is given to research."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mascot.conversation.events import UserSaid
from mascot.errors import InputError, NotFoundError, StoreError
from mascot.live.donations import TERMS_VERSION, Donations, read_donations
from mascot.live.journal import Entry, Journal
from mascot.live.retention import expire
from mascot.live.service import Live
from tests.unit.live.support import CRISIS, WAIT, open_live


class House:
    """A table with a folder for what is donated."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal(f"sqlite:///{folder / 'live.db'}")
        self.live: Live = open_live(self.journal, max_turns=1)
        self.folder = folder / "donations"
        self.donations = Donations(self.journal, self.live.cast, self.folder)
        self.live.also_delete(lambda ids: [self.donations.take_back(id) for id in ids])

    def talk(self, text: str) -> str:
        id = self.live.open("an owner's secret")
        self.more(id, text)
        return id

    def more(self, id: str, text: str) -> None:
        self.live.say(id, text, key="a-key-of-the-page-" + text[:9])
        self.live.wait(id, WAIT)

    def given(self) -> list[list[str]]:
        """What was said in each donated conversation."""
        return [
            [event.text for event in one.events if isinstance(event, UserSaid)]
            for one in read_donations(self.folder)
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.live.close()


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_silent_conversations_are_deleted_and_others_are_not(house: House) -> None:
    old, young = house.talk("old"), house.talk("young")
    assert expire(house.live, house.journal, 30, later(29)) == 0
    house.journal.append(young, [UserSaid(text="still here")])
    with house.journal.database.writing() as connection:
        connection.exec_driver_sql(
            f"UPDATE conversations SET updated_at = datetime('now', '-31 days') WHERE id = '{old}'"
        )
    assert expire(house.live, house.journal, 30) == 1
    with pytest.raises(NotFoundError):
        house.live.title(old)
    assert house.live.title(young)


def test_without_a_period_nothing_is_deleted(house: House) -> None:
    house.talk("old")
    assert expire(house.live, house.journal, 0, later(10_000)) == 0


def test_a_donation_is_what_was_said_until_then(house: House) -> None:
    id = house.talk("first")
    assert house.donations.given(id) is None
    donation = house.donations.give(id)
    house.more(id, "second")
    assert house.given() == [["first"]]
    assert house.donations.given(id) == donation
    house.donations.give(id)
    assert house.given() == [["first", "second"]]


def test_a_donation_names_neither_the_conversation_nor_its_person(house: House) -> None:
    id = house.talk("hello")
    house.donations.give(id)
    (file,) = house.folder.iterdir()
    text = file.name + file.read_text()
    with house.journal.database.reading() as connection:
        owner = connection.exec_driver_sql("SELECT owner FROM conversations").scalar_one()
    for secret in (id, owner, "an owner's secret", "a-key-of-the-page"):
        assert secret not in text
    (one,) = read_donations(house.folder)
    assert one.terms == TERMS_VERSION
    other = house.talk("again")
    house.donations.give(other)
    assert {each.donor for each in read_donations(house.folder)} == {one.donor}


def test_taken_back_it_is_gone(house: House) -> None:
    id = house.talk("hello")
    house.donations.give(id)
    house.donations.take_back(id)
    house.donations.take_back(id)
    assert house.given() == []
    assert house.donations.given(id) is None
    assert house.live.title(id)


def test_a_deleted_conversation_takes_its_donation_with_it(house: House) -> None:
    id = house.talk("hello")
    house.donations.give(id)
    house.live.delete(id)
    assert list(house.folder.iterdir()) == []


def test_what_was_donated_stays_as_long_as_it_can_be_taken_back(house: House) -> None:
    id = house.talk("hello")
    house.donations.give(id)
    assert expire(house.live, house.journal, 30, later(100)) == 0
    house.donations.take_back(id)
    assert expire(house.live, house.journal, 30, later(100)) == 1


def test_nobody_is_asked_for_what_was_said_in_distress(house: House) -> None:
    id = house.talk(CRISIS)
    with pytest.raises(InputError, match="stays between us"):
        house.donations.give(id)
    assert house.given() == []


def test_an_empty_conversation_is_no_gift(house: House) -> None:
    id = house.live.open("me")
    house.live.set_pace(id, "reading")
    with pytest.raises(InputError, match="nothing to give"):
        house.donations.give(id)


def test_what_cannot_be_written_is_not_given(house: House) -> None:
    id = house.talk("hello")
    house.folder.write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match="cannot be written"):
        house.donations.give(id)
    assert house.donations.given(id) is None


def test_what_cannot_be_removed_is_still_given(house: House) -> None:
    id = house.talk("hello")
    donation = house.donations.give(id)
    (file,) = house.folder.iterdir()
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be removed"):
        house.donations.take_back(id)
    assert house.donations.given(id) == donation


def test_what_is_deleted_while_it_is_given_is_gone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    id = house.talk("hello")
    read = house.journal.entries

    def read_just_before(conversation: str) -> list[Entry]:
        found = read(conversation)
        monkeypatch.undo()
        house.live.delete(id)
        return found

    monkeypatch.setattr(house.journal, "entries", read_just_before)
    with pytest.raises(NotFoundError):
        house.donations.give(id)
    house.donations.rewrite()
    assert house.given() == []


def test_after_a_lost_disk_the_folder_is_what_the_journal_says(house: House) -> None:
    kept, back = house.talk("kept"), house.talk("taken back")
    house.donations.give(kept)
    house.donations.give(back)
    stale = next(file for file in house.folder.iterdir() if "taken back" in file.read_text())
    text = stale.read_text()
    house.donations.take_back(back)
    stale.write_text(text)  # an old copy of the folder came back
    for file in house.folder.iterdir():
        if file != stale:
            file.unlink()
    house.donations.rewrite()
    assert house.given() == [["kept"]]


def test_a_strange_file_among_the_donations_is_named(house: House) -> None:
    house.folder.mkdir()
    (house.folder / "strange.json").write_text("{}")
    with pytest.raises(InputError, match=r"strange\.json is no donated conversation"):
        house.given()


def test_a_copy_that_cannot_be_deleted_yet_is_no_silent_success(house: House) -> None:
    id = house.talk("hello")

    def unreachable(_ids: object) -> None:
        raise StoreError("the archive cannot be reached")

    house.live.also_delete(unreachable)
    with pytest.raises(StoreError, match="cannot be reached"):
        house.live.delete(id)
    with pytest.raises(NotFoundError):
        house.live.title(id)


def test_one_conversation_that_is_gone_already_keeps_no_other_from_being_deleted_everywhere(
    house: House,
) -> None:
    first, gone, last = (house.talk(text) for text in ("hello", "hi", "good day"))
    for id in (first, last):
        house.donations.give(id)
    house.journal.delete(gone)
    with pytest.raises(NotFoundError):
        house.live.delete(first, gone, last)
    assert house.given() == []
    for id in (first, last):
        with pytest.raises(NotFoundError):
            house.live.title(id)
