"""ZeroGPU as far as a machine without one can tell: a stand-in lends a forked process to each call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mascot.engines.select import plan_engine
from mascot.engines.zerogpu import lend
from mascot.errors import ModelError
from mascot.settings import Settings
from tests.fixtures.tiny import tiny

ROOT = Path(__file__).parents[3]
STAND_IN = ROOT / "tests" / "fixtures" / "lent_gpu"


def test_calls_in_forked_processes_say_what_the_usual_engine_says(tmp_path: Path) -> None:
    path = os.pathsep.join([str(STAND_IN), str(ROOT)])
    run = subprocess.run(
        [sys.executable, str(STAND_IN / "trial.py"), str(tiny(tmp_path / "model"))],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    assert figures["same text"]
    assert figures["twice the same"]
    assert figures["weights"][0] == pytest.approx(figures["weights"][1], abs=1e-6)
    assert figures["cancelled"] == "cancelled"
    assert figures["cached"] == 0
    assert set(figures["lent"]) == {"write", "compare"}
    assert figures["info"] == ["zerogpu", []]


def test_a_zero_gpu_space_is_known_by_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    plan = plan_engine(Settings(home=tmp_path))
    assert plan.tier is not None
    assert (plan.engine, plan.tier.name) == ("transformers", "standard")
    assert "ZeroGPU" in plan.why
    assert plan_engine(Settings(home=tmp_path, engine="llamacpp")).model == "embedded"


def test_without_its_package_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    with pytest.raises(ModelError, match="the package `spaces` is not installed"):
        lend()
