from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from annotations.push import push
from mascot.errors import HubError, InputError
from tests.fixtures.servers import serve
from tests.fixtures.uploads import TOKEN, Kept, uploads

# huggingface_hub asks its own HTTP library in an old way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
FILES = {"README.md": b"---\nlicense: cc0-1.0\n---\n# Ratings\n", "data/dpo/train.parquet": b"PAR1" * 100}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def hub(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve(uploads(kept)) as url:
        _point(monkeypatch, url)
        yield url


def _point(monkeypatch: pytest.MonkeyPatch, url: str, token: str = TOKEN) -> None:
    """To that hub, also where the library has read its environment already."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    # The stand-in takes large files over plain HTTP, not by chunks.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", token)


def test_a_dry_run_tells_what_would_be_sent_and_sends_nothing(folder: Path, hub: str, kept: Kept) -> None:
    upload = push(folder, "somebody/ratings", "First")
    assert upload.files == {name: len(content) for name, content in FILES.items()}
    assert upload.url == ""
    assert kept.requests == 0


def test_everything_arrives_in_one_commit(folder: Path, hub: str, kept: Kept) -> None:
    upload = push(folder, "somebody/ratings", "First", really=True)
    assert upload.url.startswith(f"{hub}/datasets/somebody/ratings/commit/")
    assert kept.files == FILES
    assert kept.commits == ["First"]
    assert kept.repositories["somebody/ratings"]["type"] == "dataset"
    assert kept.repositories["somebody/ratings"]["visibility"] == "private"


def test_a_refusal_is_one_line(folder: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(uploads(kept, refuse=403)) as url:
        _point(monkeypatch, url)
        with pytest.raises(HubError, match=r"^the hub refuses somebody/ratings: the token may not"):
            push(folder, "somebody/ratings", "First", really=True)
        assert kept.files == {}


def test_a_wrong_token_is_named(folder: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match=r"token is missing or not valid"):
        push(folder, "somebody/ratings", "First", really=True)


def test_a_hub_that_is_away_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _point(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"^the hub cannot be reached"):
        push(folder, "somebody/ratings", "First", really=True)


def test_a_folder_without_a_card_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no dataset"):
        push(tmp_path, "somebody/ratings", "First")


def test_a_name_that_is_none_is_refused(folder: Path, hub: str) -> None:
    with pytest.raises(HubError, match=r"OWNER/NAME"):
        push(folder, "some body/rat/ings", "First", really=True)


def test_a_dataset_is_put_into_a_collection(folder: Path, hub: str, kept: Kept) -> None:
    described = push(folder, "somebody/ratings", "First", collection="Studies")
    assert (described.collection, kept.requests) == ("Studies", 0)
    push(folder, "somebody/ratings", "First", really=True, collection="Studies")
    (collection,) = kept.collections.values()
    assert [(item["id"], item["type"]) for item in collection["items"]] == [("somebody/ratings", "dataset")]
