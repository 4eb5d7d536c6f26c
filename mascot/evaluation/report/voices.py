"""The part of a report about who is recognised: by whom agents are taken for whom, turn by turn, and with
each type of simulated person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mascot.conversation.personas import Cast
from mascot.evaluation.attribution import WhoSpoke, confusion
from mascot.evaluation.dialogue import Dialogue
from mascot.evaluation.intervals import Estimate, mean
from mascot.evaluation.measures import Measured, right_at_turns
from mascot.evaluation.report import pictures
from mascot.evaluation.report.blocks import Block, Heading, Picture, Table
from mascot.evaluation.report.evidence import Evidence, reference_of


def voice_parts(
    evidence: Evidence,
    source: str,
    measured: Mapping[str, Measured],
    who: WhoSpoke,
    cast: Cast,
    out: Path,
) -> list[Block]:
    """Who was taken for whom, and attribution turn by turn; of the groups of one corpus."""
    groups = {name: list(measured[name].dialogues.values()) for name in measured}
    groups = {name: held for name, held in groups.items() if evidence.systems[name].kind == "group"}
    if not groups:
        return []
    reference = reference_of(list(groups))
    title = evidence.systems[reference].title
    return [
        *_confusion(groups[reference], title, who, cast, out, f"{source}-confusion"),
        *_turns(evidence, groups, title, who, out, f"{source}-turns"),
    ]


def _confusion(
    dialogues: Sequence[Dialogue], title: str, who: WhoSpoke, cast: Cast, out: Path, file: str
) -> list[Block]:
    """A row for everyone who spoke, a column for everyone who can be guessed."""
    speakers = [persona.id for persona in cast if persona.id in who.speakers]
    said = [said for dialogue in dialogues for said in dialogue.said if said.agent in speakers]
    if not said:
        return []
    guessed = who.guess([utterance.text for utterance in said])
    counts = confusion([utterance.agent for utterance in said], guessed, speakers)
    spoke = counts.sum(axis=1) > 0
    shares = 100 * counts[spoke] / counts[spoke].sum(axis=1, keepdims=True)
    rows = [
        f"{cast[speaker].name} ({n})" for speaker, n in zip(speakers, counts.sum(axis=1), strict=True) if n
    ]
    columns = [cast[speaker].name for speaker in speakers]
    pictures.heat(shares.tolist(), rows, columns, out / f"{file}.svg", "said by (row), taken for (column), %")
    return [Picture(f"{file}.svg", f"Who was taken for whom: {title}; in brackets how much each said.")]


def _turns(
    evidence: Evidence,
    groups: Mapping[str, Sequence[Dialogue]],
    reference: str,
    who: WhoSpoke,
    out: Path,
    file: str,
) -> list[Block]:
    """How much of the voices is left at each turn."""
    found = {evidence.systems[name].title: _at_turns(held, who) for name, held in groups.items()}
    found = {title: values for title, values in found.items() if values}
    longest = max(map(len, found.values()), default=0)
    if longest < 2:
        return []
    chance = 100 / len(who.speakers)
    pictures.courses(found, out / f"{file}.svg", "speaker guessed, %", chance, reference)
    cells = [
        (
            title,
            *(f"{v.value:.0f} % ({v.low:.0f} to {v.high:.0f})" for v in values),
            *["–"] * (longest - len(values)),
        )
        for title, values in found.items()
    ]
    head = ("system", *(f"turn {turn + 1}" for turn in range(longest)))
    shows = f"Attribution turn by turn, 95 % intervals; broken line: chance, thin line: {reference}."
    return [Heading(4, "Drift over turns"), Picture(f"{file}.svg", shows), Table(head, tuple(cells), file)]


def _at_turns(dialogues: Sequence[Dialogue], who: WhoSpoke) -> list[Estimate]:
    """Attribution at each turn, 0 to 100."""
    return [mean([100.0 * right for right in column]) for column in right_at_turns(dialogues, who)]


def people_parts(evidence: Evidence, who: WhoSpoke, cast: Cast, out: Path) -> list[Block]:
    """How recognisable each agent stays with each type of simulated person."""
    parts: list[Block] = []
    for system in dict.fromkeys(evidence.systems[name].system for name in evidence.answered):
        names = [name for name in evidence.answered if evidence.systems[name].system == system]
        agents = [agent for agent in evidence.systems[names[0]].agents if agent in who.speakers]
        if not agents:
            continue
        table = [
            [_recognised(evidence.dialogues[name].values(), agent, who) for agent in agents] for name in names
        ]
        file, title = f"people-{system}.svg", evidence.systems[names[0]].title
        types = [evidence.systems[name].user for name in names]
        voices = [cast[agent].name for agent in agents]
        pictures.heat(table, types, voices, out / file, "utterances whose speaker is guessed, %")
        parts += [
            Heading(3, f"Simulated people who answer back: {title}"),
            Picture(file, f"Attribution by type of simulated person and agent, {title}; no judge."),
        ]
    return parts


def _recognised(dialogues: Iterable[Dialogue], agent: str, who: WhoSpoke) -> float | None:
    texts = [said.text for dialogue in dialogues for said in dialogue.said if said.agent == agent]
    guessed = who.guess(texts)
    return 100 * sum(guess == agent for guess in guessed) / len(guessed) if guessed else None
