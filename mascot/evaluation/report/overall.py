"""Overalls side by side under one judge: QMSum by domain, what is left without a part of MASCOT, other models
for a role. Each picture stands with its table, so that its differences are tested and can be copied."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mascot.evaluation.intervals import Estimate, difference, mean
from mascot.evaluation.judges.base import Criterion
from mascot.evaluation.judges.criteria import paper_criteria
from mascot.evaluation.judges.verdicts import Verdicts
from mascot.evaluation.report import paper, pictures
from mascot.evaluation.report.blocks import Block, Heading, Picture, Table, Words
from mascot.evaluation.report.evidence import Evidence, reference_of
from mascot.evaluation.report.scores import corrected, per_dialogue, shown, shown_gap

Figure = tuple[Sequence[Criterion], Collection[str]]
"""Over which criteria and which dialogues an Overall is taken."""
_MASCOT = "mascot"
_SCALE = "Overall, 0 to 100"


def qmsum(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], card: Sequence[Block], out: Path
) -> list[Block]:
    """The paper's dot plot: collective Overall by domain of the meeting."""
    if "qmsum" not in evidence.sources:
        return []
    group = paper_criteria("group")
    figures: dict[str, Figure] = {domain: (group, ids) for domain, ids in evidence.groups("qmsum").items()}
    shows = f"Collective Overall on QMSum by domain, judged by {judge}; 95 % intervals."
    compared = _compared(evidence, by_system, evidence.plain, figures, out, f"{judge}-qmsum", shows)
    return [Heading(3, "QMSum by domain"), *card, *compared] if compared else []


def ablations(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], card: Sequence[Block], out: Path
) -> list[Block]:
    """MASCOT and what it is without one of its parts."""
    names = [name for name in evidence.plain if evidence.systems[name].system.startswith(_MASCOT)]
    shows = f"What is left without a part of MASCOT, judged by {judge}; 95 % intervals."
    compared = _compared(evidence, by_system, names, _levels(evidence), out, f"{judge}-ablation", shows)
    theirs = "; ".join(f"{name} {a}/{g}" for name, (a, g) in paper.ABLATION.items())
    return [Heading(3, "Ablations"), *card, *compared, _theirs(theirs)] if compared else []


def sizes(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], card: Sequence[Block], out: Path
) -> list[Block]:
    """MASCOT with another model for director or speakers."""
    if not evidence.sized:
        return []
    names = [*(name for name in (_MASCOT,) if name in evidence.systems), *evidence.sized]
    shows = f"MASCOT with another model for a role, judged by {judge}; 95 % intervals."
    compared = _compared(evidence, by_system, names, _levels(evidence), out, f"{judge}-sizes", shows)
    theirs = "; ".join(
        f"{role} " + ", ".join(f"{size} {a}/{g}" for size, (a, g) in of_role.items())
        for role, of_role in (("director", paper.DIRECTOR_SIZE), ("speaker", paper.SPEAKER_SIZE))
    )
    return (
        [Heading(3, "Sizes of director and speaker"), *card, *compared, _theirs(theirs)] if compared else []
    )


def _levels(evidence: Evidence) -> dict[str, Figure]:
    ids = list(evidence.starts)
    return {"agent-specific": (paper_criteria("agent"), ids), "collective": (paper_criteria("group"), ids)}


def _compared(
    evidence: Evidence,
    by_system: Mapping[str, Verdicts],
    names: Sequence[str],
    figures: Mapping[str, Figure],
    out: Path,
    file: str,
    shows: str,
) -> list[Block]:
    """A picture and its table; nothing where fewer than two systems were judged, or none has a score.

    Every difference is from the reference, paired by dialogue; Holm's correction is over the whole table.
    """
    judged = [name for name in names if by_system.get(name)]
    if len(judged) < 2:
        return []
    reference = reference_of(judged)
    values = {
        (name, title): per_dialogue(by_system[name], criteria, set(ids))
        for name in judged
        for title, (criteria, ids) in figures.items()
    }
    means = {key: _mean(found) for key, found in values.items()}
    if not any(means.values()):
        return []
    gaps = corrected(
        {
            (name, title): difference(values[reference, title], values[name, title])
            for name, title in values
            if name != reference
        }
    )
    titles = {name: evidence.systems[name].title for name in judged}
    panels = {title: {titles[name]: means[name, title] for name in judged} for title in figures}
    pictures.dots(panels, out / f"{file}.svg", _SCALE, titles[reference])
    head = ["system"]
    for title in figures:
        head += [f"{title} (95 %)", "difference, p (Holm)"]
    rows = []
    for name in judged:
        cells = [titles[name]]
        for title in figures:
            gap = "compared with" if name == reference else shown_gap(gaps[name, title])
            cells += [shown(means[name, title]), gap]
        rows.append(tuple(cells))
    return [Picture(f"{file}.svg", shows), Table(tuple(head), tuple(rows), file)]


def _mean(values: Mapping[str, float]) -> Estimate | None:
    return mean([values[id] for id in sorted(values)]) if values else None


def _theirs(figures: str) -> Words:
    return Words(
        f"The paper's, by another judge and model (agent-specific/collective): {figures}.", note=True
    )
