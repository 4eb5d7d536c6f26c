"""A run of `evaluate` on the embedded model, killed at random moments, ends in the bytes of one that was not.

pytest -m long tests/slow/test_evaluate.py      # six systems, people who answer back, five kills
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.models import embedded_gguf
from tests.unit.evaluation.test_evaluate import written

__all__ = ["embedded_gguf"]
pytestmark = pytest.mark.model
_PATIENCE = 1800


@dataclass(frozen=True)
class Runs:
    """Runs of one kind in a folder."""

    home: Path
    arguments: tuple[str, ...]

    def start(self, out: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "mascot", "evaluate", *self.arguments, "--out", str(out)]
        settings = {"MASCOT_HOME": str(self.home), "MASCOT_MODEL": "embedded", "MASCOT_ENGINE": "llamacpp"}
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env={**os.environ, **settings}, stdout=quiet, stderr=quiet)

    def finish(self, out: Path) -> dict[str, bytes]:
        with self.start(out) as process:
            assert process.wait(_PATIENCE) == 0
        return written(out)

    def kill_after(self, out: Path, dialogues: int, delay: float) -> None:
        """SIGKILL a little after so many dialogues are there; or let it end, if it is faster than that."""
        with self.start(out) as process:
            while process.poll() is None and finished(out) < dialogues:
                time.sleep(0.02)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)


def finished(out: Path) -> int:
    """Whole dialogues in a folder."""
    files = [p for p in out.glob("dialogues/*.jsonl") if not p.name.endswith(".seconds.jsonl")]
    return sum(max(path.read_bytes().count(b"\n") - 1, 0) for path in files)


def test_a_killed_run_goes_on_to_the_same_bytes(embedded_gguf: Path, tmp_path: Path) -> None:
    arguments = ("--data", "expert", "--systems", "zero-shot,mascot", "--limit", "3", "--turns", "2")
    runs = Runs(embedded_gguf.parents[1], arguments)
    runs.kill_after(tmp_path / "killed", 2, 0.4)
    assert 2 <= finished(tmp_path / "killed") < 6
    assert runs.finish(tmp_path / "killed") == runs.finish(tmp_path / "whole")


@pytest.mark.long
def test_five_kills_change_nothing(embedded_gguf: Path, tmp_path: Path) -> None:
    systems = "zero-shot-cot,few-shot,mascot-c,multiagentesc,selector,mascot-bare"
    arguments = ("--data", "expert", "--systems", systems, "--limit", "3", "--turns", "3")
    runs = Runs(embedded_gguf.parents[1], (*arguments, "--users", "INTJ", "--rounds", "2"))
    chance = random.Random(7)
    for kill in range(5):
        runs.kill_after(tmp_path / "killed", 2 + 3 * kill, 4 * chance.random())
    assert runs.finish(tmp_path / "killed") == runs.finish(tmp_path / "whole")
