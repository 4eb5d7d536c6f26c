"""What may be printed of a dialogue after a licensed message: a system may repeat it word for word."""

from __future__ import annotations

import re

from mascot.evaluation.dialogue import Start

LEFT_OUT = "[…]"
"""Stands for words of a licensed message."""
_RUN = 8
"""So many words in a row are a quotation; fewer are language."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")


def printable(text: str, start: Start) -> str:
    """What was said, without eight or more words in a row of the first message, if that is licensed."""
    if start.published:
        return text
    theirs = [word.casefold() for word in _WORD.findall(start.text)]
    quotable = {tuple(theirs[i : i + _RUN]) for i in range(len(theirs) - _RUN + 1)}
    found = list(_WORD.finditer(text))
    said = [word[0].casefold() for word in found]
    quoted = [False] * len(said)
    for i in range(len(said) - _RUN + 1):
        if tuple(said[i : i + _RUN]) in quotable:
            quoted[i : i + _RUN] = [True] * _RUN
    parts, end = [], 0
    for i, word in enumerate(found):
        if quoted[i]:
            if not (i and quoted[i - 1]):
                parts += [text[end : word.start()], LEFT_OUT]
            end = word.end()
    return "".join([*parts, text[end:]])
