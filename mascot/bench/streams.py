"""Many conversations at once: tokens in sum, the wait for the first one, and whether everyone gets a share.

Every conversation has been read before, as in a running app. Then all speak at the same moment, and go on
with turn after turn until the time is up, so each turn is a change of speaker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from mascot.bench.decoding import our_rate
from mascot.bench.material import ours, short_talks
from mascot.bench.measure import Figure, Say, interleaved, jain, percentile
from mascot.bench.spinner import one_core_busy
from mascot.conversation.personas import Cast
from mascot.engines.base import Engine, Request, Sampling, collect

SUM, MEDIAN_WAIT, LONG_WAIT, FAIRNESS = "sum", "first token, p50", "first token, p95", "fairness"
IDLE, BUSY = "idle", "one core busy"
_TURN_TOKENS = 40


@dataclass
class _Stream:
    """What one conversation got."""

    tokens: int = 0
    waits: list[float] = field(default_factory=list)
    """Seconds to the first token of each turn; the time until the end for a turn that had none yet."""


@dataclass(frozen=True)
class Window:
    """What all conversations got in some seconds."""

    sum: float
    """Tokens per second, reading the cues included."""
    waits: tuple[float, ...]
    fairness: float
    """Jain's index over the conversations' tokens."""


def streams(
    engine: Engine, cast: Cast, levels: Sequence[int], seconds: float, rounds: int, say: Say
) -> list[Figure]:
    """Sum, waits and fairness at each number of conversations at once; levels take turns."""
    table = Table(engine, cast, max(levels))
    windows: dict[int, list[Window]] = {level: [] for level in levels}

    def contender(level: int) -> Callable[[int], float]:
        def measure(number: int) -> float:
            windows[level].append(table.window(level, seconds, number))
            return windows[level][-1].sum

        return measure

    interleaved({str(level): contender(level) for level in levels}, rounds)
    figures = [figure for level in levels for figure in _figures(level, windows[level])]
    for level in levels:
        said = [f for f in figures if f.at == level]
        say(f"{level} at once: " + ", ".join(f"{f.what} {f.median:.2f} {f.unit}".strip() for f in said))
    return figures


def busy(
    engine: Engine, cast: Cast, levels: Sequence[int], seconds: float, rounds: int, say: Say
) -> list[Figure]:
    """Decoding of one answer, and the sum of several conversations, on an idle machine and beside a process
    that spins; the two take turns."""
    table, rate = Table(engine, cast, max(levels)), our_rate(engine, 64)
    rate(rounds)
    figures = [
        Figure(f"decoding, {name}", taken, "tok/s")
        for name, taken in interleaved(_with_and_without_company(rate), rounds).items()
    ]
    for level in levels:

        def sum_of(number: int, level: int = level) -> float:
            return table.window(level, seconds, number).sum

        taken = interleaved(_with_and_without_company(sum_of), rounds)
        figures += [Figure(f"sum, {name}", samples, "tok/s", level) for name, samples in taken.items()]
    say(", ".join(f"{f.what} {f.median:.1f} tok/s" + (f" at {f.at}" if f.at else "") for f in figures))
    return figures


class Table:
    """Conversations that go on side by side, each read once before anything is measured."""

    def __init__(self, engine: Engine, cast: Cast, seats: int) -> None:
        self._engine, self._cast = engine, cast
        self._talks = short_talks(seats, cast)
        for seat in range(seats):
            collect(engine.stream(self._request(seat, 0, 1)))

    def window(self, level: int, seconds: float, number: int) -> Window:
        """Let the first `level` of them speak for some seconds; another number, other words."""
        over = threading.Event()
        together = threading.Barrier(level + 1)
        with ThreadPoolExecutor(level) as pool:
            talks = [
                pool.submit(self._talk, seat, 1000 * (number + 1), together, over) for seat in range(level)
            ]
            together.wait()
            started = time.perf_counter()
            over.wait(seconds)
            elapsed = time.perf_counter() - started
            over.set()
            got = [talk.result() for talk in talks]
        tokens = [stream.tokens for stream in got]
        return Window(sum(tokens) / elapsed, tuple(w for stream in got for w in stream.waits), jain(tokens))

    def _talk(self, seat: int, turn: int, together: threading.Barrier, over: threading.Event) -> _Stream:
        stream = _Stream()
        together.wait()
        while not over.is_set():
            started, before, first = time.perf_counter(), stream.tokens, 0.0
            for piece in self._engine.stream(self._request(seat, turn, _TURN_TOKENS), over):
                first = first or time.perf_counter() - started
                if not over.is_set():
                    stream.tokens = before + piece.tokens
            stream.waits.append(first)
            turn += 1
        return stream

    def _request(self, seat: int, turn: int, tokens: int) -> Request:
        prompt = ours(self._talks[seat], self._cast, turn, "adapter")
        return Request(prompt, Sampling(max_tokens=tokens, seed=turn), f"bench/talk-{seat}")


def _with_and_without_company(action: Callable[[int], float]) -> dict[str, Callable[[int], float]]:
    def disturbed(number: int) -> float:
        with one_core_busy():
            return action(number)

    return {IDLE: action, BUSY: disturbed}


def _figures(level: int, windows: Sequence[Window]) -> Iterator[Figure]:
    waits = [wait for window in windows for wait in window.waits]
    yield Figure(SUM, tuple(window.sum for window in windows), "tok/s", level)
    yield Figure(MEDIAN_WAIT, (percentile(waits, 50),), "s", level)
    yield Figure(LONG_WAIT, (percentile(waits, 95),), "s", level)
    yield Figure(FAIRNESS, tuple(window.fairness for window in windows), "", level)
