"""A message cut into what the recogniser reads: its sentences, and runs of two or three neighbours.

Adding sentences to a message only ever adds units, so it can not hide one that was there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ENDS = re.compile(r"(?<=[.!?;])\s+|\n+")
_LONGEST = 300
_OVERLAP = 60

# Words that make a sentence of a very long message worth the embedder's time before the others.
_WORRYING = re.compile(
    r"\b(?:die|dead|death|dying|kill\w*|suicid\w*|hurt\w*|harm\w*|cut\w*|blood\w*|bleed\w*|pills?|tablets|overdos\w*|knife|gun"
    r"|rope|bridge|end|goodbye|alone|scared|afraid|hits?|beat\w*|rap\w+|touch\w*|threat\w*|breath\w*|chest|collapsed|unconscious"
    r"|sorry|burden|anymore|live|alive|exist|pain|help|gone|without me)\b"
)


def sentences(text: str) -> list[str]:
    """The sentences of a normalised text; one without full stops is cut, with overlap, at 300 characters."""
    parts: list[str] = []
    for sentence in _ENDS.split(text):
        stripped = sentence.strip()
        if not stripped:
            continue
        starts = range(0, max(1, len(stripped) - _OVERLAP), _LONGEST - _OVERLAP)
        parts.extend(stripped[start : start + _LONGEST] for start in starts)
    return parts


def by_length(units: Iterable[str]) -> list[str]:
    """The distinct units, short ones first, so that a batch pads few of them."""
    return sorted(set(units), key=lambda unit: (len(unit), unit))


def passages(parts: list[str], budget: int) -> list[str]:
    """The sentences and the runs of two and three of them, at most `budget` characters of them.

    Over the budget, single sentences go first, worrying ones before the others, then the runs.
    """
    runs = [" ".join(parts[at : at + size]) for size in (2, 3) for at in range(len(parts) - size + 1)]
    units = list(dict.fromkeys([*parts, *runs]))
    if sum(map(len, units)) > budget:
        singles = set(parts)
        units.sort(key=lambda unit: (unit not in singles, not _WORRYING.search(unit)))
    chosen: list[str] = []
    for unit in units:
        budget -= len(unit)
        if budget < 0:
            break
        chosen.append(unit[:_LONGEST])
    return chosen
