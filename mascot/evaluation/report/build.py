"""`python -m mascot report DIR`: a run as Markdown, HTML and pictures.

report/report.md, report.html          tables and pictures
report/dialogues.html, dialogues.md    all systems side by side
report/pictures/*.svg, tables/*.csv    each figure on its own
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from mascot.engines.embedding import Embedder, MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import InputError
from mascot.evaluation.report.automatic import automatic_parts
from mascot.evaluation.report.beside import beside_page
from mascot.evaluation.report.blocks import Block, Heading, Table, Words, as_html, as_markdown
from mascot.evaluation.report.evidence import Evidence, read_evidence, reference_of
from mascot.evaluation.report.judged import judge_parts
from mascot.evaluation.voices_run import machine
from mascot.settings import read_settings


def write_report(path: Path, cards: Path, out: Path | None = None, embedder: Embedder | None = None) -> Path:
    """The report of a run; returns its folder.

    Args:
        cards: folder of judges' report cards.
        out: where it goes; None is `report` in the run's folder.
        embedder: None is the embedded one.

    Raises:
        InputError: there is no run, or nothing in it.
    """
    evidence = read_evidence(path, cards)
    if not evidence.systems:
        raise InputError(f"there is no dialogue in {path}: let `evaluate` finish some first")
    embedder = embedder or MiniLM(read_settings().models / EMBEDDED_EMBEDDER)
    out = out or path / "report"
    out.mkdir(parents=True, exist_ok=True)
    blocks = report_blocks(evidence, path, embedder, out / "pictures")
    dialogues = beside_page(evidence)
    for table in (block for block in blocks if isinstance(block, Table) and block.name):
        (out / "tables").mkdir(exist_ok=True)
        (out / "tables" / f"{table.name}.csv").write_text(table.csv(), "utf-8")
    for name, title, page in (
        ("report", "MASCOT: report of a run", blocks),
        ("dialogues", "MASCOT: dialogues side by side", dialogues),
    ):
        (out / f"{name}.md").write_text(as_markdown(page), "utf-8")
        (out / f"{name}.html").write_text(as_html(title, page), "utf-8")
    sys.stdout.write(f"{out / 'report.html'}, report.md and dialogues.html\n")
    return out


def report_blocks(evidence: Evidence, path: Path, embedder: Embedder, pictures: Path) -> list[Block]:
    """The report's page."""
    reference = evidence.systems[reference_of(evidence.plain or list(evidence.systems))].title
    head: list[Block] = [
        Heading(1, f"Evaluation: {', '.join(evidence.sources)}"),
        _made(evidence, path),
        Words(f"Systems are compared with **{reference}**. [All dialogues side by side](dialogues.html)."),
        Heading(2, "Systems"),
        _systems(evidence),
    ]
    judged = judge_parts(evidence, pictures)
    if not judged:
        judged = [
            Heading(2, "Judges"),
            Words(
                "Nobody judged this run: `python -m mascot judge run DIR --judge NAME` lets a judge do it."
            ),
        ]
    return [*head, *judged, *automatic_parts(evidence, embedder, pictures)]


def _made(evidence: Evidence, path: Path) -> Words:
    run, here = evidence.run, machine()
    commands = "; ".join(f"`{made['command']}` ({made['date']}, {made['machine']})" for made in evidence.made)
    limit = "" if run.limit is None else f", at most {run.limit} of each"
    return Words(
        f"{len(evidence.starts)} first messages of {', '.join(run.data)}{limit}; {run.model} on "
        f"{run.engine}; {run.turns} turns a round, {run.rounds} message(s) of the person, seed {run.seed}. "
        f"Made by {commands or 'a run that is not finished'}. Computed by "
        f"`python -m mascot report {path.name}` on {here['date']} ({here['machine']}, version "
        f"{here['version']}).",
        note=True,
    )


def _systems(evidence: Evidence) -> Table:
    rows = []
    for name, header in evidence.systems.items():
        held = evidence.dialogues[name]
        answered = sum(bool(dialogue.said) for dialogue in held.values())
        rows.append(
            (
                header.title + (f" with {header.user}" if header.user else ""),
                header.kind,
                _listed([f"{key} {value}" for key, value in header.models.items()]),
                _listed(sorted(header.adapters)),
                f"{len(held)} of {len(evidence.starts)}",
                str(len(held) - answered),
            )
        )
    return Table(
        ("system", "kind", "other models", "adapters", "dialogues", "nothing said"), tuple(rows), "systems"
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words) or "–"
