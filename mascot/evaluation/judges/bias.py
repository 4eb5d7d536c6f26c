"""Does a judge prefer what it wrote itself?

Its liking for its own texts is compared with other judges' liking for the same ones, so that a judge that
really writes better is not called biased (as in Panickssery et al. 2024).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from mascot.conversation.events import Record
from mascot.evaluation.intervals import Estimate, mean

Shares = Mapping[str, Mapping[str, float]]
"""By judge and pair: probability with which it prefers the first author's text, both orders averaged."""


class Bias(Record):
    """What was measured of a judge beside its card."""

    judge: str
    pairs: int
    failed: int
    """Comparisons that it did not answer in every order."""
    first: float | None
    """Order bias: probability given to the first place beyond an equal share, -0.5 to 0.5."""
    steady: float | None
    """Share of pairs in which the same text wins in both orders."""
    own: float | None
    """Probability with which it prefers its own text to an expert's, both orders averaged."""
    own_beyond_others: float | None
    """The same minus that of the other judges on the same texts; None where there is no other judge."""
    low: float | None = None
    high: float | None = None
    """Its 95 % interval over pairs."""


def self_preference(judge: str, shares: Shares) -> Estimate | None:
    """How much more a judge likes its own texts than the other judges do, -1 to 1, over the pairs of all.

    Args:
        shares: of every judge, for pairs of a text by `judge` and one by somebody else.
    """
    others = [name for name in shares if name != judge]
    pairs = sorted(set.intersection(*(set(shares[name]) for name in shares))) if others else []
    if not pairs:
        return None
    return mean([shares[judge][pair] - fmean(shares[name][pair] for name in others) for pair in pairs])


def self_bias_of_scores(
    judge: str, author_of: Mapping[str, str], scores: Mapping[str, Mapping[str, float]]
) -> float | None:
    """The same from scores: (own texts: judge minus others) minus (others' texts: judge minus others).

    Args:
        author_of: who wrote each case; a judge's own texts bear its name.
        scores: by judge and case, on one scale.

    Returns:
        In points of that scale; None where the judge has no own text, or only own ones, or no other judge.
    """
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for case, author in author_of.items():
        beside = [given[case] for name, given in scores.items() if name != judge and case in given]
        if case in scores[judge] and beside:
            gaps[author == judge].append(scores[judge][case] - fmean(beside))
    return fmean(gaps[True]) - fmean(gaps[False]) if gaps[True] and gaps[False] else None


def bias_words(bias: Bias) -> str:
    """What was measured, as a sentence for readers of the judge's scores."""
    known = []
    if bias.first is not None:
        known.append(f"gives what stands first {_signed(bias.first)} beyond its share")
    if bias.steady is not None:
        known.append(f"names the same winner in both orders {_share(bias.steady)} of the time")
    if bias.own is not None:
        known.append(f"prefers its own text to an expert's with {_share(bias.own)}")
    if bias.own_beyond_others is not None:
        known.append(f"{_beyond(bias)} beyond other judges")
    return f"Of {bias.pairs} pairs: {bias.judge} {', '.join(known) or 'answered none'}."


def bias_table(biases: Sequence[Bias]) -> str:
    """The biases as Markdown."""
    head = (
        "| judge | pairs | no answer | what stands first | same winner in both orders "
        "| own text preferred | beyond other judges |"
    )
    rows = [head, "|---|---|---|---|---|---|---|"]
    for bias in biases:
        beyond = _beyond(bias)
        cells = (bias.judge, str(bias.pairs), str(bias.failed), _signed(bias.first))
        rows.append("| " + " | ".join((*cells, _share(bias.steady), _share(bias.own), beyond)) + " |")
    return "\n".join(rows)


def _beyond(bias: Bias) -> str:
    interval = f" ({bias.low:+.2f} to {bias.high:+.2f})" if None not in (bias.low, bias.high) else ""
    return _signed(bias.own_beyond_others) + interval


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
