"""Thoughts that a model writes between `<think>` and `</think>`, kept out of everything a person sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mascot.engines.base import Piece
from mascot.engines.stops import undecided

_OPEN, _CLOSE = "<think>", "</think>"
_BLOCK = re.compile(r"<think>.*?(?:</think>\s*|$)", re.DOTALL)


def without_thinking(text: str) -> str:
    """The text without its thoughts, also those that never ended."""
    return _BLOCK.sub("", text)


def strip_thinking(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The same stream without thoughts, and without the white space that follows one.

    Text that could be the beginning of a tag is held back until it is clear that it is not. Thoughts
    that are still open at the end are dropped. Closing this iterator closes the source.
    """
    held, inside, trim = "", False, False
    try:
        for piece in pieces:
            held += piece.text
            ready = ""
            while True:
                tag = _CLOSE if inside else _OPEN
                at = held.find(tag)
                keep = at if at >= 0 else len(held) - (0 if piece.finish else undecided(held, (tag,)))
                if not inside:
                    seen = held[:keep].lstrip() if trim else held[:keep]
                    trim = trim and not seen
                    ready += seen
                held = held[keep:]
                if at < 0:
                    break
                held, trim, inside = held[len(tag) :], inside or trim, not inside
            if ready or piece.finish is not None:
                yield replace(piece, text=ready)
    finally:
        closing = getattr(pieces, "close", None)
        if closing is not None:
            closing()
