"""Killed at random moments, each time with its disk: what the archive was said to hold is there, what was
deleted is not."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.slow.client import OWNER, WAIT
from tests.slow.restarting import serve_on

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.slow.restarting"])


@dataclass
class Known:
    """What a visitor knows of a conversation."""

    said: dict[str, datetime] = field(default_factory=dict)
    """When each message had been acknowledged, by the clock of this machine."""
    shown: dict[int, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)
    """Finished events and when they had been seen."""


@dataclass
class Figures:
    """What a trial has gone through."""

    kills: int = 0
    messages: int = 0
    looked_for: int = 0
    """How often a message that the page had said to be safe was looked for on a new disk, and found."""
    lost: int = 0
    """Messages that were not exported yet when the disk vanished, and went with it."""
    deleted: int = 0


class Trial:
    """One visitor's conversations over many lives of a server."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self._known: dict[str, Known] = {}
        self._deleted: set[str] = set()
        self._safe_until = datetime.min.replace(tzinfo=UTC)
        self.figures = Figures()

    def run(self, kills: int) -> Figures:
        for n in range(kills):
            with self._life(n) as address:
                self._check(address)
                threading.Timer(self._chance.uniform(0.1, 0.9), self._kill).start()
                with suppress(httpx.TransportError):
                    while True:
                        self._deed(address)
            self.figures.kills += 1
        with self._life(kills) as address:
            self._check(address)
        return self.figures

    @contextmanager
    def _life(self, n: int) -> Iterator[str]:
        disk = self._folder / f"disk{n}"
        here, there = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(
            target=serve_on, args=(disk, self._folder / "archive", there), daemon=True
        )
        self._process.start()
        there.close()
        with here:
            assert here.poll(WAIT), "the server did not start"
            address = f"http://127.0.0.1:{here.recv()}/live"
        try:
            yield address
        finally:
            self._kill()
            self._process.join(WAIT)
            shutil.rmtree(disk)

    def _kill(self) -> None:
        self._process.kill()

    def _deed(self, address: str) -> None:
        """Say something, delete something, read what came, and hear how far the archive reaches."""
        dice = self._chance.random()
        ids = sorted(self._known)
        if not ids or dice < 0.15:
            self._known[_answer(httpx.post(f"{address}/conversations", headers=OWNER))["id"]] = Known()
        elif dice < 0.2:
            self._delete(address, self._chance.choice(ids))
        else:
            self._say(address, self._chance.choice(ids))
        exported = _answer(httpx.get(f"{address}/keeping"))["exported"]
        if exported["until"]:
            self._safe_until = datetime.fromisoformat(exported["until"])
        time.sleep(0.01)

    def _say(self, address: str, id: str) -> None:
        text = f"message {self.figures.messages}"
        self.figures.messages += 1
        body = {"text": text, "key": f"key {text:>20}"}
        _answer(httpx.post(f"{address}/conversations/{id}/say", json=body))
        self._known[id].said[text] = datetime.now(UTC)
        for event in _answer(httpx.get(f"{address}/conversations/{id}/export.json"))["events"]:
            self._known[id].shown.setdefault(event["seq"], (datetime.now(UTC), event))

    def _delete(self, address: str, id: str) -> None:
        try:
            _answer(httpx.delete(f"{address}/conversations/{id}"))
        except httpx.TransportError:
            del self._known[id]  # nobody knows whether it was
            raise
        self.figures.deleted += 1
        self._deleted.add(id)
        del self._known[id]

    def _check(self, address: str) -> None:
        for id in self._deleted:
            assert httpx.get(f"{address}/conversations/{id}").status_code == 404, "a deleted one came back"
        for id, known in list(self._known.items()):
            safe = {text for text, at in known.said.items() if at <= self._safe_until}
            self.figures.looked_for += len(safe)
            answer = httpx.get(f"{address}/conversations/{id}/export.json")
            if answer.status_code == 404:
                assert not safe, f"{sorted(safe)} was said to be exported and is not there"
                self.figures.lost += len(known.said)
                del self._known[id]
                continue
            there = {event["seq"]: event for event in answer.json()["events"]}
            said = [event["text"] for event in there.values() if event["type"] == "user"]
            assert len(said) == len(set(said)), "a message is there twice"
            assert safe <= set(said)
            self.figures.lost += len(known.said.keys() - set(said))
            for seq, (at, event) in known.shown.items():
                assert at > self._safe_until or there.get(seq) == event
            now = datetime.now(UTC)
            self._known[id] = Known(
                {text: known.said.get(text, now) for text in said},
                {seq: (known.shown.get(seq, (now, {}))[0], event) for seq, event in there.items()},
            )


def _answer(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()


def test_eight_lost_disks_lose_nothing_that_was_exported(tmp_path: Path) -> None:
    figures = Trial(tmp_path, seed=1).run(kills=8)
    assert figures.looked_for > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_two_hundred_lost_disks_in_four_trials(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = Trial(tmp_path, seed).run(kills=50)
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")
