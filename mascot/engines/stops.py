"""Stop strings over a stream, for engines whose model does not know them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mascot.engines.base import Piece


def until_stop(pieces: Iterator[Piece], stop: Sequence[str]) -> Iterator[Piece]:
    """The same text, ended before the first stop string.

    Text that could be the beginning of a stop string is held back until it is clear that it is not,
    so no part of a stop string is ever seen. The source is closed at the stop.
    """
    if not stop:
        yield from pieces
        return
    held = ""
    for piece in pieces:
        held += piece.text
        at = _first(held, stop)
        if at is not None:
            closing = getattr(pieces, "close", None)
            if closing is not None:
                closing()
            yield replace(piece, text=held[:at], finish="stop")
            return
        keep = 0 if piece.finish is not None else undecided(held, stop)
        ready, held = held[: len(held) - keep], held[len(held) - keep :]
        if ready or piece.finish is not None:
            yield replace(piece, text=ready)


def _first(text: str, stop: Sequence[str]) -> int | None:
    """Where the stop string begins that is complete first: the same wherever pieces end."""
    found = [(at + len(s), at) for s in stop if (at := text.find(s)) >= 0]
    return min(found)[1] if found else None


def undecided(text: str, stop: Sequence[str]) -> int:
    """Length of the longest end of `text` that begins a stop string."""
    longest = max(len(s) for s in stop) - 1
    for size in range(min(longest, len(text)), 0, -1):
        if any(s.startswith(text[-size:]) for s in stop):
            return size
    return 0
