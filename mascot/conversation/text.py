"""Small facts about written English: words, sentences, likeness."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ABBREVIATIONS = ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "e.g.", "i.e.", "etc.", "vs.", "a.m.", "p.m.")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return [word.casefold().replace("’", "'") for word in _WORD.findall(text)]


def jaccard(a: str, b: str) -> float:
    """Shared words over all words of two texts, 0 to 1; two texts without words are alike (1)."""
    left, right = set(words(a)), set(words(b))
    return len(left & right) / len(left | right) if left | right else 1.0


def first_sentence_end(text: str, final: bool = False) -> int | None:
    """Length of the first whole sentence including its end marks, or None while there is none yet.

    A mark at the very end of the text counts only when `final`: more of it may follow ("3." "5").
    """
    for match in _SENTENCE_END.finditer(text):
        if match.end() == len(text) and not final:
            return None
        before = text[: match.end()].split()
        if (
            before
            and before[-1].lower().lstrip("(\"'“") in _ABBREVIATIONS
            and match.end() < len(text.rstrip())
        ):
            continue
        return match.end()
    return None


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
