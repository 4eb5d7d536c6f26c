"""Who is told a training's figures, and when; Trackio and TensorBoard are stand-ins with their calls."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mascot.alignment.command import add_command
from mascot.alignment.policy_run import PolicyProgress
from mascot.alignment.policy_session import tell_step
from mascot.alignment.sft import tell_curve
from mascot.alignment.tracking import tracking
from mascot.alignment.trainer import Point, Progress
from mascot.errors import InputError
from tests.fixtures.trackers import Told, stand_in_tensorboard, stand_in_trackio


@pytest.fixture
def trackio(monkeypatch: pytest.MonkeyPatch) -> Told:
    return stand_in_trackio(monkeypatch)


@pytest.fixture
def tensorboard(monkeypatch: pytest.MonkeyPatch) -> Told:
    return stand_in_tensorboard(monkeypatch)


def test_each_adapter_is_a_run_of_its_own_that_ends_before_the_next(trackio: Told, tmp_path: Path) -> None:
    with tracking("trackio", tmp_path / "sft") as log:
        log("anchor", "train", {"loss": 2.0}, 1)
        log("anchor", "dev", {"loss": 3.0}, 1)
        log("beacon", "dev", {"loss": 1.0}, 4)
    assert trackio.lines == [
        "mascot: sft/anchor, never",
        ("sft/anchor", {"train/loss": 2.0}, 1),
        ("sft/anchor", {"dev/loss": 3.0}, 1),
        "end of sft/anchor",
        "mascot: sft/beacon, never",
        ("sft/beacon", {"dev/loss": 1.0}, 4),
        "end of sft/beacon",
    ]


def test_a_resumed_training_goes_on_with_its_runs(trackio: Told, tmp_path: Path) -> None:
    with tracking("trackio", tmp_path / "sft", resume=True) as log:
        log("anchor", "dev", {"loss": 1.0}, 9)
    assert trackio.lines[0] == "mascot: sft/anchor, allow"


def test_a_training_that_fails_ends_its_run(trackio: Told, tmp_path: Path) -> None:
    def fail() -> None:
        with tracking("trackio", tmp_path / "sft") as log:
            log("anchor", "dev", {"loss": 1.0}, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert trackio.lines[-1] == "end of sft/anchor"


def test_tensorboard_has_a_folder_for_each_adapter(tensorboard: Told, tmp_path: Path) -> None:
    with tracking("tensorboard", tmp_path) as log:
        log("anchor", "dev", {"loss": 3.0, "kl": 0.5}, 7)
    folder = str(tmp_path / "tensorboard" / "anchor")
    assert tensorboard.lines == [
        (folder, "dev/loss", 3.0, 7),
        (folder, "dev/kl", 0.5, 7),
        f"end of {folder}",
    ]


@pytest.mark.parametrize("tracker", ["trackio", "tensorboard"])
def test_one_that_is_not_installed_is_one_line_before_anything_begins(
    tracker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("trackio", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=f"--log {tracker} needs a package: pip install {tracker}"):
        tracking(tracker, tmp_path).__enter__()  # type: ignore[arg-type]


def test_nobody_is_told_where_nobody_asked(tmp_path: Path) -> None:
    with tracking("none", tmp_path) as log:
        log("anchor", "dev", {"loss": 1.0}, 1)
    assert not list(tmp_path.iterdir())


def told_by(tell: Callable[..., None], progress: object) -> list[tuple[object, ...]]:
    lines: list[tuple[object, ...]] = []
    tell(lambda *told: lines.append(told), "anchor", progress)
    return lines


def test_of_a_curve_each_point_is_told_once_when_it_comes() -> None:
    before, at_two = Point(0, None, 3.0), Point(2, 2.5, 2.0)
    steps = [
        Progress(1, curve=[before]),
        Progress(2, curve=[before, at_two]),
        Progress(3, curve=[before, at_two]),
    ]
    assert [told_by(tell_curve, progress) for progress in steps] == [
        [("anchor", "dev", {"loss": 3.0}, 0)],
        [("anchor", "dev", {"loss": 2.0}, 2), ("anchor", "train", {"loss": 2.5}, 2)],
        [],
    ]


def test_of_a_policy_each_step_is_told_and_each_measurement_once() -> None:
    rows, dev = [{"step": 1, "reward": 0.1}, {"step": 2, "reward": 0.2}], [{"step": 0, "objective": 1.0}]
    first = told_by(tell_step, PolicyProgress(1, steps=rows[:1], dev=dev))
    assert first == [("anchor", "train", rows[0], 1), ("anchor", "dev", dev[0], 0)]
    second = told_by(tell_step, PolicyProgress(2, steps=rows, dev=dev))
    assert second == [("anchor", "train", rows[1], 2)]


@pytest.mark.parametrize("way", ["sft", "persona", "group", "dpo"])
def test_every_training_has_the_setting(way: str) -> None:
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers())
    needed = {"sft": [], "dpo": ["--out", "o"], "persona": ["--out", "o", "--reward", "r"]}
    needed["group"] = [*needed["persona"], "--group-reward", "g"]
    assert parser.parse_args(["align", way, *needed[way]]).log == "none"
    assert parser.parse_args(["align", way, *needed[way], "--log", "trackio"]).log == "trackio"
