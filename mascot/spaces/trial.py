"""Starting a Space here as the hub would there: its variables, its port, a home that vanishes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from mascot.errors import InputError
from mascot.spaces.card import PYTHON

PORT = 7860
STARTED = "MASCOT Studio:"
_SAY = "My best friend got engaged, and I feel jealous."


@dataclass(frozen=True)
class Trial:
    """What a Space did when it was tried."""

    start_seconds: float
    """Until the page answered."""
    answer_seconds: float
    """Until a persona had answered a first message."""
    speaker: str


def variables(home: Path, space: str, port: int) -> dict[str, str]:
    """The environment of a Space's process: what the hub sets, and nothing of this machine's but PATH."""
    owner, _, name = space.partition("/")
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "SYSTEM": "spaces",
        "SPACE_ID": space,
        "SPACE_AUTHOR_NAME": owner,
        "SPACE_REPO_NAME": name,
        "SPACE_TITLE": "MASCOT Studio",
        "SPACE_HOST": f"{owner}-{name}.hf.space".lower(),
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ALLOW_FLAGGING": "never",
        "GRADIO_THEME": "huggingface",
        "HF_HUB_ENABLE_HF_TRANSFER": "0",
        "CPU_CORES": "2",
        "MEMORY": "16Gi",
        "PYTHONUNBUFFERED": "1",
        "TZ": "Europe/Paris",
    }


@dataclass(frozen=True)
class Running:
    """A Space that answers."""

    address: str
    seconds: float
    """What starting took."""
    log: Path
    """What it has written so far, for as long as it runs."""


@contextmanager
def started(
    space_files: Path, models: Path | None, port: int = PORT, extra: dict[str, str] | None = None
) -> Iterator[Running]:
    """The Space, served from a home that is deleted afterwards.

    Args:
        space_files: what `assemble` wrote.
        models: a folder of models to lend it; None lets it fetch them, as on the hub.
        port: where it listens.
        extra: secrets and variables, as its owner would set them on the hub.

    Raises:
        InputError: another Python than a Space's, or it did not start; says what it said.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != PYTHON:
        raise InputError(
            f"a Space runs Python {PYTHON}, and this is {here}: `make space PYTHON=python{PYTHON}`"
        )
    with tempfile.TemporaryDirectory(prefix="mascot-space-") as folder:
        home = Path(folder, "home", "user")
        app = home / "app"
        shutil.copytree(space_files, app)
        if models is not None:
            (app / ".mascot").mkdir()
            (app / ".mascot" / "models").symlink_to(models.resolve())
        environment = variables(home, "somebody/mascot-studio", port) | (extra or {})
        log = Path(folder, "log")
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=app, env=environment, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            address = f"http://127.0.0.1:{port}"
            yield Running(address, _until_it_answers(process, address, log), log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> float:
    began = time.monotonic()
    while time.monotonic() - began < 600:
        if process.poll() is not None:
            raise InputError(f"the Space did not start: {' '.join(log.read_text().split())[-600:]}")
        if STARTED in log.read_text():
            httpx.get(address + "/").raise_for_status()
            return time.monotonic() - began
        time.sleep(0.1)
    raise InputError("the Space did not start within ten minutes")


def converse(address: str, patience: float = 180.0) -> tuple[str, float]:
    """Say something and hear an answer; who gave it, and after how many seconds.

    Raises:
        InputError: nobody answered.
    """
    began = time.monotonic()
    with httpx.Client(base_url=address, headers={"X-Mascot-Owner": "0" * 32}, timeout=30) as page:
        id = page.post("/live/conversations").raise_for_status().json()["id"]
        page.post(
            f"/live/conversations/{id}/act", json={"do": "pace", "pace": "immediate"}
        ).raise_for_status()
        said = {"text": _SAY, "key": "first-words"}
        page.post(f"/live/conversations/{id}/say", json=said).raise_for_status()
        while time.monotonic() - began < patience:
            events = page.get(f"/live/conversations/{id}/export.json").json()["events"]
            for event in events:
                if event["type"] == "utterance":
                    return event["agent"], time.monotonic() - began
            time.sleep(0.2)
    raise InputError(f"the Space started, and nobody answered within {patience:.0f} seconds")


def try_out(space_files: Path, models: Path | None, port: int, stay: Callable[[str], None]) -> Trial:
    """Start it, hear one answer, and do with it what is wanted (serve until Ctrl-C, or nothing)."""
    with started(space_files, models, port) as space:
        speaker, answered = converse(space.address)
        stay(space.address)
        return Trial(space.seconds, answered, speaker)
