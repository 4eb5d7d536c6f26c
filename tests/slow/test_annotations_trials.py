"""Raters killed at random moments, and many raters at once: nothing lost, nothing twice."""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import quantiles

import pytest
import sqlalchemy as sa

from annotations.balance import williams
from annotations.database import open_engine
from annotations.schema import JOURNAL
from annotations.store import Store
from tests.fixtures.postgres import Postgres, server
from tests.fixtures.ratings import fill
from tests.slow.raters import QUESTIONS, rate_in_threads

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.slow.raters"])
PROCESSES = 4


@pytest.fixture(scope="module")
def safe_postgres() -> Iterator[Postgres]:
    with server(safe=True) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes an empty database each time."""
    if request.param == "sqlite":
        numbers = count()
        return lambda: f"sqlite:///{tmp_path / f'ratings-{next(numbers)}.db'}"
    return request.getfixturevalue("safe_postgres").new_database


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@dataclass
class Figures:
    """What a trial has gone through. Times in milliseconds, from the caller's side."""

    database: str
    kills: int
    acknowledged: int
    saved: int
    seconds: float
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0


def start(url: str, raters: list[str], log: Path) -> BaseProcess:
    process = CONTEXT.Process(target=rate_in_threads, args=(url, raters, log), daemon=True)
    process.start()
    return process


def crash_trial(url: str, folder: Path, kills: int, seed: int) -> Figures:
    """Two processes at a time rate; one or the other is killed and started again."""
    chance = random.Random(seed)
    log = folder / "acknowledged"
    began = time.monotonic()
    with Store.open(url) as store:
        fill(store, items=6 * kills, raters=8, wanted=3)
        groups = [[f"r{n}" for n in range(4)], [f"r{n}" for n in range(4, 8)]]
        running = [start(url, group, log) for group in groups]
        for n in range(kills):
            victim = n % 2
            # Long enough for it to have begun, and then at any moment of its writing.
            seen, deadline = size(log), time.monotonic() + 2.0
            while size(log) == seen and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(chance.uniform(0.0, 0.03))
            running[victim].kill()
            running[victim].join()
            running[victim] = start(url, groups[victim], log)
            if n % 50 == 0:
                check(store, url, log)
        for process in running:
            process.kill()
            process.join()
        return check(store, url, log, kills, time.monotonic() - began)


def contention_trial(url: str, folder: Path, clients: int, answers: int) -> Figures:
    """So many raters over four processes complete a study together."""
    log = folder / "acknowledged"
    wanted, items = 4, answers // QUESTIONS // 4
    with Store.open(url) as store:
        fill(store, items, clients, wanted)
        began = time.monotonic()
        names = [f"r{n}" for n in range(clients)]
        processes = [start(url, names[n::PROCESSES], log) for n in range(PROCESSES)]
        for process in processes:
            process.join()
            assert process.exitcode == 0
        figures = check(store, url, log, seconds=time.monotonic() - began)
        shown = Counter((a.item, a.order) for a in store.assignments("s"))
        assert set(shown.values()) == {wanted // len(williams(2))}
        assert len(shown) == items * len(williams(2))
    return figures


def size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def check(store: Store, url: str, log: Path, kills: int = 0, seconds: float = 0.0) -> Figures:
    """Whatever was acknowledged is there, once; no item has more raters than wanted; the chain holds."""
    lines = [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []
    acknowledged = {key for key, _ in lines}
    engine = open_engine(url)
    with engine.connect() as connection:
        saved = set(connection.scalars(sa.select(JOURNAL.c.key).where(JOURNAL.c.kind == "answers")))
    engine.dispose()
    assert acknowledged <= saved, f"lost: {sorted(acknowledged - saved)[:5]}"
    rated = [(r.answer.assignment, r.answer.criterion) for r in store.answers("s")]
    assert len(set(rated)) == len(rated), "an answer is there twice"
    done = [a for a in store.assignments("s") if a.outcome == "completed"]
    assert len({(a.item, a.rater) for a in done}) == len(done)
    per_item = Counter(a.item for a in done)
    per_cell = Counter((a.item, a.order) for a in done)
    wanted = {item.id: item.wanted for item in store.items("s")}
    for name, raters in per_item.items():
        assert raters <= wanted[name]
        cells = [per_cell[name, order] for order in williams(2)]
        assert max(cells) - min(cells) <= 1
    assert store.verify() == []
    times = [1000 * float(seconds) for _, seconds in lines]
    cuts = quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return Figures(
        url.split(":", maxsplit=1)[0], kills, len(lines), len(saved), round(seconds, 1),
        *(round(cuts[n], 1) for n in (49, 94, 98)),
    )  # fmt: skip


def report(capsys: pytest.CaptureFixture[str], figures: Figures) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{json.dumps(asdict(figures))}\n")


def test_two_hundred_kills_lose_nothing_that_was_acknowledged(url: str, tmp_path: Path) -> None:
    figures = crash_trial(url, tmp_path, kills=100, seed=1)
    assert figures.acknowledged > 100


@pytest.mark.long
def test_ten_thousand_kills_lose_nothing_that_was_acknowledged(
    new_url: Callable[[], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(10):
        # A study of its own each time: on one that is complete nobody would be writing.
        folder = tmp_path / str(seed)
        folder.mkdir()
        figures = crash_trial(new_url(), folder, kills=500, seed=seed)
        report(capsys, figures)
        assert figures.acknowledged > 500


def test_forty_raters_at_once_get_exactly_what_is_wanted(url: str, tmp_path: Path) -> None:
    contention_trial(url, tmp_path, clients=40, answers=800)


@pytest.mark.long
def test_two_hundred_raters_at_once_get_exactly_what_is_wanted(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, contention_trial(url, tmp_path, clients=200, answers=20_000))
