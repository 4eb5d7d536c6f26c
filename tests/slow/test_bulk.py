"""`evaluate --servers`: two workers of datatrove's, each with a server of its own, killed and resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mascot.evaluation.run_folder import RunFolder
from tests.fixtures.servers import Handler, serve

pytest.importorskip("datatrove")
HOME = Path(os.environ.get("MASCOT_HOME", ".mascot")).resolve()


class Server(Handler):
    """Says the last words of its prompt; refuses everything after `left` answers, once `patience` is set."""

    asked: list[Mapping[str, Any]]
    left: int
    lock: threading.Lock
    busy: threading.Event
    """Set as soon as it was asked something."""
    patience: threading.Event

    def do_GET(self) -> None:  # noqa: N802
        self.answer(json.dumps({"data": [{"id": "m", "owned_by": "someone"}]}).encode())

    def do_POST(self) -> None:  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.lock:
            self.asked.append(body)
            type(self).left -= 1
        self.busy.set()
        if self.left < 0:
            self.patience.wait(60)
            self.answer(b'{"error": {"message": "enough"}}', status=400)
            return
        words = body["messages"][-1]["content"].split()[-6:]
        events: list[Any] = [{"choices": [{"delta": {"content": " ".join(words) + "."}}]}]
        events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        self.answer(f"{lines}data: [DONE]\n\n".encode(), "text/event-stream")


def server(left: int = 10_000, patience: threading.Event | None = None) -> type[Server]:
    own = {"lock": threading.Lock(), "busy": threading.Event(), "patience": patience or threading.Event()}
    return type("Own", (Server,), {"asked": [], "left": left, **own})


def evaluate(out: Path, *servers: str) -> subprocess.CompletedProcess[str]:
    arguments = ["--data", "expert", "--systems", "zero-shot,round-robin", "--limit", "8", "--turns", "2"]
    command = [sys.executable, "-m", "mascot", "evaluate", *arguments, "--out", str(out)]
    listed = ",".join(f"{address}/v1" for address in servers)
    quiet = {"MASCOT_HOME": str(HOME), "MASCOT_MODEL": "m", "NO_PROXY": "*"}
    return subprocess.run(
        [*command, "--servers", listed],
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.model
@pytest.mark.skipif(not (HOME / "models" / "all-minilm-l6-v2").is_dir(), reason="run `make setup`")
def test_two_workers_share_a_run_and_go_on_after_a_failure(tmp_path: Path) -> None:
    one, other = server(), server()
    failing = server(left=9, patience=one.busy)  # a worker that fails takes the other one with it
    with serve(one) as first, serve(failing) as second:
        broken = evaluate(tmp_path / "run", first, second)
    assert broken.returncode == 2, broken.stderr
    assert "a worker failed" in broken.stderr.splitlines()[-1]
    before = len(one.asked)
    with serve(one) as first, serve(other) as second:
        done = evaluate(tmp_path / "run", first, second)
    assert done.returncode == 0, done.stderr
    run = RunFolder(tmp_path / "run")
    assert {name: len(run.dialogues(name)) for name in run.systems()} == {"zero-shot": 8, "round-robin": 8}
    assert before > 0
    assert other.asked
    assert len(one.asked) - before + len(other.asked) < 8 + 16
