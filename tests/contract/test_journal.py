"""What a journal promises, on SQLite and, where a server can be started, on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path

import pytest

from mascot.conversation.events import Event, Interrupted, Opened, Speech, UserSaid, Utterance
from mascot.errors import NotFoundError, StoreError
from mascot.live.journal import DuplicateKeyError, Journal
from tests.fixtures.postgres import Postgres

FIRST = Opened(cast=("anchor",), policy="random", seed=1, max_turns=4)
TEXT = "an unmistakable sentence about Zanzibar, ünïcode 漢字"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'journal.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    journal = Journal(url)
    yield journal
    journal.close()


def at_once(deed: Callable[[int], None], threads: int) -> None:
    errors: list[BaseException] = []

    def do(i: int) -> None:
        try:
            deed(i)
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    workers = [threading.Thread(target=do, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert errors == []


def test_servers_that_start_at_once_on_a_new_database_all_start(url: str) -> None:
    together = threading.Barrier(6)

    def start(_: int) -> None:
        together.wait()
        Journal(url).close()

    at_once(start, 6)


def test_what_was_appended_is_read_back_in_order(journal: Journal) -> None:
    id = journal.create("me", "A talk", FIRST)
    happened: list[Event] = [
        UserSaid(text=TEXT),
        Speech(agent="anchor", text="I"),
        Speech(agent="anchor", text=" am"),
    ]
    written = journal.append(id, happened)
    assert [entry.seq for entry in written] == [2, 3, 4]
    entries = journal.entries(id)
    assert [entry.event for entry in entries] == [FIRST, *happened]
    assert [entry.seq for entry in journal.entries(id, after=2)] == [3, 4]
    assert journal.entries(id, after=4) == []
    assert all(entry.at.tzinfo is UTC or entry.at.utcoffset() is not None for entry in entries)
    assert abs((entries[1].at - written[0].at).total_seconds()) < 1e-3


def test_an_utterance_replaces_the_speech_it_was_streamed_as(journal: Journal) -> None:
    id = journal.create("me", "A talk", FIRST)
    for end in (Utterance(agent="anchor", text="I am"), Interrupted(agent="anchor", text="I", reason="stop")):
        journal.append(id, [Speech(agent="anchor", text="I"), Speech(agent="anchor", text=" am")])
        journal.append(id, [end])
    assert [(entry.seq, entry.event.type) for entry in journal.entries(id)] == [
        (1, "opened"),
        (4, "utterance"),
        (7, "interrupted"),
    ]


def test_another_process_sees_what_was_appended(journal: Journal, url: str) -> None:
    id = journal.create("me", "A talk", FIRST)
    journal.append(id, [UserSaid(text="Hello")])
    other = Journal(url)
    assert other.entries(id) == journal.entries(id)
    other.close()


def test_many_at_once_get_numbers_without_gap_or_twin(journal: Journal, url: str) -> None:
    id = journal.create("me", "A talk", FIRST)
    other = Journal(url)

    def write(i: int) -> None:
        for n in range(8):
            (journal, other)[i % 2].append(id, [UserSaid(text=f"{i}.{n}a"), UserSaid(text=f"{i}.{n}b")])

    at_once(write, 8)
    entries = journal.entries(id)
    assert [entry.seq for entry in entries] == list(range(1, 130))
    texts = [entry.event.text for entry in entries if isinstance(entry.event, UserSaid)]
    assert all(a[:-1] == b[:-1] for a, b in zip(texts[::2], texts[1::2], strict=True))
    assert len(set(texts)) == 128
    other.close()


def test_the_same_key_at_once_is_one_event(journal: Journal) -> None:
    id = journal.create("me", "A talk", FIRST)
    refused: list[int] = []

    def write(i: int) -> None:
        try:
            journal.append(id, [UserSaid(text=str(i), key="k" * 16)])
        except DuplicateKeyError:
            refused.append(i)

    at_once(write, 6)
    assert len(refused) == 5
    assert [entry.seq for entry in journal.entries(id)] == [1, 2]
    assert journal.with_key(id, "k" * 16) == 2
    assert journal.with_key(id, "other") is None


def test_a_key_belongs_to_one_conversation(journal: Journal) -> None:
    for _ in range(2):
        id = journal.create("me", "A talk", FIRST)
        journal.append(
            id, [UserSaid(text="Hello", key="k" * 16), UserSaid(text="no key"), UserSaid(text="none")]
        )


def test_a_refused_event_takes_the_whole_append_with_it(journal: Journal) -> None:
    id = journal.create("me", "A talk", FIRST)
    journal.append(id, [UserSaid(text="Hello", key="k" * 16)])
    with pytest.raises(DuplicateKeyError):
        journal.append(id, [UserSaid(text="before"), UserSaid(text="Hello", key="k" * 16)])
    assert [entry.seq for entry in journal.entries(id)] == [1, 2]
    assert journal.append(id, [UserSaid(text="next")])[0].seq == 3


def test_conversations_are_listed_to_their_owner_the_latest_first(journal: Journal) -> None:
    owner = f"owner {journal!r}"
    first, second = journal.create(owner, "One", FIRST), journal.create(owner, "Two", FIRST)
    journal.append(first, [UserSaid(text="Hello")])
    journal.rename(second, "Zwei")
    assert [(one.id, one.title) for one in journal.listings(owner)] == [(first, "One"), (second, "Zwei")]
    assert journal.listings("someone else") == []


def test_what_was_deleted_is_gone_and_cannot_be_written_to(journal: Journal) -> None:
    owner = f"owner {journal!r}"
    id, other = journal.create(owner, "One", FIRST), journal.create(owner, "Two", FIRST)
    journal.delete(id)
    for deed in (
        lambda: journal.entries(id),
        lambda: journal.append(id, [UserSaid(text="Hello")]),
        lambda: journal.title(id),
        lambda: journal.rename(id, "x"),
        lambda: journal.delete(id),
    ):
        with pytest.raises(NotFoundError):
            deed()
    assert [one.id for one in journal.listings(owner)] == [other]
    assert len(journal.entries(other)) == 1


def test_deletion_while_others_write_leaves_no_event_behind(journal: Journal) -> None:
    id = journal.create("me", "A talk", FIRST)

    def write(i: int) -> None:
        if i == 3:
            journal.delete(id)
            return
        for n in range(20):
            try:
                journal.append(id, [UserSaid(text=f"{i} {n}")])
            except NotFoundError:
                return

    at_once(write, 4)
    with pytest.raises(NotFoundError):
        journal.entries(id)


def test_a_secret_of_the_owner_is_not_stored(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    journal.create("the browser's secret", "A talk", FIRST)
    journal.close()
    assert b"the browser's secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("length", [1, 400], ids=["short", "over several pages"])
def test_what_was_deleted_is_not_in_the_files_either(tmp_path: Path, length: int) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    id, other = journal.create("me", TEXT, FIRST), journal.create("me", "Other", FIRST)
    for i in range(20):
        journal.append(other, [UserSaid(text=f"the other talk {i}")])
        journal.append(id, [UserSaid(text=TEXT * length, key=f"key-zanzibar-{i}")])
        journal.append(id, [Speech(agent="anchor", text=TEXT), Utterance(agent="anchor", text=TEXT * length)])

    def on_disk() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert b"Zanzibar" in on_disk()
    journal.delete(id)
    assert b"Zanzibar" not in on_disk()
    assert b"zanzibar" not in on_disk()
    assert b"the other talk 7" in on_disk()
    journal.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "cannot be used"),
        ("mysterious://host/db", "cannot be used"),
        ("postgresql+psycopg://me:hush@127.0.0.1:1/none", "store"),
        ("sqlite:////proc/none/journal.db", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_line_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=f"(?i){said}") as caught:
        Journal(url)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Journal(f"sqlite:///{path}")
