"""The app as it is started: what a user gets wrong is one line and exit code 2."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def refused(**settings: str) -> str:
    """The one line with which the app refuses to start."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env=os.environ | settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, run.stderr
    return lines[0]


def test_a_wrong_setting_is_one_line() -> None:
    line = refused(MASCOT_PORT="banana")
    assert "MASCOT_PORT='banana'" in line


@pytest.mark.model
def test_a_missing_model_is_one_line() -> None:
    line = refused(MASCOT_MODEL="/nowhere/model.gguf")
    assert "/nowhere/model.gguf" in line


@pytest.mark.model
def test_a_truncated_model_is_one_line(tmp_path: Path) -> None:
    stump = tmp_path / "stump.gguf"
    stump.write_bytes(b"GGUF\x03\x00\x00\x00")
    assert str(stump) in refused(MASCOT_MODEL=str(stump))


@pytest.mark.model
def test_an_occupied_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused(MASCOT_PORT=port, MASCOT_STORE=f"sqlite:///{tmp_path / 'app.db'}")
    assert port in line


@pytest.mark.model
def test_an_unreachable_server_is_one_line(tmp_path: Path) -> None:
    line = refused(
        MASCOT_ENGINE="openai",
        MASCOT_BASE_URL="http://127.0.0.1:9/v1",
        MASCOT_STORE=f"sqlite:///{tmp_path / 'app.db'}",
    )
    assert "http://127.0.0.1:9/v1" in line
