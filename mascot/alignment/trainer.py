"""A training run of one adapter: steps, dev loss, checkpoints, and going on exactly where it was left.

Everything that decides the next step is either a function of its number (order of samples, learning rate)
or stands in the checkpoint (weights, optimiser, random state), so a run that was killed and resumed ends
with the same weights, bit for bit, as one that was not.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch

from mascot.alignment.checkpoint import Checkpoint
from mascot.alignment.contexts import Contexts
from mascot.alignment.recipe import Recipe

_POOL = 8
"""Batches are cut from so many batches' worth of samples sorted by length, so that little is padding."""


class Item(Protocol):
    """Something to learn from."""

    @property
    def tail(self) -> Sequence[int]:
        """Its tokens; items of like length go through the model together."""
        ...

    @property
    def learned(self) -> int:
        """How many things are learned from it: the tokens of a reply, or one preference."""
        ...


_Item = TypeVar("_Item", bound=Item)
_Item_contra = TypeVar("_Item_contra", contravariant=True)


class Learner(Protocol[_Item_contra]):
    """What can be trained: a `Student`, or a reward model."""

    @property
    def parameters(self) -> list[torch.nn.Parameter]: ...
    def learning(self, yes: bool) -> None: ...
    def loss(self, batch: Sequence[_Item_contra], contexts: Contexts) -> tuple[torch.Tensor, int]: ...
    def weights(self) -> dict[str, torch.Tensor]: ...
    def take(self, weights: dict[str, torch.Tensor]) -> None: ...


@dataclass(frozen=True)
class Point:
    """A point of the curves."""

    step: int
    train_loss: float | None
    """Mean since the point before, nats per token."""
    dev_loss: float
    """Nats per token."""


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    curve: list[Point] = field(default_factory=list)
    lost: float = 0.0
    """Sum of the training losses since the last point."""
    tokens: int = 0
    """Learned tokens since the last point."""

    @property
    def best(self) -> Point:
        return min(self.curve, key=lambda point: point.dev_loss)

    @property
    def stale(self) -> int:
        """Points since the best one."""
        return len(self.curve) - 1 - self.curve.index(self.best)


