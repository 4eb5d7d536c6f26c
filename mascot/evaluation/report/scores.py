"""Judges' verdicts as figures: 0 to 100, by system and criterion, with intervals and differences."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TypeVar

from mascot.evaluation.intervals import Estimate, difference, holm, mean, shown_p
from mascot.evaluation.judges.base import Criterion
from mascot.evaluation.judges.verdicts import Verdicts
from mascot.evaluation.report.evidence import dialogue_id

Key = TypeVar("Key")

OVERALL = "overall"
"""The mean of all criteria of a table."""


@dataclass(frozen=True)
class Scored:
    """A judge's figures for some systems on some first messages."""

    criteria: tuple[Criterion, ...]
    values: Mapping[str, Mapping[str, Estimate | None]]
    """By system and criterion, `OVERALL` included."""
    differences: Mapping[str, Estimate | None]
    """Overall of each other system minus the reference's, paired by dialogue; `p` corrected by Holm."""
    failed: Mapping[str, int]
    """By system: questions without a score."""


def scored(
    by_system: Mapping[str, Verdicts],
    names: Sequence[str],
    criteria: Sequence[Criterion],
    ids: Collection[str],
    reference: str,
) -> Scored:
    """The figures of one table.

    Args:
        by_system: a judge's verdicts.
        names: which systems, in order; those without a verdict are left out.
        ids: of the dialogues that count.
    """
    shown = [name for name in names if by_system.get(name)]
    wanted = set(ids)
    means = {
        name: {c.id: per_dialogue(by_system[name], [c], wanted) for c in criteria}
        | {OVERALL: per_dialogue(by_system[name], criteria, wanted)}
        for name in shown
    }
    values = {name: {key: _mean(found) for key, found in rows.items()} for name, rows in means.items()}
    others = [name for name in shown if name != reference]
    gaps = (
        {name: difference(means[reference][OVERALL], means[name][OVERALL]) for name in others}
        if reference in means
        else {}
    )
    failed = {name: _failed(by_system[name], criteria, wanted) for name in shown}
    return Scored(tuple(criteria), values, corrected(gaps), failed)


def differences(
    by_system: Mapping[str, Verdicts],
    names: Sequence[str],
    criteria: Sequence[Criterion],
    ids: Collection[str],
    reference: str,
) -> dict[tuple[str, str], Estimate | None]:
    """By system and criterion: minus the reference's, paired by dialogue; `p` corrected by Holm over all."""
    wanted = set(ids)
    gaps: dict[tuple[str, str], Estimate | None] = {}
    for criterion in criteria:
        first = per_dialogue(by_system.get(reference, {}), [criterion], wanted)
        for name in names:
            if name != reference:
                other = per_dialogue(by_system.get(name, {}), [criterion], wanted)
                gaps[name, criterion.id] = difference(first, other)
    return corrected(gaps)


def per_dialogue(verdicts: Verdicts, criteria: Sequence[Criterion], ids: Collection[str]) -> dict[str, float]:
    """Mean score of each dialogue over the criteria, 0 to 100.

    A dialogue that lacks the score of one of them is left out: a mean of fewer would be another figure.
    """
    by_dialogue: dict[str, dict[str, list[float]]] = {}
    known = {criterion.id: criterion for criterion in criteria}
    for (case, criterion), verdict in verdicts.items():
        id = dialogue_id(case)
        if criterion in known and id in ids and verdict.score is not None:
            of_criterion = by_dialogue.setdefault(id, {})
            of_criterion.setdefault(criterion, []).append(known[criterion].shown(verdict.score))
    return {
        id: fmean(fmean(scores) for scores in of_criterion.values())
        for id, of_criterion in by_dialogue.items()
        if of_criterion.keys() == known.keys()
    }


def corrected(gaps: Mapping[Key, Estimate | None]) -> dict[Key, Estimate | None]:
    """The differences with their p corrected for their number (Holm)."""
    tested = {name: gap for name, gap in gaps.items() if gap is not None and gap.p is not None}
    ps = holm([gap.p for gap in tested.values() if gap.p is not None])
    return {**gaps, **{name: replace(gap, p=p) for (name, gap), p in zip(tested.items(), ps, strict=True)}}


def _failed(verdicts: Verdicts, criteria: Iterable[Criterion], ids: Collection[str]) -> int:
    known = {criterion.id for criterion in criteria}
    return sum(
        verdict.score is None
        for (case, criterion), verdict in verdicts.items()
        if criterion in known and dialogue_id(case) in ids
    )


def _mean(values: Mapping[str, float]) -> Estimate | None:
    return mean([values[id] for id in sorted(values)]) if values else None


def shown(estimate: Estimate | None) -> str:
    """A figure with its interval."""
    if estimate is None:
        return "–"
    return f"{estimate.value:.1f} ({estimate.low:.1f} to {estimate.high:.1f})"


def shown_gap(gap: Estimate | None) -> str:
    """A difference with its corrected p, strong where that is below 0.05."""
    if gap is None or gap.p is None:
        return "–"
    return differing(f"{gap.value:+.1f}, {shown_p(gap.p)}", gap)


def differing(cell: str, gap: Estimate | None) -> str:
    """A cell, strong where its difference has a corrected p below 0.05."""
    return f"**{cell}**" if gap is not None and gap.p is not None and gap.p < 0.05 else cell
