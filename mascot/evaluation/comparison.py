"""Systems beside one another: every figure with its interval, every difference with its corrected p."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mascot.evaluation.dialogue import Dialogue
from mascot.evaluation.intervals import Estimate, difference, holm, jackknife, mean, rounded
from mascot.evaluation.measures import ACROSS, WITHIN, Measure, Measured


@dataclass(frozen=True)
class Row:
    """One measure over all systems."""

    measure: Measure
    values: Mapping[str, Estimate | None]
    """By system."""
    differences: Mapping[str, Estimate | None]
    """By system, minus the first one, over the dialogues of both; `p` corrected by Holm."""


def compare(systems: Mapping[str, Measured], reference: str | None = None) -> tuple[Row, ...]:
    """All measures of all systems; the first is the one that the others are compared with.

    Holm's correction is over every difference of the table.

    Args:
        reference: a system that is shown and not compared (the experts).
    """
    names = [name for name in systems if name != reference]
    compared = names[1:]
    rows = []
    for measure in WITHIN:
        values = {name: _mean(systems[name].within[measure.key]) for name in systems}
        first = systems[names[0]].within[measure.key]
        differences = {name: difference(first, systems[name].within[measure.key]) for name in compared}
        rows.append(Row(measure, values, differences))
    for measure in ACROSS:
        values = {name: _across(systems[name], measure.key) for name in systems}
        differences = {name: _gap(systems[names[0]], systems[name], measure.key) for name in compared}
        rows.append(Row(measure, values, differences))
    return _corrected(rows)


def _mean(values: Mapping[str, float]) -> Estimate | None:
    return mean([values[id] for id in sorted(values)]) if values else None


def _spoken(dialogues: Mapping[str, Dialogue]) -> set[str]:
    return {id for id, dialogue in dialogues.items() if dialogue.said}


def _across(system: Measured, key: str) -> Estimate | None:
    statistic, ids = system.across[key], sorted(_spoken(system.dialogues))
    if statistic(ids) is None:
        return None
    return replace(jackknife(lambda some: statistic(some) or 0.0, ids), p=None)


def _gap(first: Measured, other: Measured, key: str) -> Estimate | None:
    ids = sorted(_spoken(first.dialogues) & _spoken(other.dialogues))
    before, after = first.across[key], other.across[key]
    if before(ids) is None or after(ids) is None:
        return None
    return jackknife(lambda some: (after(some) or 0.0) - (before(some) or 0.0), ids)


def _corrected(rows: Sequence[Row]) -> tuple[Row, ...]:
    ps = [gap.p for row in rows for gap in row.differences.values() if gap is not None and gap.p is not None]
    left = iter(holm(ps))
    return tuple(
        replace(
            row,
            differences={
                name: gap if gap is None or gap.p is None else replace(gap, p=next(left))
                for name, gap in row.differences.items()
            },
        )
        for row in rows
    )


def as_json(rows: Sequence[Row]) -> dict[str, dict]:
    """The table by measure, for a file."""
    return {
        row.measure.key: {
            "title": row.measure.title,
            "better": row.measure.better,
            "systems": {name: rounded(value) for name, value in row.values.items()},
            "differences": {name: rounded(value) for name, value in row.differences.items()},
        }
        for row in rows
    }