class Trainer(Generic[_Item]):
    """Trains a student's adapter on samples, and keeps the weights that did best on others.

    Args:
        folder: where the checkpoint lies.
        fingerprint: of data and settings; a checkpoint of other ones is refused.
    """

    def __init__(
        self,
        student: Learner[_Item],
        contexts: Contexts,
        train: Sequence[_Item],
        dev: Sequence[_Item],
        recipe: Recipe,
        epochs: int,
        folder: Path,
        fingerprint: str,
    ) -> None:
        self._student, self._contexts, self._recipe = student, contexts, recipe
        self._train, self._dev = train, sorted(dev, key=lambda e: len(e.tail))
        self._checkpoint = Checkpoint(folder, fingerprint)
        self.steps_per_epoch = math.ceil(len(train) / recipe.batch)
        self.steps = epochs * self.steps_per_epoch
        self._optimiser = torch.optim.AdamW(student.parameters, weight_decay=recipe.weight_decay)
        self.progress = Progress()
        self._best: dict[str, torch.Tensor] = {}

    def run(self, on_step: Callable[[Progress], None], keep: Callable[[], None] = lambda: None) -> None:
        """Train to the end, or until it is enough; the student then has the best weights.

        Args:
            on_step: told after each step.
            keep: puts on disk what has become of the weights; only then the checkpoint goes.

        Raises:
            ModelError: there is a checkpoint of another run.
        """
        if self._checkpoint.exists():
            self._load()
        else:
            torch.manual_seed(self._recipe.seed)
        while self.progress.step < self.steps and not self._enough():
            started = time.perf_counter()
            if self.progress.step == 0 and not self.progress.curve:
                self._evaluate()
            self._step()
            self.progress.step += 1
            if self._is_due(self.progress.step):
                self._evaluate()
            self.progress.seconds += time.perf_counter() - started
            if self._saves(self.progress.step):
                self._save()
            on_step(self.progress)
        if not self._saves(self.progress.step):
            self._save()
        self._student.take(self._best)
        keep()
        self._checkpoint.remove()

    def _saves(self, step: int) -> bool:
        return step % self._recipe.checkpoint_steps == 0

    def _is_due(self, step: int) -> bool:
        """Whether an evaluation comes after this step: evenly over an epoch, the last at its end."""
        per_epoch = self._recipe.evaluations
        return step * per_epoch // self.steps_per_epoch > (step - 1) * per_epoch // self.steps_per_epoch

    def _enough(self) -> bool:
        now, minutes = self.progress, self._recipe.minutes
        if not now.curve:
            return False
        late = minutes is not None and now.seconds > 60 * minutes and now.curve[-1].step == now.step
        return late or now.stale >= self._recipe.patience

    def _step(self) -> None:
        self._student.learning(True)
        for group in self._optimiser.param_groups:
            group["lr"] = self._recipe.learning_rate * self._rate(self.progress.step)
        batch = self.batch(self.progress.step)
        tokens = sum(e.learned for e in batch)
        for part in _cut(batch, self._recipe.micro_batch):
            loss, _ = self._student.loss(part, self._contexts)
            (loss / tokens).backward()
            self.progress.lost += float(loss.detach())
        self.progress.tokens += tokens
        torch.nn.utils.clip_grad_norm_(self._student.parameters, self._recipe.clip)
        self._optimiser.step()
        self._optimiser.zero_grad()

    def _rate(self, step: int) -> float:
        warm = max(1, round(self._recipe.warm_up * self.steps))
        if step < warm:
            return (step + 1) / warm
        return 0.55 + 0.45 * math.cos(math.pi * (step - warm) / max(1, self.steps - warm))

    def batch(self, step: int) -> list[_Item]:
        """The samples of a step: each once per epoch, in an order drawn anew, those of a length together."""
        epoch, at = divmod(step, self.steps_per_epoch)
        lot = random.Random(f"{self._recipe.seed}/{epoch}")
        order = lot.sample(list(self._train), len(self._train))
        pools = _cut(order, self._recipe.batch * _POOL)
        alike = [sorted(pool, key=lambda e: len(e.tail)) for pool in pools]
        batches = [batch for pool in alike for batch in _cut(pool, self._recipe.batch)]
        lot.shuffle(batches)
        return batches[at]

    def _evaluate(self) -> None:
        self._student.learning(False)
        total, tokens = 0.0, 0
        with torch.no_grad():
            for part in _cut(self._dev, 2 * self._recipe.micro_batch):
                loss, count = self._student.loss(part, self._contexts)
                total, tokens = total + float(loss), tokens + count
        now = self.progress
        now.curve.append(Point(now.step, now.lost / now.tokens if now.tokens else None, total / tokens))
        now.lost, now.tokens = 0.0, 0
        if now.best is now.curve[-1]:
            self._best = self._student.weights()

    def _save(self) -> None:
        state = {
            "weights": self._student.weights(),
            "best": self._best,
            "optimiser": self._optimiser.state_dict(),
            "random": random_state(),
            "progress": asdict(self.progress),
        }
        self._checkpoint.save(state)

    def _load(self) -> None:
        state = self._checkpoint.load()
        self._student.take(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])
        set_random_state(state["random"])
        self._best = state["best"]
        points = [Point(**point) for point in state["progress"].pop("curve")]
        self.progress = Progress(**state["progress"], curve=points)


def random_state() -> dict[str, torch.Tensor]:
    """Where torch's random numbers stand, on the processor and on the GPU if there is one."""
    state = {"cpu": torch.get_rng_state()}
    return {**state, "cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else state


def set_random_state(state: dict[str, torch.Tensor]) -> None:
    """Go on from there."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def _cut(items: Sequence[_Item], size: int) -> list[list[_Item]]:
    return [list(items[i : i + size]) for i in range(0, len(items), size)]
