"""Small facts about written English: words, sentences, likeness."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ABBREVIATIONS = ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "e.g.", "i.e.", "etc.", "vs.", "a.m.", "p.m.")
# From the first of several marks on only, and never back: thousands of dots are read at once.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s|$)")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.casefold().replace("’", "'") for word in _WORD.findall(text)]


def jaccard(a: str, b: str) -> float:
    """Shared words over all words of two texts, 0 to 1; two texts without words are alike (1)."""
    left, right = set(words(a)), set(words(b))
    return len(left & right) / len(left | right) if left | right else 1.0


def first_sentence_end(text: str, final: bool = False) -> int | None:
    """Length of the first whole sentence including its end marks, or None while there is none yet.

    A mark at the very end of the text counts only when `final`: more of it may follow ("3." "5"). For the
    same reason an abbreviation ends a sentence only where the whole text ends.
    """
    for match in _SENTENCE_END.finditer(text):
        if match.end() == len(text) and not final:
            return None
        if is_abbreviation(text[: match.end()]):
            if text[match.end() :].strip():
                continue
            if not final:
                return None
        return match.end()
    return None


def is_abbreviation(text: str) -> bool:
    """Whether the text's last word is one that has a full stop of its own, such as "Dr."."""
    last = text.rsplit(None, 1)[-1:]
    return bool(last) and last[0].lower().lstrip("(\"'“") in _ABBREVIATIONS


def sentences(text: str) -> list[str]:
    """The sentences of a text, stripped; a last one without an end mark is one too."""
    found = []
    rest = text.strip()
    while rest:
        end = first_sentence_end(rest, final=True) or len(rest)
        found.append(rest[:end].strip())
        rest = rest[end:].strip()
    return found


def clean(text: str) -> str:
    """What a person typed, without control and formatting characters other than line breaks and joiners.

    Newlines are unified, runs of blank lines become one, and outer space goes.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join(
        c for c in unified if c in "\n\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return re.sub(r"\n{3,}", "\n\n", kept).strip()
