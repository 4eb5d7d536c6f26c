"""The databases of a study in an archive: whichever moment a copy is of, people can go on from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from app import study_sources
from mascot.archive.archive import Archive
from mascot.archive.shelves import Folder
from mascot.archive.source import Record, Source
from mascot.errors import StoreError
from studies.flow.archived import MoveSource
from studies.flow.flow import Flow
from studies.web.serving import Place, close_served, open_served
from tests.fixtures.participants import Person
from tests.fixtures.studies import prepared
from tests.unit.archive.support import Breaking, everything


class Meanwhile:
    """A source during whose export something happens: its own news are read by then."""

    def __init__(self, source: Source, deed: Callable[[], object]) -> None:
        self.name = source.name
        self._source = source
        self._deed = deed

    def news(self, known: Mapping[str, str]) -> Iterator[Record]:
        yield from list(self._source.news(known))
        self._deed()

    def gone(self, known: Mapping[str, str]) -> list[str]:
        return list(self._source.gone(known))

    def restore(self, records: Sequence[Record]) -> Mapping[str, str]:
        return self._source.restore(records)


def test_a_person_who_begins_during_an_export_can_go_on_after_the_disk_is_lost(tmp_path: Path) -> None:
    design, place, settings = prepared(tmp_path)
    settings = settings.model_copy(update={"study": str(design.path), "archive": "anywhere"})
    elsewhere = settings.model_copy(update={"home": tmp_path / "another"})
    with ExitStack() as opened:
        served = open_served(design, place, settings)
        opened.callback(close_served, served)
        person = Person(Flow(served))
        first, *others = study_sources(settings, opened)
        Archive(
            Folder(tmp_path / "archive"), [Meanwhile(first, lambda: person.until("task")), *others]
        ).export()
    with ExitStack() as opened:
        Archive(Folder(tmp_path / "archive"), study_sources(elsewhere, opened)).restore()
        served = open_served(design, Place.of(design, elsewhere), elsewhere)
        opened.callback(close_served, served)
        assert Person(Flow(served)).until("complete").code


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_person_can_go_on_from_an_export_that_was_killed_at_any_step(tmp_path: Path, steps: int) -> None:
    design, place, settings = prepared(tmp_path)
    settings = settings.model_copy(update={"study": str(design.path), "archive": "anywhere"})
    elsewhere = settings.model_copy(update={"home": tmp_path / "another"})
    shelf = Breaking(Folder(tmp_path / "archive"))
    with ExitStack() as opened:
        served = open_served(design, place, settings)
        opened.callback(close_served, served)
        person = Person(Flow(served))
        archive = Archive(shelf, study_sources(settings, opened))
        archive.export()
        person.until("questionnaire")
        shelf.steps = steps
        with pytest.raises(StoreError, match="network is away"):
            archive.export()
    with ExitStack() as opened:
        Archive(Folder(tmp_path / "archive"), study_sources(elsewhere, opened)).restore()
        served = open_served(design, Place.of(design, elsewhere), elsewhere)
        opened.callback(close_served, served)
        assert Person(Flow(served)).until("complete").code
        assert served.store.verify() == []


def test_what_somebody_ticked_before_they_declined_is_in_no_copy(tmp_path: Path) -> None:
    design, place, settings = prepared(tmp_path)
    served = open_served(design, place, settings)
    source = MoveSource(place.url, "moves-which-group")
    archive = Archive(Folder(tmp_path / "archive"), [source])
    person = Person(Flow(served))
    for said in ("yes", "no", "yes"):
        person.say("publish", {"kind": "choice", "options": [said]})
    archive.export()
    assert "publish" in everything(tmp_path / "archive")
    assert person.leave().kind == "declined"
    archive.export()
    assert "publish" not in everything(tmp_path / "archive")
    source.close()
    close_served(served)
