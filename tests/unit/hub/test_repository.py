"""What goes to the hub and comes from it, against a stand-in; and what is said when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from huggingface_hub import constants

from mascot.errors import HubError
from mascot.hub.card import card, table
from mascot.hub.repository import fetch, push, sizes
from tests.fixtures.model_hub import hub_with
from tests.fixtures.uploads import Kept

REPO = "me/thing"
FILES = {"README.md": b"# Thing\n", "thing.json": b"{}"}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    with hub_with(REPO, monkeypatch) as kept:
        yield kept


def items(kept: Kept, slug: str) -> list[tuple[str, str]]:
    return [(item["id"], item["type"]) for item in kept.collections[slug]["items"]]


def test_a_collection_is_made_of_a_new_title_and_found_by_a_known_one(kept: Kept) -> None:
    first = push(REPO, FILES, "First", collection="My voices")
    (slug,) = kept.collections
    assert slug in first.collection
    assert kept.collections[slug]["private"] is True
    assert kept.collections[slug]["title"] == "My voices"
    push("me/ratings", FILES, "First", kind="dataset", collection="My voices")
    assert items(kept, slug) == [(REPO, "model"), ("me/ratings", "dataset")]


def test_a_collection_is_named_by_its_slug_and_holds_nothing_twice(kept: Kept) -> None:
    push(REPO, FILES, "First", private=False, collection="Voices")
    (slug,) = kept.collections
    assert kept.collections[slug]["private"] is False
    push(REPO, FILES, "Second", collection=slug)
    assert items(kept, slug) == [(REPO, "model")]
    assert kept.commits == ["First", "Second"]


def test_a_collection_that_does_not_exist_is_told_before_anything_is_sent(kept: Kept) -> None:
    with pytest.raises(HubError, match=r"the hub refuses the collection 'me/voices-0{24}': There is no such"):
        push(REPO, FILES, "First", collection=f"me/voices-{'0' * 24}")
    assert kept.commits == []


def test_what_was_sent_is_named_where_only_the_collection_refuses(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(REPO, FILES, "First", collection="Voices")
    (slug,) = kept.collections
    known = SimpleNamespace(slug=slug)  # it vanishes after it was asked for
    monkeypatch.setattr("huggingface_hub.HfApi.get_collection", lambda *_: known)
    kept.collections.clear()
    with pytest.raises(HubError, match=r"refuses the collection .*the files are at http.*: There is no such"):
        push(REPO, FILES, "Second", collection=slug)
    assert kept.commits == ["First", "Second"]


def test_what_is_there_is_listed_and_fetched(kept: Kept, tmp_path: Path) -> None:
    push(REPO, FILES, "First")
    assert sizes(REPO) == {name: len(content) for name, content in FILES.items()}
    fetch(REPO, ["thing.json"], tmp_path)
    assert (tmp_path / "thing.json").read_bytes() == b"{}"
    with pytest.raises(HubError, match="the hub refuses me/nobody: there is none, or not for your token"):
        sizes("me/nobody")


@pytest.mark.parametrize("name", ["thing", "/thing", "me/", "a/b/c", "not a/name"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(kept: Kept, name: str) -> None:
    with pytest.raises(HubError, match=f"{name!r} is no name of a repository: write OWNER/NAME"):
        push(name, FILES, "First", collection="Voices")
    assert (kept.requests, kept.collections) == (0, {})


def test_nobody_who_has_no_token_gets_a_trace(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    with pytest.raises(HubError, match="set HF_TOKEN") as caught:
        push(REPO, FILES, "First")
    assert "\n" not in str(caught.value)
    assert kept.commits == []


def test_a_hub_that_is_away_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(HubError, match=r"^the hub cannot be reached for me/thing: "):
        push(REPO, FILES, "First")


def test_a_card_tells_the_hub_and_people() -> None:
    text = card({"tags": ["a"]}, "Thing", "What it is.", table({"a|b": "two\nlines"}), licence="cc0-1.0")
    assert yaml.safe_load(text.split("---")[1]) == {"tags": ["a"], "license": "cc0-1.0"}
    assert text.endswith("# Thing\n\nWhat it is.\n\n| | |\n|---|---|\n| a\\|b | two lines |\n")
    assert "license" not in card({"tags": ["a"]}, "Thing")
