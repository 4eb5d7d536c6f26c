"""What was archived comes back, what was deleted does not, and no half-finished step changes that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mascot.archive.segments import MERGED, decode
from mascot.archive.shelves import Folder, Shelf
from mascot.conversation.events import Speech, UserSaid
from mascot.errors import NotFoundError, StoreError
from tests.unit.archive.support import FIRST, Breaking, Life, everything, said

Live = Callable[..., Life]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


@pytest.fixture
def live(tmp_path: Path, shelf: Path) -> Iterator[Live]:
    """A life on a fresh disk; all of them end with the test."""
    lives: list[Life] = []

    def begin(on: Shelf | None = None, disk: str = "") -> Life:
        lives.append(Life(tmp_path / (disk or f"disk{len(lives)}"), on or shelf))
        return lives[-1]

    yield begin
    for life in lives:
        life.end()


def test_a_conversation_survives_its_disk(live: Live) -> None:
    first = live()
    id = first.begin("My flat is cold.")
    before = first.events(id)
    first.archive.export()
    second = live()
    assert second.restored == 1
    assert second.events(id) == before
    assert second.journal.title(id) == "My flat is cold."
    assert [one.id for one in second.journal.listings("me")] == [id]
    assert second.journal.listings("somebody else") == []


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x1c", "\r\n"])
def test_a_line_break_of_another_kind_in_what_was_said_is_no_end_of_a_line(live: Live, mark: str) -> None:
    first = live()
    id = first.begin(f"Pasted from a document:{mark}two lines.")
    first.archive.export()
    second = live()
    assert second.events(id) == first.events(id)


def test_it_can_go_on_and_no_number_is_given_twice(live: Live) -> None:
    first = live()
    id = first.begin("Hello")
    first.archive.export()
    lost = first.journal.append(id, said("never exported"))
    second = live()
    new = second.journal.append(id, said("And then?"))
    assert new[0].seq > lost[-1].seq
    second.archive.export()
    third = live()
    assert third.events(id) == [FIRST, *said("Hello"), *said("And then?")]


def test_a_deleted_conversation_never_comes_back_and_leaves_no_word_behind(live: Live, shelf: Path) -> None:
    first = live()
    secret, kept = first.begin("A secret of mine"), first.begin("Something else")
    first.archive.export()
    assert "A secret of mine" in everything(shelf)
    first.journal.delete(secret)
    first.archive.export()
    assert "A secret of mine" not in everything(shelf)
    second = live()
    assert second.events(kept) == [FIRST, *said("Something else")]
    with pytest.raises(NotFoundError):
        second.events(secret)


def test_a_title_alone_is_news_and_speech_is_none(live: Live, shelf: Path) -> None:
    first = live()
    id = first.begin("Hello")
    first.archive.export()
    first.journal.rename(id, "A better title")
    first.journal.append(id, [Speech(agent="anchor", text="half a sent")])
    first.archive.export()
    assert "half a sent" not in everything(shelf)
    assert live().journal.title(id) == "A better title"


def test_without_news_nothing_is_written(live: Live, shelf: Path) -> None:
    first = live()
    first.begin("Hello")
    first.archive.export()
    names = first.shelf.names()
    first.archive.export()
    second = live()
    second.archive.export()
    assert second.shelf.names() == names


def test_a_disk_that_lived_on_is_believed(live: Live) -> None:
    first = live(disk="same")
    gone, kept = first.begin("gone"), first.begin("kept")
    first.archive.export()
    first.journal.delete(gone)  # and killed before the next export
    first.end()
    second = live(disk="same")
    assert second.restored == 0
    with pytest.raises(NotFoundError):
        second.events(gone)
    assert second.events(kept) == [FIRST, *said("kept")]
    second.archive.export()
    third = live()
    with pytest.raises(NotFoundError):
        third.events(gone)


def test_many_small_segments_become_one_and_say_the_same(live: Live) -> None:
    first = live()
    ids = []
    for n in range(2 * MERGED):
        ids.append(first.begin(f"number {n}"))
        first.archive.export()
    first.journal.delete(ids[3])
    first.archive.export()
    assert len(first.shelf.names()) < MERGED
    second = live()
    assert second.restored == 2 * MERGED - 1
    assert second.events(ids[7]) == [FIRST, *said("number 7")]


def test_what_is_too_much_for_one_segment_is_several(
    live: Live, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mascot.archive.segments.MOST_BYTES", 3000)
    first = live()
    ids = [first.begin(f"conversation {n} " + "long " * 60) for n in range(12)]
    first.archive.export()
    files = list(shelf.rglob("*.jsonl"))
    assert len(files) > 4
    assert max(file.stat().st_size for file in files) < 3500
    assert live().restored == len(ids)


def test_a_failed_export_is_told_and_made_up_for(live: Live, shelf: Path) -> None:
    breaking = Breaking(Folder(shelf), steps=0)
    first = live(breaking)
    id = first.begin("Hello")
    with pytest.raises(StoreError, match="network is away"):
        first.archive.export()
    assert first.archive.reach.until is None
    assert "network is away" in first.archive.reach.trouble
    breaking.steps = -1
    assert first.archive.export().trouble == ""
    assert live().events(id) == [FIRST, *said("Hello")]


def test_what_an_export_that_broke_off_had_written_is_deleted_like_everything_else(
    live: Live, shelf: Path
) -> None:
    breaking = Breaking(Folder(shelf), steps=1)
    first = live(breaking)
    secret = first.begin("A secret of mine")
    with pytest.raises(StoreError, match="network is away"):  # the segment is there, its answer was lost
        first.archive.export()
    breaking.steps = -1
    first.journal.delete(secret)
    first.archive.export()
    assert "A secret of mine" not in everything(shelf)
    with pytest.raises(NotFoundError):
        live().events(secret)


def test_an_export_goes_on_after_one_whose_answer_was_lost(live: Live, shelf: Path) -> None:
    breaking = Breaking(Folder(shelf))
    first = live(breaking)
    gone, kept = first.begin("A secret of mine"), first.begin("Hello")
    first.archive.export()
    first.journal.delete(gone)
    breaking.steps = 3  # put, drop, and no answer
    with pytest.raises(StoreError, match="network is away"):
        first.archive.export()
    breaking.steps = -1
    first.journal.append(kept, said("And then?"))
    assert first.archive.export().trouble == ""
    assert live().events(kept) == [FIRST, *said("Hello"), *said("And then?")]


@pytest.mark.parametrize("damage", [b'{"key": "a", "mark"', b"nonsense\n", b'{"key": "a"}\n', b"\xff\n"])
def test_a_damaged_segment_is_named_and_nothing_is_begun(live: Live, shelf: Path, damage: bytes) -> None:
    first = live()
    first.begin("Hello")
    first.archive.export()
    (shelf / "conversations" / "00000007-0000abcd.jsonl").write_bytes(damage)
    with pytest.raises(StoreError, match=r"00000007-0000abcd\.jsonl is damaged"):
        live()


def test_strange_files_beside_the_segments_are_left_alone(live: Live, shelf: Path) -> None:
    (shelf / "conversations").mkdir(parents=True)
    (shelf / "conversations" / "notes.jsonl").write_text("mine")
    (shelf / "README.md").write_text("mine")
    assert live().restored == 0


def test_an_unwritable_folder_is_one_line(tmp_path: Path, live: Live) -> None:
    (tmp_path / "file").write_text("no folder")
    first = live(Folder(tmp_path / "file" / "shelf"))
    first.begin("Hello")
    with pytest.raises(StoreError, match=r"the archive at .* cannot be used"):
        first.archive.export()


@contextmanager
def a_life(disk: Path, shelf: Shelf) -> Iterator[Life]:
    life = Life(disk, shelf)
    yield life
    life.end()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "say", "rename", "delete", "export", "break", "die"]), st.integers(0, 30)
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_whatever_happens_exported_words_come_back_and_deleted_ones_do_not(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """Lives with disks of their own; an export may break off at any step; a deletion waits for its export."""
    root = tmp_path_factory.mktemp("lives")
    folder = Folder(root / "shelf")
    safe: dict[str, list[str]] = {}
    dead: set[str] = set()
    at, lives = 0, 0
    while at < len(steps) or lives == 0:
        lives += 1
        breaking = Breaking(folder)
        with a_life(root / f"disk{lives}", breaking) as life:
            here = {one.id: words(life, one.id) for one in life.journal.listings("me")}
            assert not dead & here.keys()
            for id, texts in safe.items():
                assert here[id][: len(texts)] == texts
            while at < len(steps):
                deed, n = steps[at]
                at += 1
                ids = sorted(here)
                if deed == "begin":
                    here[life.begin(f"text {n}")] = [f"text {n}"]
                elif deed == "say" and ids:
                    life.journal.append(ids[n % len(ids)], said(f"more {n}"))
                    here[ids[n % len(ids)]].append(f"more {n}")
                elif deed == "rename" and ids:
                    life.journal.rename(ids[n % len(ids)], f"title {n}")
                elif deed == "delete" and ids:
                    life.journal.delete(ids[n % len(ids)])
                    life.archive.export()
                    dead.add(ids[n % len(ids)])
                    for known in (here, safe):
                        known.pop(ids[n % len(ids)], None)
                    safe = {id: list(texts) for id, texts in here.items()}
                elif deed == "export":
                    life.archive.export()
                    safe = {id: list(texts) for id, texts in here.items()}
                elif deed == "break":
                    breaking.steps = n % 5
                    interrupted(life)
                    breaking.steps = -1
                elif deed == "die":
                    breaking.steps = n % 3
                    if n % 2:
                        interrupted(life)
                    break
    written = "".join(folder.read(name).decode() for name in folder.names())
    assert not any(f'"key":"{id}"' in written for id in dead)
    assert all(decode(name, folder.read(name)) for name in folder.names())


def interrupted(life: Life) -> None:
    try:
        life.archive.export()
    except StoreError:
        return


def words(life: Life, id: str) -> list[str]:
    return [event.text for event in life.events(id) if isinstance(event, UserSaid)]
