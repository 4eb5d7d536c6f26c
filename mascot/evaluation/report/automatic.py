"""The part of a report that needs no judge: voices, redundancy, style, cost, yes-men."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mascot.conversation.personas import Cast, load_cast
from mascot.engines.embedding import Embedder
from mascot.evaluation import sycophancy
from mascot.evaluation.attribution import WhoSpoke
from mascot.evaluation.comparison import Row, compare
from mascot.evaluation.intervals import Estimate, difference, mean, shown_p
from mascot.evaluation.measures import Embedded, Measure, Measured, measure
from mascot.evaluation.report import pictures
from mascot.evaluation.report.blocks import Block, Heading, Picture, Table, Words
from mascot.evaluation.report.evidence import Evidence, reference_of
from mascot.evaluation.report.scores import corrected
from mascot.evaluation.report.voices import people_parts, voice_parts
from mascot.evaluation.starts import training_replies

TABLES: Mapping[str, tuple[str, ...]] = {
    "Voices": ("attribution", "drift", "relevance", "entropy"),
    "Redundancy inside a dialogue": ("overlap", "distinct_2"),
    "Redundancy across dialogues": ("reuse_4", "reuse_5", "openings", "self_bleu", "distinct_2_all", "vendi"),
    "Style": ("questions", "advice", "reflections", "agreement", "words"),
    "Cost": ("spent", "seconds"),
    "What went wrong": ("refusals", "caught", "leaks", "empty"),
}
"""Which measures stand together."""
_OF_GROUPS = {"attribution", "drift", "entropy", "overlap", "agreement"}
"""They mean nothing of a system with one voice."""
_ARROWS = {"more": " ↑", "less": " ↓", "": ""}
_DOTS = ("attribution", "relevance", "overlap", "reuse_4")
"""The measures of the picture."""


def automatic_parts(evidence: Evidence, embedder: Embedder, out: Path) -> list[Block]:
    """Tables and pictures for each corpus of the run."""
    who, cast = WhoSpoke(*training_replies()), load_cast()
    embedded = _embedded(evidence, embedder)
    parts: list[Block] = [
        Heading(2, "Without a judge"),
        Words(
            "↑ more is better, ↓ less is better. In brackets 95 % intervals over dialogues (bootstrap; for "
            "figures across dialogues a delete-a-group jackknife). **Strong** figures differ from the "
            "reference's, paired by dialogue, p < 0.05 after Holm's correction over every difference of that "
            "corpus. What each measure misses stands in `docs/evaluation.md`."
        ),
    ]
    for source in evidence.sources:
        measured = _measured(evidence, source, who, embedded)
        if measured:
            parts += _of_source(evidence, source, measured, who, cast, out)
        else:
            parts.append(Words(f"Of {source} no first message was answered by every system yet."))
    return parts + _yes_men(evidence) + people_parts(evidence, who, cast, out)


def _embedded(evidence: Evidence, embedder: Embedder) -> Embedded:
    everyone = [d for held in evidence.dialogues.values() for d in held.values()]
    texts = [text for dialogue in everyone for text in dialogue.texts]
    return Embedded(embedder, [*texts, *(start.text for start in evidence.starts.values())])


def _measured(evidence: Evidence, source: str, who: WhoSpoke, embedded: Embedded) -> dict[str, Measured]:
    """By system; only dialogues that every system has, so that figures across dialogues can be compared."""
    names = [name for name in evidence.plain + evidence.sized if evidence.dialogues[name]]
    ids = [
        id
        for id, start in evidence.starts.items()
        if start.source == source and all(id in evidence.dialogues[name] for name in names)
    ]
    starts = [start for start in evidence.starts.values() if start.source == source]
    if not ids:
        return {}
    found = {
        name: measure([evidence.dialogues[name][id] for id in ids], starts, who, embedded) for name in names
    }
    return {name: _sensible(one, evidence.systems[name].kind) for name, one in found.items()}


def _sensible(measured: Measured, kind: str) -> Measured:
    if kind == "group":
        return measured
    within = {key: {} if key in _OF_GROUPS else values for key, values in measured.within.items()}
    return Measured(measured.dialogues, within, measured.across)


def _of_source(
    evidence: Evidence,
    source: str,
    measured: Mapping[str, Measured],
    who: WhoSpoke,
    cast: Cast,
    out: Path,
) -> list[Block]:
    reference = reference_of(list(measured))
    ordered = {reference: measured[reference], **measured}
    rows = {row.measure.key: row for row in compare(ordered)}
    count = len(measured[reference].dialogues)
    parts: list[Block] = [Heading(3, f"{source}: {count} dialogues of each system")]
    for title, keys in TABLES.items():
        table = _table(evidence, [rows[key] for key in keys], list(measured), f"{source}-{_slug(title)}")
        parts += [Heading(4, title), table]
    file = f"{source}-dots.svg"
    panels = {
        _short(rows[key].measure): {
            evidence.systems[name].title: _scaled(rows[key].values[name], rows[key].measure)
            for name in measured
        }
        for key in _DOTS
    }
    pictures.dots(panels, out / file, "", evidence.systems[reference].title)
    parts.append(Picture(file, f"Four of these measures on {source}, with 95 % intervals."))
    return parts + voice_parts(evidence, source, measured, who, cast, out)


def _table(evidence: Evidence, rows: Sequence[Row], names: Sequence[str], file: str) -> Table:
    head = ("system", *(row.measure.title + _ARROWS[row.measure.better] for row in rows))
    lines = []
    for name in names:
        cells = []
        for row in rows:
            gap, cell = row.differences.get(name), _cell(row.values[name], row.measure)
            differs = gap is not None and gap.p is not None and gap.p < 0.05
            cells.append(f"**{cell}**" if differs else cell)
        lines.append((evidence.systems[name].title, *cells))
    return Table(head, tuple(lines), file)


def _yes_men(evidence: Evidence) -> list[Block]:
    """Who agrees with a view and with its opposite."""
    found = {name: sycophancy.sycophancy(evidence.dialogues[name].values()) for name in evidence.plain}
    found = {name: values for name, values in found.items() if values}
    if not found:
        return []
    reference = reference_of(list(found))
    others = [name for name in found if name != reference]
    gaps = corrected({name: difference(found[reference], found[name]) for name in others})
    rows = []
    for name, values in found.items():
        leaning = sycophancy.leaning(evidence.dialogues[name])
        gap = gaps.get(name)
        tested = "compared with" if name == reference else "–" if gap is None else _gap(gap)
        cells = (
            _share(mean(list(values.values()))),
            "–" if leaning is None else f"{100 * leaning:.1f} %",
            tested,
        )
        rows.append((evidence.systems[name].title, *cells))
    head = (
        "system",
        "would agree with either side ↓",
        "sides with the person at all",
        "difference, p (Holm)",
    )
    return [
        Heading(3, "Yes-men"),
        Words(
            "Sixteen views of ours, each put from two opposite sides, each overstated. First figure: the "
            "share of the group that sides with the person whichever side it is told; 100 % is a yes-man. "
            "Counted by patterns."
        ),
        Table(head, tuple(rows), "yes-men"),
    ]


def _cell(estimate: Estimate | None, measure: Measure) -> str:
    if estimate is None:
        return "–"
    if measure.unit == "share":
        return _share(estimate)
    digits = 1 if abs(estimate.value) >= 10 else 2
    value, low, high = (f"{x:.{digits}f}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})"


def _share(estimate: Estimate) -> str:
    value, low, high = (f"{100 * x:.1f}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} % ({low} to {high})"


def _gap(gap: Estimate) -> str:
    p = 1.0 if gap.p is None else gap.p
    text = f"{100 * gap.value:+.1f} points, " + shown_p(p)
    return f"**{text}**" if p < 0.05 else text


def _scaled(estimate: Estimate | None, measure: Measure) -> Estimate | None:
    if estimate is None or measure.unit != "share":
        return estimate
    return Estimate(100 * estimate.value, 100 * estimate.low, 100 * estimate.high, estimate.n)


def _short(measure: Measure) -> str:
    names = {
        "attribution": "speaker guessed, % ↑",
        "relevance": "own situation, % ↑",
        "overlap": "cosine of agents ↓",
        "reuse_4": "4-gram reuse, % ↓",
    }
    return names[measure.key]


def _slug(title: str) -> str:
    return title.casefold().replace(" ", "-")
