"""A server killed at random moments: what a person saw is there after the restart, and nothing twice."""

from __future__ import annotations

import multiprocessing
import random
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.slow.client import WAIT, Page, Shown, open_page
from tests.slow.server import serve

FINISHED = ("utterance", "interrupted")
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.slow.server"])


class Server:
    """A server on a store, in a process of its own."""

    def __init__(self, store: Path) -> None:
        here, there = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=serve, args=(store, there), daemon=True)
        self._process.start()
        there.close()
        with here:
            assert here.poll(WAIT), "the server did not start"
            self.address = f"http://127.0.0.1:{here.recv()}"

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self._process.kill()
        self._process.join(WAIT)


@contextmanager
def serving(store: Path) -> Iterator[Server]:
    server = Server(store)
    try:
        yield server
    finally:
        server.kill()


@dataclass
class Figures:
    """What a trial has gone through."""

    kills: int = 0
    events: int = 0
    cut_short: int = 0
    lost_answers: int = 0


def trial(store: Path, kills: int, seed: int) -> Figures:
    """Talk, kill, restart, compare: `kills` times over."""
    chance = random.Random(seed)
    pages: list[Page] = []
    for n in range(kills):
        with serving(store) as server:
            for page in pages[-3:]:
                check(page, server.address)
            if not pages or chance.random() < 0.25:
                pages.append(open_page(server.address))
            page = chance.choice(pages[-3:])
            with page.watching(server.address):
                moment = threading.Timer(chance.uniform(0, 0.6), server.kill)
                moment.start()
                page.say(server.address, f"key-{n:08}", f"Message {n}.")
                moment.join()
    figures = Figures(kills, lost_answers=sum(len(page.said.keys() - page.acknowledged) for page in pages))
    with serving(store) as server:
        for n, page in enumerate(pages):
            check(page, server.address)
            said = page.say(server.address, f"last-{n:08}", f"Last words {n}.")
            page.read(server.address, said, until="yield")
            stored = check(page, server.address)
            assert stored[max(stored)]["type"] == "yield"
            figures.events += len(page.seen)
            figures.cut_short += sum(event["type"] == "interrupted" for event in stored.values())
    return figures


def check(page: Page, address: str) -> Shown:
    """Everything the page was ever shown is in the journal, once; what was not acknowledged is sent again."""
    again = sorted(page.said.keys() - page.acknowledged) + sorted(page.acknowledged)[-1:]
    for key in again:
        page.say(address, key, page.said[key])
    before = dict(page.seen)
    stored = page.read(address, until="ready")
    messages = [event["text"] for event in stored.values() if event["type"] == "user"]
    assert sorted(messages) == sorted(page.said.values())
    for seq, event in before.items():
        if event["type"] != "speech":
            assert stored.get(seq) == event, f"event {seq} was shown and is not there"
    for seq, spoken in speeches(before):
        kept = next((e for s, e in sorted(stored.items()) if s > seq and e["type"] in FINISHED), {"text": ""})
        assert kept["text"].startswith(spoken.strip()), f"shown: {spoken!r}, kept: {kept['text']!r}"
    turns = "".join(letter(event) for _, event in sorted(stored.items()))
    assert re.fullmatch("(de)*d?", turns), "a turn was taken, or finished, twice"
    return stored


def speeches(shown: Shown) -> list[tuple[int, str]]:
    """What was shown of each utterance while it was being said, with the number of its last portion."""
    found: list[tuple[int, str]] = []
    for seq in sorted(seq for seq, event in shown.items() if event["type"] == "speech"):
        if found and found[-1][0] == seq - 1:
            found[-1] = (seq, found[-1][1] + shown[seq]["text"])
        else:
            found.append((seq, shown[seq]["text"]))
    return found


def letter(event: dict[str, Any]) -> str:
    """`d` for a directive, `e` for its end."""
    return "d" if event["type"] == "directive" else "e" if event["type"] in FINISHED else ""


def test_twelve_kills_lose_nothing_that_was_seen(tmp_path: Path) -> None:
    trial(tmp_path / "live.db", kills=12, seed=1)


@pytest.mark.long
def test_two_hundred_kills_lose_nothing_that_was_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = trial(tmp_path / "live.db", kills=200, seed=2)
    with capsys.disabled():
        sys.stdout.write(f"\n{figures}\n")
