"""Rater processes for the trials of the store: each lives in a process of its own, and may be killed."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from annotations.database import open_engine
from annotations.records import Assignment, Draft, Pairwise, Text
from annotations.store import Store
from tests.fixtures.ratings import scale

QUESTIONS = 5
"""Answers to an item, each saved as it is given."""


def rate(store: Store, rater: str, acknowledge: Callable[[str, float], None], study: str = "s") -> None:
    """Rate until there is nothing left, saving every answer twice now and then.

    Args:
        store: where to.
        rater: who.
        acknowledge: told of every key, and the seconds it took, once the store has it.
        study: which.
    """
    step = 0
    while True:
        given = store.lease(study, rater, f"{rater} lease {os.getpid()} {step}")
        step += 1
        if not isinstance(given, Assignment):
            if given.wait is None:
                return
            time.sleep(random.uniform(0.2, 0.6))
            continue
        for n in range(QUESTIONS):
            key = f"{given.id} {n}"
            answer = scale(n, f"c{n}") if n else Draft(criterion="better", value=Pairwise(winner=0))
            answers = [answer, Draft(criterion="why", value=Text(text=key))] if n == 1 else [answer]
            began = time.perf_counter()
            store.submit(given.id, rater, answers, key, complete=n == QUESTIONS - 1)
            acknowledge(key, time.perf_counter() - began)
            if (given.id + n) % 7 == 0:
                store.submit(given.id, rater, answers, key, complete=n == QUESTIONS - 1)


def rate_in_threads(url: str, raters: list[str], log: Path) -> None:
    """Several raters of one process; what is acknowledged is appended to a file, line by line."""
    # The tables are there: a process that lives for a moment does not look for migrations.
    with log.open("ab", buffering=0) as file, Store(open_engine(url)) as store:

        def acknowledge(key: str, seconds: float) -> None:
            # One write per line, to a file opened for appending: it is there however we die.
            file.write(f"{key}\t{seconds:.6f}\n".encode())

        threads = [threading.Thread(target=rate, args=(store, rater, acknowledge)) for rater in raters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
