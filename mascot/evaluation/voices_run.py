"""The measuring itself, from options to files: hold, measure, compare, write."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mascot import __version__
from mascot.conversation.personas import Cast, load_cast
from mascot.engines.embedding import Embedder, MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.select import plan_engine, select_engine
from mascot.evaluation import voices_report as report
from mascot.evaluation.attribution import WhoSpoke, confusion
from mascot.evaluation.comparison import Row, as_json, compare
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.measures import Embedded, measure, right_by_turn
from mascot.evaluation.rounds import Header, hold_all, kept
from mascot.evaluation.starts import (
    EXPERTS,
    app_starts,
    ed_starts,
    expert_dialogues,
    held_out_starts,
    training_replies,
)
from mascot.evaluation.systems import adapters_fingerprint, load_adapters, make_system
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings, read_settings
from mascot.studio import manner

Held = Mapping[str, Mapping[str, Dialogue]]
"""Dialogues by system and by id of the first message."""


def run(options: argparse.Namespace) -> int:
    """`voices run`: returns the exit code."""
    settings = read_settings()
    embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
    cast = load_cast()
    starts = gather(options, embedder)
    held = {
        name: _hold(name, adapters, options, settings, cast, embedder, starts)
        for name, adapters in options.system
    }
    figures = measure_all(held, starts, embedder, cast)
    about = {"command": command_line(), "model": plan_engine(settings).model} | machine()
    write(options.out, about, figures, held, starts, cast, options.shown)
    return 0


def gather(options: argparse.Namespace, embedder: Embedder) -> tuple[Start, ...]:
    """The first messages that the options ask for.

    Raises:
        InputError: the file of EmpatheticDialogues cannot be used.
    """
    ours = [*held_out_starts()[: options.limit], *app_starts()[: options.limit]]
    if options.ed is None:
        return tuple(ours)
    recogniser = CrisisRecogniser(embedder)
    return (*ours, *ed_starts(options.ed, options.ed_limit, lambda text: not recogniser.check(text).crisis))


def _hold(
    name: str,
    adapters: Path | None,
    options: argparse.Namespace,
    settings: Settings,
    cast: Cast,
    embedder: Embedder,
    starts: Sequence[Start],
) -> dict[str, Dialogue]:
    """One system's rounds; its model is loaded only where some are missing."""
    path = rounds_file(options.kept, settings, name)
    header = _header(adapters, options, settings)
    found = kept(path, header)
    left = sum(start.id not in found for start in starts)
    if not left:
        return {start.id: found[start.id] for start in starts}
    engine = select_engine(settings)
    try:
        if adapters is not None:
            load_adapters(engine, adapters)
        system = make_system(name, engine, cast, manner(engine), options.policy, embedder, options.candidates)
        with tqdm(total=len(starts), initial=len(starts) - left, desc=name, disable=None) as bar:
            return hold_all(system, starts, options.turns, path, header, options.at_once, bar.update)
    finally:
        engine.close()


def rounds_file(folder: Path | None, settings: Settings, name: str) -> Path:
    """Where a system's finished rounds are."""
    return (folder or settings.home / "voices") / f"{name}.jsonl"


def _header(adapters: Path | None, options: argparse.Namespace, settings: Settings) -> Header:
    plan = plan_engine(settings)
    return {
        "engine": plan.engine,
        "model": plan.model,
        "adapters": adapters_fingerprint(adapters),
        "policy": options.policy,
        "turns": options.turns,
        "candidates": options.candidates,
    }


def measure_all(held: Held, starts: Sequence[Start], embedder: Embedder, cast: Cast) -> dict[str, Any]:
    """Every figure, by source: rows of the table, confusion, attribution by turn, how many dialogues."""
    who = WhoSpoke(*training_replies())
    experts = {dialogue.id: dialogue for dialogue in expert_dialogues()}
    everyone = [d for dialogues in (*held.values(), experts) for d in dialogues.values()]
    texts = [text for dialogue in everyone for text in dialogue.texts]
    embedded = Embedded(embedder, [*texts, *(start.text for start in starts)])
    figures: dict[str, Any] = {"speakers": who.speakers, "sources": {}}
    for source in dict.fromkeys(start.source for start in starts):
        ids = [start.id for start in starts if start.source == source]
        systems = {name: [dialogues[id] for id in ids] for name, dialogues in held.items()}
        if source == "test":
            systems[EXPERTS] = [experts[id] for id in ids]
        measured = {name: measure(some, starts, who, embedded) for name, some in systems.items()}
        figures["sources"][source] = {
            "dialogues": len(ids),
            "rows": compare(measured, EXPERTS),
            "confusion": {name: _confusion(some, who, cast) for name, some in systems.items()},
            "turns": {name: right_by_turn(some, who) for name, some in systems.items()},
        }
    return figures


