"""A run of policy optimisation: steps, measurements on dev, checkpoints, and going on exactly where it was.

What is drawn in a step is a function of the step's number; all else is in the checkpoint. So a run that was
killed and resumed ends on the processor with the same weights, bit for bit; a GPU adds up in no fixed order.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Protocol

from mascot.alignment.checkpoint import Checkpoint
from mascot.alignment.policy_learner import PolicyLearner, Weights
from mascot.alignment.policy_recipe import PolicyRecipe

STEPS: Final = "steps.csv"
"""What came of each step."""
DEV: Final = "dev.csv"
"""What was measured on dev, and when."""
OBJECTIVE: Final = "objective"
"""The figure by which the weights are kept that did best on dev."""
Row = dict[str, float]


class Stage(Protocol):
    """What is optimised."""

    @property
    def learners(self) -> Sequence[PolicyLearner]: ...
    def step(self, number: int) -> Row:
        """Draw, reward, learn; figures of it."""
        ...

    def measure(self) -> Row:
        """Figures on dev, the same draw each time; `OBJECTIVE` among them."""
        ...


@dataclass
class PolicyProgress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    steps: list[Row] = field(default_factory=list)
    dev: list[Row] = field(default_factory=list)

    @property
    def best(self) -> Row:
        return max(self.dev, key=lambda row: row[OBJECTIVE])


class PolicyRun:
    """Runs a stage, and keeps the weights that did best on dev.

    Args:
        folder: where curves and checkpoint lie.
        fingerprint: of data and settings; a checkpoint of other ones is refused.
    """

    def __init__(self, stage: Stage, recipe: PolicyRecipe, folder: Path, fingerprint: str) -> None:
        self._stage, self._recipe, self._folder = stage, recipe, folder
        self._checkpoint = Checkpoint(folder, fingerprint)
        self.progress = PolicyProgress()
        self.best: dict[str, Weights] = {}
        """By learner."""

    def run(self, on_step: Callable[[PolicyProgress], None], keep: Callable[[], None] = lambda: None) -> None:
        """To the end, or until time is up; the learners then have the best weights.

        Args:
            on_step: told after each step.
            keep: puts on disk what has become of the weights; only then the checkpoint goes.

        Raises:
            ModelError: there is a checkpoint of another run.
        """
        now = self.progress
        if self._checkpoint.exists():
            self._load()
            now = self.progress
        while now.step < self._recipe.steps and not self._late():
            started = time.perf_counter()
            if now.step == 0:
                self._measure()
            now.steps.append({"step": now.step + 1, **self._stage.step(now.step)})
            now.step += 1
            now.seconds += time.perf_counter() - started
            if now.step % self._recipe.every == 0 or now.step == self._recipe.steps or self._late():
                self._measure()
            if self._saves(now.step):
                self._save()
            on_step(now)
        if not self._saves(now.step):
            self._save()
        for learner in self._stage.learners:
            learner.weights = self.best[learner.name]
        keep()
        self._checkpoint.remove()

    def _saves(self, step: int) -> bool:
        return step % self._recipe.checkpoint_steps == 0

    def _late(self) -> bool:
        minutes = self._recipe.minutes
        return minutes is not None and self.progress.seconds > 60 * minutes

    def _measure(self) -> None:
        now = self.progress
        now.dev.append({"step": now.step, **self._stage.measure()})
        if now.best is now.dev[-1]:
            self.best = {learner.name: learner.weights for learner in self._stage.learners}
        write_rows(self._folder / DEV, now.dev)
        if now.steps:
            write_rows(self._folder / STEPS, now.steps)

    def _save(self) -> None:
        state = {
            "learners": {learner.name: learner.state() for learner in self._stage.learners},
            "best": self.best,
            "progress": asdict(self.progress),
        }
        self._checkpoint.save(state)

    def _load(self) -> None:
        state = self._checkpoint.load()
        for learner in self._stage.learners:
            learner.restore(state["learners"][learner.name])
        self.best = state["best"]
        self.progress = PolicyProgress(**state["progress"])


def write_rows(file: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Rows as CSV; a column for every figure that any of them has, in the order of their coming."""
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", newline="") as out:
        table = csv.DictWriter(out, columns, restval="")
        table.writeheader()
        table.writerows(rows)
