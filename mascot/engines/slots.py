"""Who may use which of a server's slots, and who waits in line.

A slot remembers the tokens of the prompt it read last. A conversation keeps its slot, and with it that
memory, until more conversations than slots are active and it has been silent the longest. Slots share one
store of `tokens`; where a request would not fit, those silent longest are emptied for it. Pure bookkeeping:
nothing here talks to a server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mascot.engines.prefix import common_prefix
from mascot.errors import EngineError

_PATIENCE = 0.05
"""Seconds after which someone in line looks whether the request was cancelled."""


@dataclass(eq=False)
class Slot:
    """One place at the server."""

    index: int
    session: str = ""
    """Whose it is; empty is nobody's."""
    read: list[int] = field(default_factory=list)
    """Tokens of its last prompt."""
    acted: int | None = None
    """From which token on an adapter acted as they were read; None if none did."""
    size: int = 0
    """Tokens that it may hold, answer included."""
    busy: bool = False
    silent_since: int = 0
    """Order of the last use: the smallest was silent longest."""


@dataclass(eq=False)
class _Ticket:
    session: str
    prompt: Sequence[int]
    size: int
    alone: bool


class Desk:
    """Gives out slots, first come, first served. Safe to use from several threads.

    Args:
        slots: how many there are.
        tokens: what they hold together.
        line: how many may wait.
    """

    def __init__(self, slots: int, tokens: int, line: int) -> None:
        self._slots = [Slot(index) for index in range(slots)]
        self._tokens, self._longest_line = tokens, line
        self._line: list[_Ticket] = []
        self._alone = False
        self._uses = 0
        self._changed = threading.Condition()

    def place(self, session: str) -> int:
        """Where this session's request stands in line, from 1; 0 if it is being served, or has none."""
        with self._changed:
            waiting = [ticket.session for ticket in self._line]
            return waiting.index(session) + 1 if session in waiting else 0

    def clear(self) -> tuple[int, ...]:
        """Make free slots nobody's, as in the beginning; which these are."""
        with self._changed:
            free = [place for place, slot in enumerate(self._slots) if not slot.busy]
            for place in free:
                self._slots[place] = Slot(place)
            return tuple(free)

    @contextmanager
    def seat(
        self,
        session: str,
        prompt: Sequence[int],
        size: int,
        *,
        alone: bool = False,
        cancel: threading.Event | None = None,
    ) -> Iterator[tuple[Slot, list[Slot]] | None]:
        """A slot, and other slots that have to be emptied first; None if `cancel` came before its turn.

        All of them belong to the caller until the block ends. A session has one request at a time.

        Args:
            size: tokens of prompt and answer together, at most the desk's `tokens`.
            alone: with nobody else being served.

        Raises:
            EngineError: too many are waiting already.
        """
        ticket = _Ticket(session, prompt, size, alone)
        taken = self._wait(ticket, cancel)
        try:
            yield taken
        finally:
            if taken is not None:
                self._leave(taken)

    def _wait(self, ticket: _Ticket, cancel: threading.Event | None) -> tuple[Slot, list[Slot]] | None:
        with self._changed:
            if len(self._line) >= self._longest_line:
                raise EngineError(
                    f"{len(self._line)} requests are waiting for this engine: try again in a moment, "
                    "or set MASCOT_SLOTS higher"
                )
            self._line.append(ticket)
            try:
                while not self._is_next(ticket):
                    if cancel is not None and cancel.is_set():
                        return None
                    self._changed.wait(_PATIENCE)
                return self._take(ticket)
            finally:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _is_next(self, ticket: _Ticket) -> bool:
        """Whether nothing holds this ticket back, nor any before it that is not only waiting for itself."""
        for other in self._line:
            if self._waits_for_itself(other):
                if other is ticket:
                    return False
                continue
            return other is ticket and self._fits(ticket)
        return False

    def _waits_for_itself(self, ticket: _Ticket) -> bool:
        return bool(ticket.session) and any(s.busy and s.session == ticket.session for s in self._slots)

    def _fits(self, ticket: _Ticket) -> bool:
        busy = [slot for slot in self._slots if slot.busy]
        if self._alone or (ticket.alone and busy):
            return False
        return len(busy) < len(self._slots) and sum(s.size for s in busy) + ticket.size <= self._tokens

    def _take(self, ticket: _Ticket) -> tuple[Slot, list[Slot]]:
        free = sorted((s for s in self._slots if not s.busy), key=lambda s: s.silent_since)
        slot = self._best(free, ticket)
        slot.session, slot.size, slot.busy = ticket.session, ticket.size, True
        emptied = []
        for other in free:
            if sum(s.size for s in self._slots) <= self._tokens:
                break
            if other is not slot and other.size:
                other.session, other.read, other.acted, other.size, other.busy = "", [], None, 0, True
                emptied.append(other)
        self._alone = ticket.alone
        return slot, emptied

    def _best(self, free: list[Slot], ticket: _Ticket) -> Slot:
        """The session's own; else nobody's, the one that remembers most of this prompt; else the stalest."""
        own = [slot for slot in free if ticket.session and slot.session == ticket.session]
        nobodys = [slot for slot in free if not slot.session]
        if own:
            return own[0]
        return max(nobodys, key=lambda s: common_prefix(s.read, ticket.prompt)) if nobodys else free[0]

    def _leave(self, taken: tuple[Slot, list[Slot]]) -> None:
        slot, emptied = taken
        with self._changed:
            for each in (*emptied, slot):
                self._uses += 1
                each.busy, each.silent_since = False, self._uses
            self._alone = False
            self._changed.notify_all()
