"""The app as it is run: how long until its page answers, how much memory it takes, what its director costs.

`app.py` on the embedded default in a process of its own, one conversation over its HTTP routes.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

import mascot
from mascot.bench.material import short_talks
from mascot.bench.measure import Figure, Say
from mascot.conversation.personas import load_cast
from mascot.errors import EngineError
from mascot.settings import Settings

START, MEMORY, SHARED, PEAK = (
    "start to first page",
    "memory after a conversation",
    "unshared part",
    "peak memory",
)
SHARE, TURN, DECIDE = "director's share of the turns", "a turn", "its director"
_OWNER = {"X-Mascot-Owner": "0123456789abcdef" * 2}
_PATIENCE = 300.0
"""Seconds to wait for the first page, and for a round."""
_MIB = 1024.0**2


@dataclass(frozen=True)
class App:
    """The app while it runs."""

    url: str
    process: psutil.Process
    start_seconds: float


def app_process(settings: Settings, starts: int, rounds: int, say: Say) -> list[Figure]:
    """Start-up time of several starts; memory and the director's share in one conversation of the last."""
    took: list[float] = []
    for _ in range(starts - 1):
        with running(settings) as app:
            took.append(app.start_seconds)
    with running(settings) as app:
        took.append(app.start_seconds)
        said = [talk.turns[0].text for talk in short_talks(rounds, load_cast())]
        turns = list(_conversation(app.url, said))
        memory = _memory(app.process)
    deciding = [decided for decided, _ in turns]
    whole = [decided + spoke for decided, spoke in turns]
    figures = [
        Figure(START, tuple(took), "s"),
        *memory,
        Figure(TURN, tuple(whole), "s"),
        Figure(DECIDE, tuple(deciding), "s"),
        Figure(SHARE, (100 * sum(deciding) / sum(whole),), "%"),
    ]
    say(", ".join(f"{figure.what} {figure.median:.1f} {figure.unit}" for figure in figures))
    return figures


@contextmanager
def running(settings: Settings) -> Iterator[App]:
    """The app on a free port, with a store of its own, from its first answer until the block ends.

    Raises:
        EngineError: it ended, or did not answer in time.
    """
    with tempfile.TemporaryDirectory(prefix="mascot-bench-") as folder:
        port = _free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=Path(mascot.__file__).parents[1],
            env=_environment(settings, port, Path(folder, "bench.db")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(url, process)
            yield App(url, psutil.Process(process.pid), time.perf_counter() - started)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def turns_of(events: list[dict]) -> Iterator[tuple[float, float]]:
    """Seconds of deciding and of speaking, for each finished turn of a conversation's events."""
    decided = 0.0
    for event in events:
        if event["type"] == "directive":
            decided = event["seconds"]
        elif event["type"] == "utterance":
            yield decided, event["seconds"]


def _environment(settings: Settings, port: int, store: Path) -> dict[str, str]:
    """The default app: nothing of this process's settings but where the models are."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASCOT_")}
    own = {"HOME": str(settings.home), "MODEL": "embedded", "ENGINE": "auto"}
    own |= {"PORT": str(port), "STORE": f"sqlite:///{store}"}
    return kept | {f"MASCOT_{name}": value for name, value in own.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EngineError(
                f"the app ended with code {process.returncode}: start it by `make run` to see why"
            )
        try:
            if httpx.get(url, timeout=_PATIENCE, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise EngineError(f"the app did not answer in {_PATIENCE:.0f} s: start it by `make run` to see why")


def _conversation(url: str, messages: Sequence[str]) -> Iterator[tuple[float, float]]:
    """Some messages and the rounds they get, as fast as the model can."""
    with httpx.Client(base_url=f"{url}/live", timeout=_PATIENCE, trust_env=False) as http:
        id, seen = http.post("/conversations", headers=_OWNER).raise_for_status().json()["id"], 0
        http.post(f"/conversations/{id}/act", json={"do": "pace", "pace": "immediate"}).raise_for_status()
        for number, text in enumerate(messages):
            said = {"text": text, "key": f"bench-{number:04}"}
            seen = http.post(f"/conversations/{id}/say", json=said).raise_for_status().json()["seq"]
            events = _round(http, id, seen)
            yield from turns_of(events)
            if (
                events[-1]["type"] == "crisis"
            ):  # the recogniser is part of what is measured, also where it errs
                http.post(f"/conversations/{id}/act", json={"do": "acknowledge"}).raise_for_status()


def _round(http: httpx.Client, id: str, after: int) -> list[dict]:
    """The events of a round, up to its yield."""
    events: list[dict] = []
    with http.stream("GET", f"/conversations/{id}/events", params={"after": after}) as response:
        for line in response.iter_lines():
            entry = json.loads(line[5:]) if line.startswith("data:") else {}
            if isinstance(entry, dict) and "event" in entry:
                events.append(entry["event"])
                if events[-1]["type"] in ("yield", "crisis"):
                    break
    return events


def _memory(process: psutil.Process) -> list[Figure]:
    """Of the process and its children: resident, its unshared part, and the peak (the last two on Linux)."""
    family = [process, *process.children(recursive=True)]
    resident = sum(one.memory_info().rss for one in family) / _MIB
    figures = [Figure(MEMORY, (resident,), "MiB")]
    full = [one.memory_full_info() for one in family]
    if all(hasattr(one, "uss") for one in full):
        figures.append(Figure(SHARED, (sum(one.uss for one in full) / _MIB,), "MiB"))
    status = Path(f"/proc/{process.pid}/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        figures.append(Figure(PEAK, (int(line.split()[1]) / 1024,), "MiB"))
    return figures
