"""The two places segments lie in: a folder, and a dataset behind the hub's own HTTP API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import huggingface_hub
import pytest

from mascot.archive.shelves import Dataset, Folder, open_shelf
from mascot.errors import NotFoundError, SettingsError, StoreError
from tests.fixtures.dataset_hub import REPO, dataset_hub
from tests.fixtures.servers import serve
from tests.fixtures.uploads import TOKEN, Kept
from tests.unit.archive.support import FIRST, Life, said

A, B = "conversations/00000001-aaaaaaaa.jsonl", "conversations/00000002-bbbbbbbb.jsonl"


@dataclass
class Hub:
    kept: Kept = field(default_factory=Kept)
    away: threading.Event = field(default_factory=threading.Event)
    keeps_history: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()
    with serve(dataset_hub(hub.kept, hub.away, hub.keeps_history)) as url:
        for name in ("ENDPOINT", "HUGGINGFACE_CO_URL_TEMPLATE"):
            template = url + "/{repo_id}/resolve/{revision}/{filename}" if "TEMPLATE" in name else url
            monkeypatch.setattr(huggingface_hub.constants, name, template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "*")
        yield hub


@pytest.mark.parametrize("kind", ["folder", "dataset"])
def test_what_was_put_there_is_read_back_and_what_was_dropped_is_not(
    kind: str, tmp_path: Path, hub: Hub
) -> None:
    shelf = Folder(tmp_path) if kind == "folder" else Dataset(REPO)
    assert shelf.names() == []
    shelf.replace({A: b"one\n"}, ())
    shelf.replace({B: "zwei ü\n".encode()}, ())
    assert shelf.names() == [A, B]
    assert shelf.read(B).decode() == "zwei ü\n"
    shelf.replace({}, [A, "conversations/00000009-never000.jsonl"])
    assert shelf.names() == [B]


def test_a_whole_life_in_a_dataset(tmp_path: Path, hub: Hub) -> None:
    first = Life(tmp_path / "disk1", Dataset(REPO))
    kept, gone = first.begin("kept"), first.begin("deleted")
    first.archive.export()
    first.journal.delete(gone)
    first.archive.export()
    assert hub.kept.repositories[REPO]["visibility"] == "private"
    assert hub.kept.commits == ["squashed"]  # no earlier commit has the deleted words
    assert not any(b"deleted" in content for content in hub.kept.files.values())
    second = Life(tmp_path / "disk2", Dataset(REPO))
    assert second.events(kept) == [FIRST, *said("kept")]
    with pytest.raises(NotFoundError):
        second.events(gone)
    first.end()
    second.end()


def test_a_history_that_the_hub_did_not_squash_is_squashed_by_the_next_export(
    tmp_path: Path, hub: Hub
) -> None:
    life = Life(tmp_path / "disk1", Dataset(REPO))
    life.begin("kept")
    gone = life.begin("deleted")
    life.archive.export()
    life.journal.delete(gone)
    hub.keeps_history.set()
    with pytest.raises(StoreError, match=r"archive hf://datasets/somebody/archive"):
        life.archive.export()
    assert hub.kept.commits != ["squashed"]
    hub.keeps_history.clear()
    life.archive.export()
    assert hub.kept.commits == ["squashed"]
    life.end()


def test_a_hub_that_is_away_is_one_line_and_made_up_for(tmp_path: Path, hub: Hub) -> None:
    first = Life(tmp_path / "disk1", Dataset(REPO))
    id = first.begin("Hello")
    hub.away.set()
    with pytest.raises(StoreError, match=r"archive hf://datasets/somebody/archive") as caught:
        first.archive.export()
    assert "\n" not in str(caught.value)
    assert TOKEN not in str(caught.value)
    hub.away.clear()
    first.archive.export()
    second = Life(tmp_path / "disk2", Dataset(REPO))
    assert second.events(id) == [FIRST, *said("Hello")]
    first.end()
    second.end()


def test_a_wrong_token_is_one_line_without_the_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(StoreError, match="refuses the archive") as caught:
        Dataset(REPO).replace({A: b"one\n"}, ())
    assert "hf_wrong" not in str(caught.value)


@pytest.mark.parametrize("place", ["hf://datasets/nobody", "hf://models/a/b", "s3://bucket"])
def test_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="MASCOT_ARCHIVE"):
        open_shelf(place)


def test_a_path_is_a_folder_and_a_dataset_is_a_dataset(tmp_path: Path) -> None:
    assert isinstance(open_shelf(str(tmp_path)), Folder)
    assert isinstance(open_shelf(f"hf://datasets/{REPO}"), Dataset)
