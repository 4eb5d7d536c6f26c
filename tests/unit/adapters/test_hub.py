"""An adapter pushed to a stand-in for the hub, and pulled again on another machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mascot.adapters.command import add_command
from mascot.adapters.registry import Registry
from mascot.errors import AdapterError, HubError
from tests.fixtures.adapters import random_adapter
from tests.fixtures.model_hub import hub_with
from tests.fixtures.servers import COMMIT
from tests.fixtures.uploads import Kept
from tests.unit.adapters.test_registry import SMALL, lineage

REPO = "me/anchor"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    with hub_with(REPO, monkeypatch) as kept:
        yield kept


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with one adapter of its own."""
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    trained = random_adapter(tmp_path / "trained", 1, sizes=SMALL)
    Registry(tmp_path / "home" / "adapters").add(trained, lineage("historian", "one", 2))
    return tmp_path / "home"


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["adapters", *arguments])
    return options.run(options)


@pytest.mark.usefixtures("home")
def test_without_really_nothing_is_sent_and_everything_named(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", "historian", "--to", REPO, "--collection", "My voices") == 0
    said = capsys.readouterr().out
    names = ("README.md", "adapter_config.json", "adapter_model.safetensors", "lineage.json")
    assert all(name in said for name in names)
    assert "into the collection 'My voices'\nnothing was sent" in said
    assert kept.requests == 0


@pytest.mark.usefixtures("home")
def test_what_was_pushed_is_pulled_elsewhere_the_same_and_can_be_promoted(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run("push", "historian", "--to", REPO, "--licence", "cc0-1.0", "--collection", "Voices", "--really")
        == 0
    )
    (collection,) = kept.collections.values()
    assert [item["id"] for item in collection["items"]] == [REPO]
    assert COMMIT in capsys.readouterr().out
    assert kept.commits == ["historian one"]
    assert kept.repositories[REPO]["visibility"] == "private"
    front = yaml.safe_load(kept.files["README.md"].decode().split("---")[1])
    assert (front["base_model"], front["license"], front["library_name"]) == ("a model", "cc0-1.0", "peft")

    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "elsewhere"))
    assert run("pull", REPO) == 0
    assert "nothing was: add --really" in capsys.readouterr().out
    assert not (tmp_path / "elsewhere" / "adapters" / "historian").exists()
    assert run("pull", REPO, "--really") == 0
    there = tmp_path / "elsewhere" / "adapters" / "historian" / "one"
    for name in ("adapter_config.json", "adapter_model.safetensors", "lineage.json"):
        assert (there / name).read_bytes() == kept.files[name]
    assert run("promote", "historian", "one") == 0
    with pytest.raises(AdapterError, match="historian one exists: choose another version"):
        run("pull", REPO, "--really")
    with pytest.raises(AdapterError, match=r"--version '../two' is no name"):
        run("pull", REPO, "--version", "../two", "--really")
    assert run("pull", REPO, "--version", "two", "--really") == 0


@pytest.mark.usefixtures("home")
def test_what_is_no_adapter_or_damaged_is_refused_and_nothing_is_kept(kept: Kept, home: Path) -> None:
    kept.files = {"model.safetensors": b"x"}
    with pytest.raises(AdapterError, match=r"me/anchor holds no adapter of ours: there is no adapter_config"):
        run("pull", REPO)
    assert run("push", "historian", "--to", REPO, "--really") == 0
    kept.files["lineage.json"] = kept.files["lineage.json"].replace(b'"historian"', b'"../../evil"')
    with pytest.raises(AdapterError, match="name: String should match pattern"):
        run("pull", REPO, "--really")
    kept.files["lineage.json"] = kept.files["lineage.json"].replace(b'"../../evil"', b'"historian"')
    kept.files["adapter_model.safetensors"] = b"truncated"
    with pytest.raises(AdapterError, match="missing or truncated"):
        run("pull", REPO, "--version", "two", "--really")
    assert {path.name for path in (home / "adapters" / "historian").iterdir()} == {"one"}


@pytest.mark.usefixtures("home")
def test_what_the_hub_refuses_is_one_line_without_the_token(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="the hub refuses me/anchor") as caught:
        run("push", "historian", "--to", REPO, "--really")
    assert "hf_wrong" not in str(caught.value)
    assert kept.commits == []
    with pytest.raises(HubError, match="is no name of a repository"):
        run("push", "historian", "--to", "not a name", "--really")
    with pytest.raises(HubError, match="the hub refuses me/nobody"):
        run("pull", "me/nobody")
