"""Text as the crisis recogniser reads it: one alphabet, no tricks, the commonest slips mended.

"I w4nt to k i l l  mysefl"  →  "i want to kill myself"
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

_FILE = Path(__file__).with_name("slips.yaml")

# Letters of other alphabets that look like Latin ones, as people use them to slip past filters.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһкмнтвορτυικνɑɡı", "aeopcyxijsdhkmhtboptuikvagi")
_QUOTES = str.maketrans("’‘`´ʼ“”«»", "'''''\"\"\"\"")
_LEET = str.maketrans("013457@$!*|", "oieastasiii")
_LEET_INSIDE = re.compile(r"(?<=[a-z])[013457@$!*|]+(?=[a-z])|(?<![\w$])[$@](?=[a-z]{2})")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_SPACED = re.compile(r"(?<![\w'])(?:[a-z][ .\-_]{1,2}){3,}[a-z](?![\w'])")
_GAPS = re.compile(r"[ .\-_]+")
_WORD = re.compile(r"(?<![\w'])[a-z]+(?![\w'])")
_SPACES = re.compile(r"[^\S\n]+")


class _Slips(NamedTuple):
    one_slip: tuple[str, ...]
    swapped: tuple[str, ...]
    known: frozenset[str]
    by_name: dict[str, str]


def normalise(text: str) -> str:
    """The text in small Latin letters with accents, hidden characters, stretched and spaced-out words undone.

    Never raises; line breaks are kept, because they part sentences. The result is for matching, never for
    showing.
    """
    text = unicodedata.normalize("NFKC", text).translate(_QUOTES).lower().translate(_LOOKALIKES)
    text = "".join(_visible(char) for char in unicodedata.normalize("NFKD", text))
    text = text.replace("od'd", "overdosed")
    text = _LEET_INSIDE.sub(lambda found: found.group().translate(_LEET), text)
    text = _STRETCHED.sub(r"\1", text)
    text = _SPACED.sub(lambda found: _GAPS.sub("", found.group()), text)
    mended = {word: _mended(word, _slips()) for word in set(_WORD.findall(text))}
    return _SPACES.sub(" ", _WORD.sub(lambda found: mended[found.group()], text)).strip()


def _visible(char: str) -> str:
    if char == "\n":
        return char
    category = unicodedata.category(char)
    if category in ("Mn", "Cf", "Cs", "Co", "Cn"):
        return ""
    return " " if category in ("Cc", "Zl", "Zp", "Zs") else char


@lru_cache(maxsize=1)
def _slips() -> _Slips:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    one_slip, swapped = content["one_slip"].split(), content["swapped"].split()
    known = frozenset([*content["right"].split(), *one_slip, *swapped])
    return _Slips(tuple(one_slip), tuple(swapped), known, content["by_name"])


def _mended(word: str, slips: _Slips) -> str:
    if word in slips.by_name:
        return slips.by_name[word]
    if not 3 <= len(word) <= 13 or word in slips.known:
        return word
    for keyword in slips.swapped:
        if _swapped(word, keyword):
            return keyword
    for keyword in slips.one_slip:
        if word[0] == keyword[0] and _one_slip(word, keyword):
            return keyword
    return word


def _swapped(word: str, keyword: str) -> bool:
    """Whether the word is the keyword with two neighbouring letters swapped."""
    if len(word) != len(keyword):
        return False
    wrong = [at for at, (ours, theirs) in enumerate(zip(word, keyword, strict=True)) if ours != theirs]
    first, last = wrong[0], wrong[-1]
    return (
        len(wrong) == 2
        and last == first + 1
        and word[first] == keyword[last]
        and word[last] == keyword[first]
    )


def _one_slip(word: str, keyword: str) -> bool:
    """Whether the word is one letter away from the keyword, or two neighbours are swapped."""
    if abs(len(word) - len(keyword)) > 1:
        return False
    if len(word) == len(keyword):
        same = sum(ours == theirs for ours, theirs in zip(word, keyword, strict=True))
        return same == len(word) - 1 or _swapped(word, keyword)
    shorter, longer = sorted((word, keyword), key=len)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))