def _confusion(dialogues: Sequence[Dialogue], who: WhoSpoke, cast: Cast) -> Any:
    said = [utterance for dialogue in dialogues for utterance in dialogue.said]
    guessed = who.guess([utterance.text for utterance in said])
    return confusion(
        [utterance.agent for utterance in said], guessed, [p.id for p in cast if p.id in who.speakers]
    )


def write(
    out: Path,
    about: Mapping[str, Any],
    figures: Mapping[str, Any],
    held: Held,
    starts: Sequence[Start],
    cast: Cast,
    shown: int,
) -> None:
    """`voices.json`, `voices.md` and `voices-conversations.md` in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    sources = {
        source: {
            "dialogues": part["dialogues"],
            "measures": as_json(part["rows"]),
            "confusion": {name: table.tolist() for name, table in part["confusion"].items()},
            "attribution_by_turn": {n: [round(x, 4) for x in row] for n, row in part["turns"].items()},
        }
        for source, part in figures["sources"].items()
    }
    (out / "voices.json").write_text(json.dumps({**about, "sources": sources}, indent=1) + "\n", "utf-8")
    (out / "voices.md").write_text(_page(about, figures, held, cast), "utf-8")
    (out / "voices-conversations.md").write_text(_conversations(about, held, starts, cast, shown), "utf-8")


def _page(about: Mapping[str, Any], figures: Mapping[str, Any], held: Held, cast: Cast) -> str:
    speakers = [persona.id for persona in cast if persona.id in figures["speakers"]]
    parts = [f"# Voices: {', '.join(held)}", _origin(about), report.LEGEND, _explained(held)]
    for source, part in figures["sources"].items():
        rows: Sequence[Row] = part["rows"]
        parts += [f"## {report.SOURCES[source]} ({part['dialogues']} dialogues)", report.table(rows)]
        parts += ["### Attribution turn by turn", report.turns_table(part["turns"])]
        for name, table in part["confusion"].items():
            parts += [f"### Who was taken for whom: {name}", report.confusion_table(table, cast, speakers)]
    return "\n\n".join(parts) + "\n"


def _explained(held: Held) -> str:
    return (
        "What each measure is, and what it misses, stands in [evaluation](../evaluation.md). `experts` are "
        "the replies of our corpus to the same situations: what the figures would be if the group spoke as "
        "they wrote, and how well the classifier, which never saw them, knows them apart. Differences are "
        f"from `{next(iter(held))}`."
    )


def _conversations(
    about: Mapping[str, Any], held: Held, starts: Sequence[Start], cast: Cast, shown: int
) -> str:
    parts = [
        f"# Conversations, unedited: {', '.join(held)}",
        _origin(about),
        "Messages are spread evenly over each source, nobody picked them; nothing was edited or left out. Of "
        "EmpatheticDialogues only the id of the conversation is printed.",
    ]
    for source in ("test", "ed"):
        of_source = [start for start in starts if start.source == source]
        for start in report.evenly(of_source, shown) if of_source else []:
            systems = {name: dialogues[start.id] for name, dialogues in held.items()}
            parts.append(report.conversation(start, systems, cast))
    return "\n\n".join(parts) + "\n"


def _origin(about: Mapping[str, Any]) -> str:
    return (
        f"Made by `{about['command']}` on {about['date']}: {about['model']}, {about['machine']}, "
        f"version {about['version']}."
    )


def machine() -> dict[str, str]:
    """Date, version and machine, for a report."""
    processor = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        processor = next((line.partition(":")[2] for line in lines if line.startswith("model name")), "")
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "version": __version__,
        "machine": f"{os.cpu_count()} CPUs {platform.machine()}{processor.rstrip()}",
    }


def command_line() -> str:
    """This command, of paths outside the project the names only, also of those behind `NAME=`."""
    return f"python -m mascot {shlex.join(_without_folders(word) for word in sys.argv[1:])}"


def _without_folders(word: str) -> str:
    return ",".join(map(_name_only, word.split(",")))


def _name_only(part: str) -> str:
    before, equals, path = part.rpartition("=")
    return f"{before}{equals}{Path(path).name if Path(path).is_absolute() else path}"
