from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mascot.adapters.command import add_command
from mascot.adapters.lineage import Lineage, base_hash, lineage_of_training
from mascot.adapters.registry import Registry
from mascot.engines.models import EMBEDDED, EMBEDDED_GGUF
from mascot.errors import AdapterError, MascotError
from tests.fixtures.adapters import Sizes, random_adapter

SMALL = Sizes(8, 12, 2, 1, 1)
BASE = base_hash(EMBEDDED_GGUF)


def lineage(name: str, version: str, day: int, base: str = BASE) -> Lineage:
    made = datetime(2026, 11, day, tzinfo=UTC)
    return Lineage(
        name=name, version=version, base="a model", base_hash=base, data_hash="d", code="0.1.0", created=made
    )


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    return random_adapter(tmp_path / "trained", 1, sizes=SMALL)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = random_adapter(tmp_path / "shipped" / "anchor", 2, sizes=SMALL)
    (folder / "lineage.json").write_text(lineage("anchor", "first", 1).model_dump_json())
    return folder.parent


@pytest.fixture
def registry(tmp_path: Path, shipped: Path) -> Registry:
    return Registry(tmp_path / "home", shipped)


def loaded(registry: Registry, base: str = BASE) -> dict[str, str]:
    return {name: path.name for name, path in registry.promoted(base).paths.items()}


def test_the_shipped_adapter_speaks_until_another_is_promoted(registry: Registry, trained: Path) -> None:
    assert loaded(registry) == {"anchor": "anchor"}
    registry.add(trained, lineage("anchor", "two", 2))
    assert loaded(registry) == {"anchor": "anchor"}
    registry.promote("anchor", "two")
    assert loaded(registry) == {"anchor": "two"}


def test_one_command_goes_back(registry: Registry, trained: Path) -> None:
    for day, version in ((2, "two"), (3, "three")):
        registry.add(trained, lineage("anchor", version, day))
        registry.promote("anchor", version)
    states = {e.lineage.version: e.state for e in registry.entries()}
    assert states == {"first": "retired", "two": "retired", "three": "promoted"}
    registry.promote("anchor", "two")
    assert loaded(registry) == {"anchor": "two"}
    registry.retire("anchor")
    assert loaded(registry) == {"anchor": "anchor"}


def test_a_shipped_adapter_can_be_retired_and_come_back(registry: Registry) -> None:
    registry.retire("anchor")
    assert loaded(registry) == {}
    registry.promote("anchor", "first")
    assert loaded(registry) == {"anchor": "anchor"}


def test_an_adapter_of_another_base_is_refused_in_one_line(registry: Registry, trained: Path) -> None:
    registry.add(trained, lineage("beacon", "one", 2, "hub:somebody/else"))
    registry.promote("beacon", "one")
    choice = registry.promoted(BASE)
    assert set(choice.paths) == {"anchor"}
    assert choice.refused == ("the adapter beacon one was not loaded: it belongs to a model",)
    assert registry.promoted("hub:somebody/else").refused == ()


def test_a_version_is_never_written_over(registry: Registry, trained: Path) -> None:
    registry.add(trained, lineage("anchor", "two", 2))
    with pytest.raises(AdapterError, match="exists"):
        registry.add(trained, lineage("anchor", "two", 2))


def test_a_truncated_adapter_is_never_promoted(registry: Registry, trained: Path) -> None:
    entry = registry.add(trained, lineage("anchor", "two", 2))
    weights = entry.folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(AdapterError, match="truncated"):
        registry.promote("anchor", "two")
    assert loaded(registry) == {"anchor": "anchor"}


def test_a_promotion_that_is_killed_leaves_the_old_state(
    registry: Registry, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add(trained, lineage("anchor", "two", 2))
    registry.promote("anchor", "two")
    registry.add(trained, lineage("anchor", "three", 3))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        registry.promote("anchor", "three")
    monkeypatch.undo()
    assert loaded(registry) == {"anchor": "two"}
    assert len(registry.entries()) == 3


def test_the_embedded_model_is_the_same_in_every_form() -> None:
    stem = EMBEDDED_GGUF.removesuffix(".gguf")
    forms = (EMBEDDED_GGUF, f"{stem}-hf", "HuggingFaceTB/SmolLM2-135M-Instruct")
    assert {base_hash(form) for form in forms} == {EMBEDDED[0].parts[0].sha256}
    assert base_hash("Qwen/Qwen3-8B") != base_hash("Qwen/Qwen3-4B")


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["adapters", *arguments])
    return options.run(options)


def test_from_a_training_to_what_the_app_loads_and_back(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    record = {
        "adapter": "my-own",
        "parent": "joint",
        "base": {"name": "a model", "sha256": "abc"},
        "data_sha256": "def",
        "code": "0.1.0",
        "recipe": {"rank": 8},
        "metrics": {"dev_loss": 1.5},
        "weights_sha256": "123456789",
    }
    (trained / "training.json").write_text(json.dumps(record))
    assert run("add", str(trained), "--version", "one") == 0
    assert run("promote", "my-own", "one") == 0
    assert run("list") == 0
    assert "promoted" in capsys.readouterr().out.splitlines()[-1]
    assert run("show", "my-own") == 0
    assert '"dev_loss": 1.5' in capsys.readouterr().out
    assert run("export", "my-own", "--to", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "adapter_config.json").is_file()
    assert run("retire", "my-own") == 0
    assert Registry(tmp_path / "home" / "adapters").promoted("abc").paths == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nobody"),
        ("promote", "nobody", "one"),
        ("add", "nowhere"),
        ("export", "nobody", "--to", "x"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path))
    with pytest.raises(MascotError) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)


def test_a_training_that_has_not_finished_is_not_taken(trained: Path) -> None:
    with pytest.raises(AdapterError, match="no training has finished"):
        lineage_of_training(trained)
