"""In what the dialogues of the arms differ besides their words: what could tell them apart at a glance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median

from mascot.conversation.text import words
from mascot.evaluation.dialogue import Dialogue
from studies.prepare.dialogues import Held

_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_MARKUP = re.compile(r"\*\*|__|`|^#+ ", re.MULTILINE)


@dataclass(frozen=True)
class Look:
    """What dialogues of one arm look like.

    Attributes:
        turns: Of the group, mean per dialogue.
        words: Per turn, mean and median.
        lists, markup, breaks: Share of turns with a list, with markup, with a line break.
        speakers: Different voices per dialogue, mean.
    """

    dialogues: int
    turns: float
    words: float
    words_median: float
    lists: float
    markup: float
    breaks: float
    speakers: float

    def as_dict(self) -> dict[str, float]:
        """Plain values, ready for JSON."""
        return asdict(self)


def looks(held: Held) -> dict[str, Look]:
    """The look of each arm."""
    return {arm: _look(list(dialogues.values())) for arm, dialogues in held.items()}


def _look(dialogues: Sequence[Dialogue]) -> Look:
    texts = [text for dialogue in dialogues for text in dialogue.texts]
    lengths = [len(words(text)) for text in texts] or [0]

    def share(pattern: re.Pattern[str]) -> float:
        return sum(bool(pattern.search(text)) for text in texts) / max(len(texts), 1)

    return Look(
        len(dialogues),
        fmean(len(dialogue.said) for dialogue in dialogues),
        fmean(lengths),
        median(lengths),
        share(_LIST),
        share(_MARKUP),
        share(re.compile(r"\n")),
        fmean(len({said.agent for said in dialogue.said}) for dialogue in dialogues),
    )


def lines(found: Mapping[str, Look]) -> Iterator[str]:
    """The looks for people, and a warning where lengths differ by more than a quarter."""
    width = max(map(len, found), default=0) + 2
    head = ("turns", "words", "median", "lists", "markup", "breaks", "voices")
    yield "arm".ljust(width) + "".join(f"{name:>9}" for name in head)
    for arm, look in found.items():
        shares = "".join(f"{share:>9.0%}" for share in (look.lists, look.markup, look.breaks))
        numbers = f"{look.turns:>9.1f}{look.words:>9.1f}{look.words_median:>9.1f}"
        yield f"{arm.ljust(width)}{numbers}{shares}{look.speakers:>9.1f}"
    lengths = [look.words for look in found.values()]
    if len(lengths) > 1 and min(lengths) > 0 and max(lengths) / min(lengths) > 1.25:
        yield (
            f"the longest arm has {max(lengths) / min(lengths):.2f} times the words of the shortest: raters "
            "may choose by length; look at the strengths with `annotations strengths --length` too"
        )
