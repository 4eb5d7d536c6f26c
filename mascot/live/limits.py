"""How much one visitor, and everyone together, may ask of a public demo.

Visitors are told apart by whatever word the page gives for them; it is kept in memory only and forgotten
after an hour. All limits can be off (0), which they are by default.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mascot.errors import BusyError

HOUR = 3600.0


@dataclass(frozen=True)
class Allowance:
    """What is allowed; 0 is without limit."""

    messages_per_hour: int = 0
    """Of one visitor: what they say, and what they ask the group to go on with."""
    conversations_per_hour: int = 0
    """New ones, of one visitor."""
    turns_per_day: int = 0
    """Of all personas in all conversations, from midnight to midnight UTC."""


class Limits:
    """Counts and refuses. Safe to use from many threads.

    Args:
        allowance: what is allowed.
        spent: turns of today that are in the journal already.
        now: the time, with its zone.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        allowance: Allowance = Allowance(),
        spent: int = 0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.allowance = allowance
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], deque[float]] = {}
        self._day = now().date()
        self._spent = spent

    def message(self, visitor: str) -> None:
        """A visitor says something, or has the group go on.

        Raises:
            BusyError: it would be too much for this hour, or today's turns are used up.
        """
        with self._lock:
            self._refuse_spent()
            self._count("message", visitor, self.allowance.messages_per_hour, "sent", "messages")

    def conversation(self, visitor: str) -> None:
        """A visitor begins a conversation.

        Raises:
            BusyError: it would be too much for this hour.
        """
        with self._lock:
            most = self.allowance.conversations_per_hour
            self._count("conversation", visitor, most, "begun", "conversations")

    def turn(self) -> None:
        """A persona's turn begins; those that were asked for are never refused."""
        with self._lock:
            self._today()
            self._spent += 1

    @property
    def spent(self) -> int:
        """Turns of today."""
        with self._lock:
            self._today()
            return self._spent

    def _count(self, what: str, visitor: str, most: int, did: str, named: str) -> None:
        if not most or not visitor:
            return
        now = self._clock()
        self._forget(now)
        times = self._seen.setdefault((what, visitor), deque())
        if len(times) >= most:
            wait = times[0] + HOUR - now
            raise BusyError(
                f"you have {did} {most} {named} within an hour, as many as this demo can take from one "
                f"visitor: please come back in {_span(wait)}",
                wait,
            )
        times.append(now)

    def _forget(self, now: float) -> None:
        for key, times in list(self._seen.items()):
            while times and times[0] <= now - HOUR:
                times.popleft()
            if not times:
                del self._seen[key]

    def _refuse_spent(self) -> None:
        self._today()
        if self.allowance.turns_per_day and self._spent >= self.allowance.turns_per_day:
            now = self._now()
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
            wait = (midnight - now).total_seconds()
            raise BusyError(
                f"what this demo can answer in a day is used up; it goes on in {_span(wait)}, and your "
                "conversation is kept until then",
                wait,
            )

    def _today(self) -> None:
        if (today := self._now().date()) != self._day:
            self._day, self._spent = today, 0


def _span(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    if minutes < 55:
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return "an hour" if minutes < 90 else f"{round(minutes / 60)} hours"
