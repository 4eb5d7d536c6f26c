"""What the journal of participants promises, on SQLite and, where a server can be started, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from annotations.records import Choice
from annotations.store import Store
from mascot.errors import InputError, NotFoundError
from studies.flow.journal import FlowJournal
from studies.flow.moves import Answered, Completed, Consented, Entered
from tests.fixtures.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ratings.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def journal(url: str) -> Iterator[FlowJournal]:
    journal = FlowJournal(url)
    yield journal
    journal.close()


def answered(option: str) -> Answered:
    return Answered(step="consent", question="publish", value=Choice(options=(option,)))


def test_many_tabs_at_once_are_one_person_and_one_move(journal: FlowJournal) -> None:
    person = journal.person("plain", "anne")
    with ThreadPoolExecutor(8) as pool:
        people = set(pool.map(lambda _: journal.join("s", person, Entered(language="en")), range(16)))
        (anne,) = people
        times = set(pool.map(lambda _: journal.add(anne, "consented", Consented()), range(16)))
    assert len(times) == 1
    assert [dated.move.type for dated in journal.moves(anne)] == ["entered", "consented"]


def test_servers_that_start_at_once_on_a_new_database_know_the_same_people(url: str) -> None:
    together = Barrier(6)

    def start(_: int) -> FlowJournal:
        together.wait()
        return FlowJournal(url)

    with ThreadPoolExecutor(6) as pool:
        journals = [starting.result() for starting in [pool.submit(start, number) for number in range(6)]]
    assert len({journal.person("plain", "anne") for journal in journals}) == 1
    for journal in journals:
        journal.close()


def test_the_first_code_stays_and_a_key_used_for_another_answer_is_refused(journal: FlowJournal) -> None:
    anne = journal.join("s", journal.person("plain", "anne"), Entered(language="en"))
    for code in ("ONE", "TWO"):
        journal.add(anne, "completed", Completed(code=code))
    assert [each.move.code for each in journal.moves(anne) if isinstance(each.move, Completed)] == ["ONE"]
    journal.add(anne, "answer k", answered("yes"))
    journal.add(anne, "answer k", answered("yes"))
    with pytest.raises(InputError, match="already used"):
        journal.add(anne, "answer k", answered("no"))


def test_another_process_finds_the_same_people_by_the_same_digests(url: str, journal: FlowJournal) -> None:
    anne = journal.join("s", journal.person("plain", "anne"), Entered(language="en"))
    other = FlowJournal(url)
    try:
        assert other.known("s", other.person("plain", "anne")) == anne
        assert other.known("another", other.person("plain", "anne")) is None
        assert other.by_secret("s", anne.secret) == other.participant("s", anne.key) == anne
        with pytest.raises(NotFoundError):
            other.participant("another", anne.key)
        assert other.state("s") == "open"
        journal.set_state("s", "paused")
        assert (other.state("s"), other.state("another")) == ("paused", "open")
    finally:
        other.close()


def test_what_is_forgotten_is_gone_and_the_way_stays(journal: FlowJournal) -> None:
    anne = journal.join("s", journal.person("plain", "anne"), Entered(language="en", submission="S1"))
    journal.add(anne, "answer k", answered("yes"))
    journal.add(anne, "consented", Consented())
    journal.forget(anne)
    assert [each.move for each in journal.moves(anne)] == [Entered(language="en"), Consented()]


def test_it_lives_beside_the_ratings_in_one_database(url: str, journal: FlowJournal) -> None:
    journal.join("s", journal.person("plain", "anne"), Entered(language="en"))
    with Store.open(url) as store:
        assert store.verify() == []
    assert len(journal.everyone("s")) == 1
