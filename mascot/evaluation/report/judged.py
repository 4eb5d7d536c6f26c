"""The part of a report that judges made: in the paper's form, each table under its judge's card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mascot.conversation.personas import load_cast
from mascot.evaluation.intervals import Estimate
from mascot.evaluation.judges.base import Criterion
from mascot.evaluation.judges.bias import bias_words
from mascot.evaluation.judges.card import Card, card_table
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.verdicts import Verdicts
from mascot.evaluation.report import paper, pictures
from mascot.evaluation.report.blocks import Block, Heading, Picture, Table, Warned, Words
from mascot.evaluation.report.evidence import Evidence, dialogue_id, reference_of
from mascot.evaluation.report.overall import ablations, qmsum, sizes
from mascot.evaluation.report.scores import (
    OVERALL,
    Scored,
    differences,
    differing,
    per_dialogue,
    scored,
    shown,
    shown_gap,
)

_PAPER = (
    "The last column is the paper's own figure: another judge, another model, other conversations. Only "
    "differences between systems under one judge can be compared."
)
_DIMENSIONS = (
    "0 to 100 of each dimension's own scale, 95 % intervals over dialogues. **Strong** figures differ from "
    "the reference's, paired by dialogue, p < 0.05 after Holm's correction over every difference of the "
    "table. More is not better for advice giving, self-oriented and dismissing emotions. The ratings it "
    "learned from are of conversations with one supporter; that they carry over to a group is not shown."
)


def judge_parts(evidence: Evidence, out: Path) -> list[Block]:
    """Every judge's tables and pictures."""
    parts: list[Block] = []
    for judge, by_system in evidence.verdicts.items():
        parts += [Heading(2, f"Judged by {judge}"), *card_block(evidence.cards.get(judge), judge, full=True)]
        if judge in evidence.biases:
            parts.append(Words(bias_words(evidence.biases[judge]), note=True))
        asked = {criterion for found in by_system.values() for _, criterion in found}
        dimensions = [dimension for dimension in rated_dimensions() if dimension.id in asked]
        if len(dimensions) == len(asked):  # two of the paper's criteria bear the name of a dimension
            parts += _dimension_table(evidence, judge, by_system, dimensions)
        else:
            parts += _paper_tables(evidence, judge, by_system, out)
    return parts


def card_block(card: Card | None, judge: str, full: bool = False) -> list[Block]:
    """What is known of a judge, in words; with its table where it is met first."""
    if card is None:
        return [
            Warned(
                f"**{judge} has no report card**, so nothing is known of what its scores are worth. Make "
                f"one: `python -m mascot judge card --judge {judge} --data DIR`."
            )
        ]
    words = Warned(card.words, card.believable)
    if not full:
        return [words]
    lines = [line for line in card_table(card).splitlines() if line.startswith("| ")]
    head, *rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    table = Table(head, tuple(row for row in rows if set(row[0]) != {"-"}), f"card-{judge}")
    notes = [Words(note, note=True) for note in (f"Model: {card.model}.", *card.notes)]
    return [words, table, *notes]


def _paper_tables(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], out: Path
) -> list[Block]:
    parts: list[Block] = []
    for level, title in (("agent", "Agent-specific"), ("group", "Collective")):
        criteria = paper_criteria(level)  # pyright: ignore[reportArgumentType]
        for source in evidence.sources:
            for group, ids in evidence.groups(source).items():
                found = scored(by_system, evidence.plain, criteria, ids, reference_of(evidence.plain))
                if any(values[OVERALL] for values in found.values.values()):
                    name = f"{judge}-{level}-{source}-{group}"
                    parts += [Heading(3, f"{title}, {source}, {group}")]
                    parts += card_block(evidence.cards.get(judge), judge)
                    theirs = _published(level, group)
                    parts += [_score_table(evidence, found, name, theirs)]
                    parts += [Words(_PAPER, note=True)] if theirs else []
        parts += _failures(evidence, judge, by_system, criteria)
    card = card_block(evidence.cards.get(judge), judge)
    return [
        *parts,
        *qmsum(evidence, judge, by_system, card, out),
        *ablations(evidence, judge, by_system, card, out),
        *_people(evidence, judge, by_system, out),
        *sizes(evidence, judge, by_system, card, out),
    ]


