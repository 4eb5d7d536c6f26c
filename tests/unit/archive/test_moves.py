"""A study's participants go on after a lost disk, and what they took back is in no copy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from mascot.archive.archive import Archive
from mascot.archive.shelves import Folder
from mascot.errors import StoreError
from studies.flow.archived import MoveSource
from studies.flow.journal import FlowJournal
from studies.flow.moves import Entered
from tests.unit.archive.support import everything

Opens = Callable[[], tuple[FlowJournal, Archive]]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    lives = 0
    with ExitStack() as opened:

        def begin() -> tuple[FlowJournal, Archive]:
            nonlocal lives
            lives += 1
            url = f"sqlite:///{tmp_path / f'disk{lives}' / 'ratings.db'}"
            source = MoveSource(url, "moves-which-group")
            opened.callback(source.close)
            archive = Archive(Folder(tmp_path / "archive"), [source])
            archive.restore()
            journal = FlowJournal(url)
            opened.callback(journal.close)
            return journal, archive

        yield begin


def entered(submission: str) -> Entered:
    return Entered(language="en", submission=submission)


def test_participants_are_recognised_and_find_their_moves(opens: Opens) -> None:
    journal, archive = opens()
    anna = journal.join("s", journal.person("prolific", "anna"), entered("sub-1"))
    journal.set_state("s", "paused")
    archive.export()
    again, later = opens()
    assert again.person("prolific", "anna") == journal.person("prolific", "anna")
    assert again.participant("s", anna.key) == anna
    assert again.moves(anna) == journal.moves(anna)
    assert again.state("s") == "paused"
    again.join("s", again.person("prolific", "ben"), entered("sub-2"))
    later.export()
    third, _ = opens()
    assert len(third.everyone("s")) == 2


def test_what_was_taken_back_is_in_no_copy(opens: Opens, tmp_path: Path) -> None:
    journal, archive = opens()
    anna = journal.join("s", journal.person("prolific", "anna"), entered("sub-of-anna"))
    ben = journal.join("s", journal.person("prolific", "ben"), entered("sub-of-ben"))
    archive.export()
    assert "sub-of-anna" in everything(tmp_path / "archive")
    journal.forget(anna)
    archive.export()
    assert "sub-of-anna" not in everything(tmp_path / "archive")
    assert "sub-of-ben" in everything(tmp_path / "archive")
    again, _ = opens()
    assert again.moves(anna) == journal.moves(anna)
    assert again.moves(ben) == journal.moves(ben)


def test_a_copy_has_everyone_whose_moves_it_has(opens: Opens, tmp_path: Path) -> None:
    journal, archive = opens()
    coming = iter(range(1, 4))

    def somebody_comes(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM participants" in statement and "WHERE" not in statement and (number := next(coming, None)):
            journal.join("s", journal.person("prolific", f"{number}"), entered(f"sub-{number}"))

    event.listen(sa.Engine, "after_cursor_execute", somebody_comes)
    try:
        archive.export()
    finally:
        event.remove(sa.Engine, "after_cursor_execute", somebody_comes)
    records = [json.loads(line) for line in everything(tmp_path / "archive").splitlines()]
    known = {one["body"]["key"] for one in records if one["key"].startswith("participant ")}
    assert {one["body"]["participant"] for one in records if one["key"].startswith("move ")} <= known
    assert next(coming, None) is not None or known


def test_an_archive_of_other_participants_is_refused_and_left_as_it_is(opens: Opens, tmp_path: Path) -> None:
    journal, archive = opens()
    journal.join("s", journal.person("prolific", "anna"), entered("sub-of-anna"))
    archive.export()
    url = f"sqlite:///{tmp_path / 'another' / 'ratings.db'}"
    another = FlowJournal(url)
    another.join("s", another.person("prolific", "ben"), entered("sub-of-ben"))
    another.close()
    source = MoveSource(url, "moves-which-group")
    with pytest.raises(StoreError, match="other participants than"):
        Archive(Folder(tmp_path / "archive"), [source]).restore()
    source.close()
    assert "sub-of-anna" in everything(tmp_path / "archive")
