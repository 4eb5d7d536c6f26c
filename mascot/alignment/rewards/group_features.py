"""What can be seen of a talk of the group as a whole: some twenty numbers that a linear group reward weighs.

Consistency (is anything told that nobody said, does a turn stay with the person's last words), interaction
(who repeats, agrees, advises; does everyone have a part) and the floor (how long the group goes on before the
person can speak). All are means or shares over turns, so blocks of different lengths can be compared.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import fmean

from mascot.alignment.preferences import Block, Candidate
from mascot.alignment.rewards.features import Vector, measures
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import YIELD, DialogueTurn
from mascot.evaluation import style

_SEATS = 4
_TURN_MEASURES = (
    "told before",
    "new names",
    "new numbers",
    "near the person",
    "near the last message",
    "near another",
    "another's words",
)
"""Measures of single turns whose mean over the block is taken."""


@dataclass(frozen=True)
class _Turns:
    """A block taken apart."""

    block: Block

    @property
    def spoken(self) -> list[tuple[int, DialogueTurn]]:
        """The personas' turns with their places."""
        return [(i, t) for i, t in enumerate(self.block) if t.speaker not in (PERSON, YIELD) and t.says]

    @property
    def runs(self) -> list[int]:
        """How many turns the group took each time before the person could speak."""
        lengths, run = [], 0
        for turn in self.block:
            if turn.speaker in (PERSON, YIELD):
                lengths += [run] if run else []
                run = 0
            else:
                run += 1
        return [*lengths, run] if run else lengths


def candidates(block: Block) -> list[Candidate]:
    """Each persona turn of a block with what was said before it."""
    return [
        Candidate(tuple(t for t in block[:i] if t.says), turn.speaker, turn.action, turn.tone, turn.says)
        for i, turn in _Turns(block).spoken
    ]


def block_measures(block: Block, vector_of: Callable[[str], Vector]) -> dict[str, float]:
    """Every measure by name; the names are the same for every block. All 0 where no persona spoke.

    Args:
        vector_of: unit vector of what was said in a turn.
    """
    turns = _Turns(block)
    said = candidates(block)
    single = [measures(candidate, vector_of) for candidate in said]
    means = {name: fmean([m[name] for m in single]) if single else 0.0 for name in _TURN_MEASURES}
    worst = {
        "furthest from the last message": min((m["near the last message"] for m in single), default=0.0),
        "nearest to another": max((m["near another"] for m in single), default=0.0),
    }
    return {**means, **worst, **_manner([c.says for c in said]), **_floor(turns), **_shares(said),
            **_person(block, vector_of)}  # fmt: skip


def _manner(texts: Sequence[str]) -> Mapping[str, float]:
    """What kind of things are said, as shares of the turns."""
    kinds = {"advise": style.advises, "ask": style.asks, "reflect": style.reflects, "agree": style.agrees}
    found = {name: [kind(text) for text in texts] for name, kind in kinds.items()}
    shares = {name: sum(holds) / max(1, len(holds)) for name, holds in found.items()}
    repeated = sum(a and b for a, b in itertools.pairwise(found["advise"]))
    return {**shares, "advice upon advice": repeated / max(1, len(texts) - 1)}


def _floor(turns: _Turns) -> Mapping[str, float]:
    """How long the person waits for a word."""
    runs = turns.runs or [0]
    return {
        "longest run": max(runs) / _SEATS,
        "mean run": fmean(runs) / _SEATS,
        "yields": sum(turn.speaker == YIELD for turn in turns.block) / max(1, len(runs)),
        "ends with a yield": float(bool(turns.block) and turns.block[-1].speaker == YIELD),
    }


def _shares(said: Sequence[Candidate]) -> Mapping[str, float]:
    """Who has how much of the talk."""
    counts = Counter(candidate.persona for candidate in said)
    shares = [count / len(said) for count in counts.values()]
    twice = sum(a.persona == b.persona for a, b in itertools.pairwise(said))
    return {
        "speakers": len(counts) / _SEATS,
        "evenness": -sum(s * log(s) for s in shares) / log(_SEATS) + 0.0,
        "same speaker twice": twice / max(1, len(said) - 1),
    }


def _person(block: Block, vector_of: Callable[[str], Vector]) -> Mapping[str, float]:
    """Whether the person has to say things again."""
    texts = [turn.says for turn in block if turn.speaker == PERSON and turn.says]
    again = [max(float(vector_of(a) @ vector_of(b)) for b in texts[:i]) for i, a in enumerate(texts) if i]
    return {"person repeats": max(again, default=0.0)}
