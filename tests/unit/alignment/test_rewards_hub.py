"""A reward model pushed to a stand-in for the hub, and pulled again; what comes from there is not trusted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from mascot.alignment.preferences_expert import expert_blocks, expert_preferences
from mascot.alignment.rewards.figures import figures
from mascot.alignment.rewards.group import GroupRecipe, LightGroupReward, fit_group
from mascot.alignment.rewards.hub_command import add_command
from mascot.alignment.rewards.light import LightRecipe, LightReward, Remembered
from mascot.alignment.rewards.record import read_record
from mascot.alignment.rewards.training import ahead_in_blocks, train_light, write_record
from mascot.errors import HubError, InputError, ModelError
from tests.fixtures.model_hub import hub_with
from tests.fixtures.uploads import Kept
from tests.unit.alignment.rewarding import Hashed

REPO = "me/taste"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    with hub_with(REPO, monkeypatch) as kept:
        yield kept


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "taste"
    train_light(expert_preferences()[::12], Hashed(), LightRecipe(), folder)
    return folder


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "table"
    rows = expert_blocks()[:12]
    model = fit_group(rows, Remembered(Hashed()), GroupRecipe())
    measured = figures(rows, ahead_in_blocks(model, rows)).record()
    weights = {"weights": model.weights, "directives": {"anchor": 1.0}}
    write_record(folder, "group-reward", "light", GroupRecipe(), rows, measured, weights)
    return folder


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["rewards", *map(str, arguments)])
    return options.run(options)


def language(folder: Path, light: Path) -> Path:
    """The files of a language model as reward model, with weights of one number."""
    folder.mkdir()
    record = json.loads((light / "reward.json").read_text())
    record |= {"kind": "language", "recipe": {"rank": 1, "alpha": 2}, "base": {"name": "a/b", "sha256": "c"}}
    (folder / "reward.json").write_text(json.dumps(record))
    save_file({"head": np.ones(1, np.float16)}, folder / "reward.safetensors")
    (folder / "curve.csv").write_text("step,train_loss,dev_loss\n")
    return folder


def test_without_really_nothing_is_sent_and_everything_named(
    kept: Kept, light: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", light, "--to", REPO) == 0
    said = capsys.readouterr().out
    assert all(n in said for n in ("README.md", "reward.json", "reward.safetensors", "vocabulary.txt"))
    assert "only its owners see" in said
    assert "nothing was sent" in said
    assert kept.requests == 0


def test_a_light_one_scores_elsewhere_as_it_did_here(
    kept: Kept, light: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", light, "--to", REPO, "--licence", "cc0-1.0", "--collection", "Tastes", "--really") == 0
    assert kept.commits == ["Reward model taste"]
    assert kept.repositories[REPO]["visibility"] == "private"
    assert [each["title"] for each in kept.collections.values()] == ["Tastes"]
    out = tmp_path / "there" / "taste"
    assert run("pull", REPO, "--out", out) == 0
    assert "nothing was: add --really" in capsys.readouterr().out
    assert not out.parent.exists()
    assert run("pull", REPO, "--out", out, "--really") == 0
    assert f"--reward {out}" in capsys.readouterr().out
    assert {file.name for file in out.iterdir()} == {"reward.json", "reward.safetensors", "vocabulary.txt"}
    assert [file.name for file in out.parent.iterdir()] == ["taste"]
    record = read_record(out, "reward", "light")
    here, there = (LightReward.load(f, Hashed(), record.personas) for f in (light, out))
    candidates = [c for row in expert_preferences()[:8] for c in row.candidates]
    assert there.score(candidates) == here.score(candidates)
    with pytest.raises(InputError, match="is not empty: --out chooses another folder"):
        run("pull", REPO, "--out", out, "--really")


def test_the_card_tells_data_figures_and_that_words_are_in_the_open(kept: Kept, light: Path) -> None:
    run("push", light, "--to", REPO, "--really")
    card, record = kept.files["README.md"].decode(), json.loads((light / "reward.json").read_text())
    front = yaml.safe_load(card.split("---")[1])
    assert front == {"tags": ["mascot-studio", "reward-model", "light-reward"]}
    accuracy = record["metrics"]["accuracy"]
    assert record["data_sha256"] in card
    assert f"| all | {accuracy['value']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}]" in card
    assert "`vocabulary.txt` lists words" in card


def test_a_groups_is_its_record_alone(kept: Kept, group: Path, tmp_path: Path) -> None:
    run("push", group, "--to", REPO, "--really")
    assert set(kept.files) == {"README.md", "reward.json"}
    assert "vocabulary" not in kept.files["README.md"].decode()
    run("pull", REPO, "--out", tmp_path / "table", "--really")
    blocks = [block for row in expert_blocks()[:4] for block in row.blocks]
    here, there = (
        LightGroupReward.load(read_record(folder, "group-reward").weights, Hashed())
        for folder in (group, tmp_path / "table")
    )
    assert there.score(blocks) == here.score(blocks)


def test_a_language_models_names_its_base(kept: Kept, light: Path, tmp_path: Path) -> None:
    run("push", language(tmp_path / "language", light), "--to", REPO, "--really")
    assert set(kept.files) == {"README.md", "reward.json", "reward.safetensors"}
    front = yaml.safe_load(kept.files["README.md"].decode().split("---")[1])
    assert (front["base_model"], front["base_model_relation"]) == ("a/b", "adapter")
    run("pull", REPO, "--out", tmp_path / "pulled", "--really")
    base = read_record(tmp_path / "pulled", "reward", "language").base
    assert base is not None
    assert base.name == "a/b"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("reward.json", lambda _: b"{", "all of it: Invalid JSON"),
        ("reward.json", lambda b: b.replace(b'"light"', b'"pickle"'), "kind: Input should be 'light'"),
        ("reward.json", lambda b: b.replace(b'"reward"', b'"group-reward"'), "weighs what this version"),
        ("reward.json", lambda b: b.replace(b'"beacon",', b""), "are of different models"),
        ("reward.safetensors", lambda b: b[:100], "no readable reward model"),
        ("vocabulary.txt", lambda b: b[: len(b) // 2] + b"\xff", "no readable reward model"),
    ],
)  # fmt: skip
def test_what_is_damaged_is_one_line_and_nothing_is_kept(
    kept: Kept, light: Path, tmp_path: Path, name: str, change: object, said: str
) -> None:
    run("push", light, "--to", REPO, "--really")
    kept.files[name] = change(kept.files[name])  # type: ignore[operator]
    with pytest.raises(ModelError, match=said) as caught:
        run("pull", REPO, "--out", tmp_path / "out" / "taste", "--really")
    assert str(caught.value).startswith(REPO) or name == "reward.json"
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").iterdir())


def test_what_is_none_is_refused(kept: Kept, light: Path, tmp_path: Path) -> None:
    kept.files = {"model.safetensors": b"x"}
    with pytest.raises(ModelError, match="me/taste holds no reward model of ours"):
        run("pull", REPO, "--out", tmp_path / "out")
    with pytest.raises(ModelError, match="no training of a reward has finished there"):
        run("push", tmp_path, "--to", REPO, "--really")
    folder = language(tmp_path / "language", light)
    (folder / "reward.safetensors").unlink()
    with pytest.raises(ModelError, match="is missing or truncated"):
        run("push", folder, "--to", REPO, "--really")
    with pytest.raises(HubError, match="is no name of a repository"):
        run("push", light, "--to", "taste")
    assert kept.commits == []
