"""A blind reading of two systems: a sheet without names, a key apart from it, and the count of verdicts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from scipy import stats

from mascot.conversation.personas import Cast
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.intervals import Estimate, mean

Key = Mapping[str, Mapping[str, str]]
"""By number of the pair: which system is A, which is B, and the id of the first message."""

_PAIR = re.compile(r"^## Pair (\d+)\s*$", re.M)
_VERDICT = re.compile(r"^Verdict \(A, B or tie\):[ \t]*(.*)$", re.M)


def sheet(
    starts: Sequence[Start],
    first: Mapping[str, Dialogue],
    second: Mapping[str, Dialogue],
    names: tuple[str, str],
    cast: Cast,
    pairs: int,
    seed: int,
) -> tuple[str, Key]:
    """The sheet to fill, as Markdown, and its key.

    Which messages, their order, and which system is A in each pair are drawn by the seed. Messages that
    may not be printed are left out, and so are those to which one of the systems said nothing.

    Args:
        first, second: the systems' dialogues by id of the first message.
        names: their names, for the key.

    Raises:
        InputError: there are fewer messages than pairs.
    """
    both = [
        start
        for start in starts
        if start.published and all(start.id in held and held[start.id].said for held in (first, second))
    ]
    if len(both) < pairs:
        raise InputError(f"{pairs} pairs of {len(both)} messages that both systems answered: ask for fewer")
    chance = Random(f"side by side:{seed}")
    parts, key = [_HEAD], {}
    for number, start in enumerate(chance.sample(both, pairs), 1):
        swapped = chance.random() < 0.5
        sides = (second, first) if swapped else (first, second)
        a, b = names[::-1] if swapped else names
        key[str(number)] = {"a": a, "b": b, "id": start.id}
        quoted = start.text.replace("\n", "\n> ")
        parts += [f"## Pair {number}", f"> {quoted}"]
        for letter, held in zip("AB", sides, strict=True):
            parts += [f"**{letter}**", _lines(held[start.id], cast)]
        parts += ["Verdict (A, B or tie): ", "Note: "]
    return "\n\n".join(parts) + "\n", key


@dataclass(frozen=True)
class Reading:
    """What the verdicts come to for one system against the other."""

    system: str
    against: str
    wins: int
    ties: int
    losses: int
    unread: int
    advantage: Estimate
    """Wins minus losses over the pairs read, -1 to 1; `p` is the sign test's, ties left out."""


def score(filled: str, key: Key, system: str) -> Reading:
    """Count a filled sheet from one system's side.

    Raises:
        InputError: a verdict is none of A, B, tie or empty; the key is another sheet's or does not know
            the system; nothing was filled in.
    """
    verdicts = _verdicts(filled)
    if verdicts.keys() != key.keys():
        raise InputError(
            f"the sheet's pairs are not the key's ({len(verdicts)} and {len(key)}): take its own key"
        )
    against = {name for pair in key.values() for name in (pair["a"], pair["b"])} - {system}
    if len(against) != 1:
        raise InputError(f"the key compares {', '.join(sorted(against))}: {system!r} is not one of two")
    values = []
    for number, verdict in verdicts.items():
        if verdict:
            winner = key[number].get(verdict, "")
            values.append(0 if verdict == "tie" else 1 if winner == system else -1)
    if not values:
        raise InputError("no verdict was filled in: write A, B or tie after `Verdict (A, B or tie):`")
    counts = Counter(values)
    decided = counts[1] + counts[-1]
    p = float(stats.binomtest(counts[1], decided).pvalue) if decided else 1.0
    shares = mean(values)
    advantage = Estimate(shares.value, shares.low, shares.high, len(values), p)
    unread = len(key) - len(values)
    return Reading(system, against.pop(), counts[1], counts[0], counts[-1], unread, advantage)


def _verdicts(filled: str) -> dict[str, str]:
    """`a`, `b`, `tie` or empty by number of the pair."""
    found = {}
    pieces = _PAIR.split(filled)
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        line = _VERDICT.search(piece)
        verdict = line[1].strip().strip("*").lower() if line else ""
        if line is None or verdict not in ("a", "b", "tie", ""):
            said = repr(verdict) if line else "no line `Verdict (A, B or tie):`"
            raise InputError(f"pair {number} has {said}: write A, B or tie, or leave it empty")
        found[number] = verdict
    return found


def _lines(dialogue: Dialogue, cast: Cast) -> str:
    return "\n".join(f"- {cast[said.agent].name}: {said.text}" for said in dialogue.said)


_HEAD = """# Side by side

Read the message and what the two groups said, and write A, B or tie after `Verdict (A, B or tie):`. With
which group would the person rather have talked? Which is which stands in the key; do not open it before."""
