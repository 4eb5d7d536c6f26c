"""Figures and how they are taken: rounds in which contenders take turns, medians, spread, fairness."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mascot.engines.base import Engine, Request

Say = Callable[[str], None]
"""Takes one line of progress."""


@dataclass(frozen=True)
class Figure:
    """Something measured several times."""

    what: str
    samples: tuple[float, ...]
    """At least one, in the order in which they were taken."""
    unit: str
    at: int | None = None
    """Tokens of history, or conversations at once, where the figure depends on it."""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def low(self) -> float:
        """The smallest sample."""
        return min(self.samples)

    @property
    def high(self) -> float:
        """The largest sample."""
        return max(self.samples)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON file; `figure_of` reads it back."""
        return {
            "what": self.what,
            "at": self.at,
            "unit": self.unit,
            "median": round(self.median, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "samples": [round(sample, 4) for sample in self.samples],
        }


def figure_of(fields: Mapping[str, Any]) -> Figure:
    """The figure that `as_dict` wrote."""
    return Figure(fields["what"], tuple(fields["samples"]), fields["unit"], fields["at"])


def interleaved(
    contenders: Mapping[str, Callable[[int], float]], rounds: int
) -> dict[str, tuple[float, ...]]:
    """Samples of each contender, one per round; in every round all take their turn, in this order.

    Args:
        contenders: by name, a function of the round's number (from 0) that returns its sample.
        rounds: at least 1.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, measure in contenders.items():
            samples[name].append(measure(number))
    return {name: tuple(taken) for name, taken in samples.items()}


def timed(action: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def percentile(samples: Iterable[float], percent: float) -> float:
    """The smallest sample that is not below `percent` of them (nearest rank); percent in (0, 100].

    Raises:
        ValueError: there are no samples.
    """
    ordered = sorted(samples)
    if not ordered:
        raise ValueError("no samples")
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index, (Σx)² / (n·Σx²): 1 is equal shares, 1/n is one that has everything (Jain, Chiu
    and Hawe 1984, DEC-TR-301). Nobody having anything is fair."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 1.0


def first_token(engine: Engine, request: Request) -> tuple[float, int]:
    """Seconds from the request to its first text (to its end where the model has nothing to say), and how
    many tokens of the prompt had to be read for it."""
    started, first, read = time.perf_counter(), 0.0, 0
    for piece in engine.stream(request):
        if not first and (piece.text or piece.finish):
            first = time.perf_counter() - started
        if piece.finish:
            read = piece.prompt_tokens - piece.cached_tokens
    return first, read


def decode_rate(seen: Iterable[tuple[int, float]]) -> float:
    """Tokens per second after the first piece of an answer.

    Args:
        seen: for each piece of text the tokens so far and when it came, in seconds, in order.

    Returns:
        0 for an answer of one piece.
    """
    times = list(seen)
    if len(times) < 2:
        return 0.0
    (first, began), (last, ended) = times[0], times[-1]
    return (last - first) / (ended - began)
