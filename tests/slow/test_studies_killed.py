"""The server of a study killed (SIGKILL) while people answer: they send again, and go on where they were."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from studies.flow.flow import Flow
from studies.simulate.raters import Rater, Truth
from studies.simulate.report import report
from studies.simulate.walk import Trace, Walker
from studies.web.serving import close_served, open_served
from tests.fixtures.studies import ARMS, prepared

ROOT = Path(__file__).parents[2]


class Patient(httpx.HTTPTransport):
    """As a page does: sends again, with the same key, until there is an answer."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + 90
        while True:
            try:
                answer = super().handle_request(request)
                answer.read()
                return answer
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


class Server:
    """`studies serve` in a process of its own, again and again on one port."""

    def __init__(self, file: Path, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "studies", "serve", str(file), "--port", str(self.port)]
        self._start = lambda: subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"MASCOT_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = self._start()

    def wait(self) -> None:
        assert self._process.stdout is not None
        assert "participants" in self._process.stdout.readline()

    def kill(self) -> None:
        """No goodbye; the next one starts at once."""
        self._end(signal.SIGKILL)
        self._process = self._start()

    def end(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: int) -> None:
        self._process.send_signal(how)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def walking(flow: Flow, base: str, people: int) -> Iterator[list[Trace]]:
    """People who walk while the block runs; afterwards all have come to an end."""
    traces: list[Trace] = []

    def arms(key: str) -> list[str]:
        who = flow.served.journal.participant(flow.study.id, key)
        hand = flow.rating.hand(flow.rating.had(who), "en")
        return [] if hand is None else [hand.sheet.item.arms[each.candidate] for each in hand.sheet.shown]

    right = {"what": "talks", "q-reads": "two"}

    def walk(number: int) -> None:
        rater = Rater.drawn(Truth.spread(ARMS), True, random.Random(number))
        with httpx.Client(transport=Patient(), timeout=60) as client:
            walker = Walker(
                client, base, rater, arms, lambda _step, question: right.get(question.id), think=0.05
            )
            traces.append(walker.walk({"code": f"c{number}"}))

    threads = [threading.Thread(target=walk, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    yield traces
    for thread in threads:
        thread.join(300)


def trial(folder: Path, kills: int, people: int) -> None:
    design, place, settings = prepared(folder, situations=people)
    server = Server(design.path, settings.home)
    served = open_served(design, place, settings)
    try:
        server.wait()
        flow = Flow(served)
        base = f"http://127.0.0.1:{server.port}/study/{design.study.id}"
        with walking(flow, base, people) as traces:
            for _ in range(kills):
                time.sleep(random.uniform(0.5, 1.5))
                server.kill()
                server.wait()
        found = report(flow, Truth.spread(ARMS), traces)
    finally:
        server.end()
        close_served(served)
    assert found.ends == {"complete": people}
    assert found.acknowledged > 10 * people
    assert (found.lost, found.twice, found.steps_repeated, found.problems) == (0, 0, 0, ())


def test_a_killed_server_loses_no_answer_and_repeats_no_step(tmp_path: Path) -> None:
    trial(tmp_path, kills=2, people=4)


@pytest.mark.long
def test_a_server_killed_forty_times_loses_no_answer_and_repeats_no_step(tmp_path: Path) -> None:
    trial(tmp_path, kills=40, people=60)
