"""From the command to the folders with adapters."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import pytest
import torch

from mascot.alignment import session
from mascot.alignment.command import add_command
from mascot.alignment.plots import draw_curves
from mascot.alignment.recipe import Recipe
from mascot.alignment.samples import DIRECTOR, Sample
from mascot.alignment.sft import JOINT, Base, FineTuning, Watch, order_of
from mascot.alignment.student import read_weights
from mascot.alignment.trainer import Progress
from mascot.errors import InputError, MascotError, ModelError
from tests.fixtures.trackers import stand_in_trackio
from tests.unit.alignment.support import little, tiny_base

RECIPE = Recipe(rank=4, alpha=8, batch=4, learning_rate=5e-3, joint_epochs=1, epochs=2)


class Seen:
    """What a watcher was told."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int, int]] = []
        self.done: list[str] = []

    @property
    def watch(self) -> Watch:
        def step(adapter: str, progress: Progress, steps: int) -> None:
            self.steps.append((adapter, progress.step, steps))

        return Watch(lambda read, of: None, step, self.done.append)


def train(
    out: Path,
    adapters: tuple[str, ...] = ("anchor", DIRECTOR),
    recipe: Recipe = RECIPE,
    samples: list[Sample] | None = None,
    sha256: str = "0",
    start: Path | None = None,
) -> Seen:
    seen = Seen()
    base = Base(tiny_base(), "tiny/tiny", sha256)
    data = little() if samples is None else samples
    FineTuning(base, data, little(count=2), recipe, out, start).run(adapters, seen.watch)
    return seen


def test_the_common_start_comes_first_and_the_director_needs_none() -> None:
    assert order_of(["beacon", DIRECTOR, "anchor"]) == [JOINT, "beacon", "anchor", DIRECTOR]
    assert order_of([DIRECTOR]) == [DIRECTOR]


def test_each_adapter_becomes_a_folder_that_says_what_it_came_from(tmp_path: Path) -> None:
    seen = train(tmp_path)
    assert seen.done == [JOINT, "anchor", DIRECTOR]
    assert {folder.name for folder in tmp_path.iterdir()} == {JOINT, "anchor", DIRECTOR}
    anchor = json.loads((tmp_path / "anchor" / "training.json").read_text())
    joint = json.loads((tmp_path / JOINT / "training.json").read_text())
    assert anchor["parent"] == JOINT
    assert anchor["parent_sha256"] == joint["weights_sha256"]
    assert anchor["base"] == {"name": "tiny/tiny", "sha256": "0"}
    assert anchor["samples"] == {"train": 6, "dev": 2}
    assert joint["samples"] == {"train": 12, "dev": 4}
    assert anchor["metrics"]["dev_loss"] < joint["metrics"]["dev_loss_before"]
    with (tmp_path / "anchor" / "curve.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    assert min(float(point["dev_loss"]) for point in points) == anchor["metrics"]["dev_loss"]


def test_what_is_finished_is_left_alone(tmp_path: Path) -> None:
    train(tmp_path, ("anchor",))
    before = (tmp_path / "anchor" / "adapter_model.safetensors").stat().st_mtime_ns
    assert train(tmp_path, ("anchor", "beacon")).done == ["beacon"]
    assert (tmp_path / "anchor" / "adapter_model.safetensors").stat().st_mtime_ns == before


def test_personas_go_on_from_the_common_start_and_part_from_one_another(tmp_path: Path) -> None:
    train(tmp_path, ("anchor", "beacon"))
    weights = {name: read_weights(tmp_path / name) for name in (JOINT, "anchor", "beacon")}
    name = next(iter(weights[JOINT]))
    near = (weights["anchor"][name] - weights[JOINT][name]).norm()
    assert 0 < near < weights[JOINT][name].norm()
    assert not torch.equal(weights["anchor"][name], weights["beacon"][name])


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ({"sha256": "1"}, "base"),
        ({"recipe": RECIPE.model_copy(update={"learning_rate": 1e-3})}, "recipe"),
        ({"samples": little(count=7)}, "data"),
    ],
)
def test_a_folder_of_another_run_is_refused(tmp_path: Path, what: dict, named: str) -> None:
    train(tmp_path, ("anchor",))
    with pytest.raises(ModelError, match=f"another {named}"):
        train(tmp_path, ("anchor",), **what)


def test_any_adapter_can_be_the_start_of_another(tmp_path: Path) -> None:
    train(tmp_path / "one", ("anchor",))
    seen = train(tmp_path / "two", ("beacon",), start=tmp_path / "one" / "anchor")
    assert seen.done == ["beacon"]
    record = json.loads((tmp_path / "two" / "beacon" / "training.json").read_text())
    origin = json.loads((tmp_path / "one" / "anchor" / "training.json").read_text())
    assert (record["parent"], record["parent_sha256"]) == ("anchor", origin["weights_sha256"])


def test_a_start_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no readable adapter"):
        train(tmp_path, ("anchor",), start=tmp_path / "nowhere")


def test_an_adapter_without_samples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to train catalyst on"):
        train(tmp_path, ("catalyst",))


def test_curves_become_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    train(tmp_path, ("anchor",))
    assert draw_curves(tmp_path).read_bytes().startswith(b"\x89PNG")


def test_without_curves_there_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no curve\.csv"):
        draw_curves(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--adapters", "anchor,nobody"], "no adapter 'nobody' to train: choose from anchor"),
        (["--learning-rate", "-1"], "--learning-rate"),
        (["--share", "0"], "--share"),
        (["--replies", "x.jsonl"], "--adapters with the one persona"),
        (["--resume"], "no model|is missing|not found|does not exist"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path))
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["align", "sft", *arguments])
    with pytest.raises(MascotError, match=complaint) as error:
        options.run(options)
    assert "\n" not in str(error.value)


def test_a_training_from_the_command_tells_its_curves_to_whoever_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = stand_in_trackio(monkeypatch)
    monkeypatch.setattr(session, "embedded_base", lambda *_: Base(tiny_base(), "tiny/tiny", "0"))
    monkeypatch.setattr(session, "_samples", lambda *_: (little(), little(count=2)))
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    arguments = ["--adapters", "director", "--out", str(tmp_path / "out"), "--epochs", "1"]
    options = parser.parse_args(["align", "sft", *arguments, "--batch", "4", "--log", "trackio"])
    assert options.run(options) == 0
    assert told.runs == ["out/director"]
    with (tmp_path / "out" / "director" / "curve.csv").open() as file:
        kept = [(int(row["step"]), float(row["dev_loss"])) for row in csv.DictReader(file)]
    assert told.points("dev/loss") == kept
    assert len(kept) > 1


def test_a_folder_that_is_not_empty_is_gone_on_with_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    options = parser.parse_args(["align", "sft", "--out", str(tmp_path)])
    with pytest.raises(InputError, match="--resume goes on with it"):
        options.run(options)
