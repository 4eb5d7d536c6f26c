"""More conversations than the engine serves at once: whoever came first is served first.

A turn holds a place, not a conversation: with every turn a group stands at the end of the line again, so
that nobody's long round makes all others wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mascot.errors import BusyError

_LOOK = 0.25
"""Seconds after which a waiting conversation looks whether its person still wants it to wait."""
_LATEST = 0.2
"""Weight of the last turn's length in the running mean that expected waits are computed from."""


class WaitingLine:
    """The line before the engine.

    Args:
        places: turns made at the same time, at least 1.
        longest: conversations that may wait.
        moved: called, from any thread, with the id of a conversation whose place in line has changed.
        patience: seconds after which waiting is given up.
    """

    def __init__(
        self, places: int, longest: int, moved: Callable[[str], None], patience: float = 600.0
    ) -> None:
        self._places = places
        self._free = places
        self._patience = patience
        self._mean: float | None = None
        self._longest = longest
        self._moved = moved
        self._waiting: list[str] = []
        self._changed = threading.Condition()

    @property
    def full(self) -> bool:
        """Whether nobody more may wait."""
        with self._changed:
            return self._free == 0 and len(self._waiting) >= self._longest

    def place(self, id: str) -> int:
        """1 for the next in line; 0 for a conversation that does not wait."""
        with self._changed:
            return self._waiting.index(id) + 1 if id in self._waiting else 0

    def expected(self, id: str) -> float | None:
        """Seconds that a waiting conversation has yet to wait, about: each of the places is given back
        after the recent mean of a turn. None if it does not wait, or no turn was made yet."""
        with self._changed:
            if id not in self._waiting or self._mean is None:
                return None
            return self._mean * (self._waiting.index(id) + 1) / self._places

    def enter(self, id: str, unwanted: Callable[[], bool]) -> Place | None:
        """Wait for a place; None if it was no longer wanted before it came.

        Raises:
            BusyError: it did not come within the patience.
        """
        until = time.monotonic() + self._patience
        with self._changed:
            self._waiting.append(id)
            waits = self._free == 0 or self._waiting[0] != id
        if waits:
            self._moved(id)
        try:
            with self._changed:
                while self._free == 0 or self._waiting[0] != id:
                    if unwanted():
                        return None
                    if time.monotonic() > until:
                        raise BusyError(
                            "too many people are talking here just now, and nobody could answer you in "
                            "time. What you said is saved: press “Go on” in a while"
                        )
                    self._changed.wait(_LOOK)
                self._free -= 1
                return Place(self._leave)
        finally:
            with self._changed:
                self._waiting.remove(id)
                moved = ([id] if waits else []) + self._waiting
                self._changed.notify_all()
            for other in moved:
                self._moved(other)

    def _leave(self, seconds: float) -> None:
        with self._changed:
            self._free += 1
            self._mean = seconds if self._mean is None else self._mean + _LATEST * (seconds - self._mean)
            self._changed.notify_all()


class Place:
    """One turn's place at the engine."""

    def __init__(self, leave: Callable[[float], None]) -> None:
        self._leave = leave
        self._since = time.monotonic()
        self._once = threading.Lock()

    def leave(self) -> None:
        """Give it to the next in line; a second time does nothing."""
        if self._once.acquire(blocking=False):
            self._leave(time.monotonic() - self._since)