def _score_table(evidence: Evidence, found: Scored, name: str, published: Mapping[str, float]) -> Table:
    reference = reference_of(list(found.values))
    columns = [c.title for c in found.criteria] + ["Overall (95 %)", "difference, p (Holm)"]
    rows = []
    for system, values in found.values.items():
        cells = [_number(values[c.id]) for c in found.criteria]
        gap = found.differences.get(system)
        compared = "compared with" if system == reference else shown_gap(gap)
        cells += [shown(values[OVERALL]), compared]
        if published:
            cells.append(f"{published[system]:.1f}" if system in published else "–")
        rows.append((evidence.systems[system].title, *cells))
    head = ("system", *columns, *(["paper's Overall"] if published else []))
    return Table(head, tuple(rows), name)


def _dimension_table(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], dimensions: Sequence[Criterion]
) -> list[Block]:
    """What a judge of published dimensions says, one table for each corpus."""
    parts: list[Block] = []
    for source in evidence.sources:
        ids = [start.id for start in evidence.starts.values() if start.source == source]
        found = scored(by_system, evidence.plain, dimensions, ids, reference_of(evidence.plain))
        if not found.values:
            continue
        head = ("system", *(dimension.title.partition(": ")[2] for dimension in dimensions))
        gaps = differences(by_system, list(found.values), dimensions, ids, reference_of(list(found.values)))
        rows = tuple(
            (
                evidence.systems[name].title,
                *(differing(shown(values[d.id]), gaps.get((name, d.id))) for d in dimensions),
            )
            for name, values in found.values.items()
        )
        parts += [Heading(3, f"Dimensions people rated, {source}")]
        parts += card_block(evidence.cards.get(judge), judge)
        parts += [Table(head, rows, f"{judge}-{source}")]
        parts += [Words(_DIMENSIONS, note=True)]
    return parts + _failures(evidence, judge, by_system, dimensions)


def _people(evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], out: Path) -> list[Block]:
    """MBTI types of simulated people against agents: agent-specific Overall."""
    cast, parts = load_cast(), []
    for system in dict.fromkeys(evidence.systems[name].system for name in evidence.answered):
        names = [name for name in evidence.answered if evidence.systems[name].system == system]
        agents = [agent for agent in evidence.systems[names[0]].agents if agent in cast]
        table = [
            [_of_agent(evidence, by_system.get(name, {}), name, agent) for agent in agents] for name in names
        ]
        if not any(value is not None for row in table for value in row):
            continue
        types = [evidence.systems[name].user for name in names]
        file = f"{judge}-people-{system}.svg"
        voices = [cast[agent].name for agent in agents]
        pictures.heat(table, types, voices, out / file, "agent-specific Overall, 0 to 100")
        parts += [
            Heading(3, f"Simulated people and agents: {evidence.systems[names[0]].title}"),
            *card_block(evidence.cards.get(judge), judge),
            Picture(
                file, f"Agent-specific Overall by type of simulated person and agent, judged by {judge}."
            ),
        ]
    return parts


def _of_agent(evidence: Evidence, verdicts: Verdicts, system: str, agent: str) -> float | None:
    """Mean Overall of the judged utterances of one agent."""
    criteria = paper_criteria("agent")
    by_case = {
        case: per_dialogue(
            {key: v for key, v in verdicts.items() if key[0] == case}, criteria, {dialogue_id(case)}
        )
        for case in dict.fromkeys(case for case, _ in verdicts)
        if _agent_of(evidence, system, case) == agent
    }
    values = [value for found in by_case.values() for value in found.values()]
    return sum(values) / len(values) if values else None


def _agent_of(evidence: Evidence, system: str, case: str) -> str:
    """Who said the utterance of a case; empty for a case that is no utterance."""
    id, _, number = case.rpartition("#")
    dialogue = evidence.dialogues[system].get(id)
    return dialogue.said[int(number)].agent if dialogue and number.isdecimal() else ""


def _failures(
    evidence: Evidence, judge: str, by_system: Mapping[str, Verdicts], criteria: Sequence[Criterion]
) -> list[Block]:
    found = scored(by_system, list(evidence.systems), criteria, list(evidence.starts), "").failed
    some = {evidence.systems[name].title: count for name, count in found.items() if count}
    if not some:
        return []
    counted = ", ".join(f"{title} {count}" for title, count in some.items())
    return [Words(f"{judge} gave no score to some questions, which are left out: {counted}.", note=True)]


def _published(level: str, group: str) -> dict[str, float]:
    table = paper.AGENT_OVERALL if level == "agent" else paper.GROUP_OVERALL
    return {system: values[group] for system, values in table.items() if group in values}


def _number(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{estimate.value:.1f}"
