"""A run goes on exactly where it was left, stops when it is enough, and keeps the best."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.recipe import Recipe
from mascot.alignment.student import Student
from mascot.alignment.tokens import Encoded, Encoder
from mascot.alignment.trainer import Progress, Trainer
from mascot.errors import ModelError
from tests.unit.alignment.support import little, tiny_base

RECIPE = Recipe(rank=4, alpha=8, dropout=0.1, batch=4, micro_batch=2, learning_rate=1e-2, checkpoint_steps=3)


class KilledError(Exception):
    """The process is gone."""


class Run:
    """A training run in a folder, from a model that was just loaded."""

    def __init__(self, folder: Path, recipe: Recipe = RECIPE, fingerprint: str = "same") -> None:
        base = tiny_base()
        encode = Encoder(base)
        train = [encode(s) for s in little(("anchor",), 10)]
        self.dev = [encode(s) for s in little(("beacon",), 3)]
        self.contexts = Contexts(base.model, folder / "scratch", [e.context for e in (*train, *self.dev)])
        torch.manual_seed(0)
        self.student = Student(base.model, recipe.rank, recipe.alpha, recipe.dropout)
        list(self.contexts.read())
        self.trainer = Trainer(self.student, self.contexts, train, self.dev, recipe, 4, folder, fingerprint)

    def go(self, on_step: Callable[[Progress], None] = lambda _: None) -> dict[str, torch.Tensor]:
        self.trainer.run(on_step)
        return self.student.weights()


def killed_at(step: int) -> Callable[[Progress], None]:
    def kill(progress: Progress) -> None:
        if progress.step == step:
            raise KilledError

    return kill


@pytest.mark.parametrize("steps", [(1,), (3,), (5, 8), (11,)])
def test_killed_and_resumed_ends_with_the_same_weights_bit_for_bit(
    tmp_path: Path, steps: tuple[int, ...]
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole = Run(tmp_path / "whole")
    expected = whole.go()
    for step in steps:
        with pytest.raises(KilledError):
            Run(tmp_path / "killed").go(killed_at(step))
    resumed = Run(tmp_path / "killed")
    weights = resumed.go()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert resumed.trainer.progress.curve == whole.trainer.progress.curve


def test_killed_while_its_weights_are_written_it_learns_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    expected = Run(tmp_path / "whole").go()

    def kill() -> None:
        raise KilledError

    with pytest.raises(KilledError):
        Run(tmp_path / "killed").trainer.run(lambda _: None, kill)
    resumed = Run(tmp_path / "killed")
    weights = resumed.go(lambda progress: pytest.fail(f"step {progress.step} was made again"))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert not (tmp_path / "killed" / "checkpoint.pt").exists()


def test_training_learns(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.go()
    curve = run.trainer.progress.curve
    assert curve[0].train_loss is None
    assert run.trainer.progress.best.dev_loss < curve[0].dev_loss - 1


class Scripted:
    """A learner whose dev losses are known beforehand, and whose weights are the steps it has made."""

    def __init__(self, dev_losses: list[float]) -> None:
        self.steps = torch.nn.Parameter(torch.zeros(1))
        self.parameters = [self.steps]
        self._dev = iter(dev_losses)

    def learning(self, yes: bool) -> None:
        self._learning = yes

    def loss(self, batch: Sequence[Encoded], contexts: Contexts) -> tuple[torch.Tensor, int]:
        if self._learning:
            return -self.steps.sum(), 1
        return torch.tensor(next(self._dev)), 1

    def weights(self) -> dict[str, torch.Tensor]:
        return {"steps": self.steps.detach().clone()}

    def take(self, weights: dict[str, torch.Tensor]) -> None:
        self.steps.data.copy_(weights["steps"])


def test_the_best_weights_are_kept_and_it_stops_when_nothing_gets_better(tmp_path: Path) -> None:
    run = Run(tmp_path)
    train = [Encoder(tiny_base())(sample) for sample in little(("anchor",), 8)]
    recipe = RECIPE.model_copy(update={"patience": 2, "evaluations": 2, "micro_batch": 8})
    learner = Scripted([5.0, 4.0, 3.0, 3.5, 3.2, 1.0])
    reached: list[torch.Tensor] = []
    trainer = Trainer(learner, run.contexts, train, train[:1], recipe, 4, tmp_path, "same")
    trainer.run(lambda _: reached.append(learner.weights()["steps"]))
    assert [point.dev_loss for point in trainer.progress.curve] == [5.0, 4.0, 3.0, 3.5, pytest.approx(3.2)]
    assert trainer.progress.step == 4 < trainer.steps
    assert trainer.progress.best.step == 2
    assert torch.equal(learner.weights()["steps"], reached[1])


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        Run(tmp_path).go(killed_at(4))
    with pytest.raises(ModelError, match="other settings or data"):
        Run(tmp_path, fingerprint="other").go()


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        Run(tmp_path).go(killed_at(4))
    (tmp_path / "checkpoint.pt").write_bytes(b"PK half of it")
    with pytest.raises(ModelError, match="damaged"):
        Run(tmp_path).go()


def test_a_full_disk_is_one_line_and_costs_no_step_that_was_saved(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (full := tmp_path / "full").mkdir()
    expected = Run(tmp_path / "whole").go()
    with pytest.raises(KilledError):
        Run(full).go(killed_at(4))
    saved = (full / "checkpoint.pt").read_bytes()
    (full / "checkpoint.new").symlink_to("/dev/full")
    with pytest.raises(ModelError, match=r"checkpoint\.pt could not be written: is there room") as caught:
        Run(full).go()
    assert "\n" not in str(caught.value)
    assert (full / "checkpoint.pt").read_bytes() == saved
    weights = Run(full).go()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_room_for_the_contexts_is_taken_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_handle: int, _start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, f"No space left on device for {size} bytes")

    monkeypatch.setattr(os, "posix_fallocate", none_left)
    with pytest.raises(ModelError, match=r"scratch could not be written: is there room.*No space left"):
        Run(tmp_path)


def test_each_sample_is_learned_once_in_an_epoch(tmp_path: Path) -> None:
    trainer = Run(tmp_path).trainer
    for epoch in range(2):
        steps = range(epoch * trainer.steps_per_epoch, (epoch + 1) * trainer.steps_per_epoch)
        seen = [e.sample.id for step in steps for e in trainer.batch(step)]
        assert sorted(seen) == [f"anchor/{i}" for i in range(10)]
