"""A run of the benchmark: measure, write figures, a page and a picture, and say what was reached.

Every finished part is in the file at once. A broken-off run is gone on with by `--only` for what is missing;
parts that are not asked for stay as they were, each with its own date.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from mascot.bench.machine import load, machine
from mascot.bench.measure import Figure
from mascot.bench.parts import FULL, PARTS, QUICK, Part, Plan
from mascot.bench.picture import draw
from mascot.bench.report import markdown, measured_of, terminal
from mascot.conversation.personas import load_cast
from mascot.engines.fetch import fetch_embedded
from mascot.errors import InputError, MascotError
from mascot.settings import read_settings

FORMAT = 1
"""Of the JSON file."""


def run_bench(options: argparse.Namespace) -> int:
    """What `python -m mascot bench` does; returns the exit code: 2 where a part failed."""
    settings = read_settings()
    chosen = select(options.only or [])
    fetch_embedded(settings.models)
    plan = Plan(settings, load_cast(), QUICK if options.quick else FULL, _line)
    document = begin(options.json, plan)
    failures = run(chosen, plan, document, options.json)
    picture = options.json.with_suffix(".png")
    draw(measured_of(document), picture)
    options.json.with_suffix(".md").write_text(markdown(document, picture.name), encoding="utf-8")
    for line in terminal(document):
        _line(line)
    for name, failure in failures.items():
        sys.stderr.write(f"mascot: bench {name}: {failure}\n")
    return 2 if failures else 0


def select(names: Sequence[str]) -> dict[str, Part]:
    """The parts of these names; `director` is the part of every engine, no name at all is everything.

    Raises:
        InputError: there is no such part.
    """
    for name in names:
        if not any(_is(part, name) for part in PARTS):
            raise InputError(f"bench has no part {name!r}: choose among {', '.join(PARTS)}")
    return {part: measure for part, measure in PARTS.items() if not names or any(_is(part, n) for n in names)}


def begin(file: Path, plan: Plan) -> dict[str, Any]:
    """The document that parts are added to: what the file has, or a new one.

    Raises:
        InputError: the file is something else.
    """
    parts: dict[str, Any] = {}
    if file.exists():
        try:
            old = json.loads(file.read_text(encoding="utf-8"))
            parts = old["parts"] if old["format"] == FORMAT else {}
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{file} is not a file of results: move it away, or name another one") from None
    return {
        "format": FORMAT,
        "command": "python -m mascot bench",
        "machine": machine(),
        "threads": plan.threads,
        "parts": parts,
    }


def run(chosen: Mapping[str, Part], plan: Plan, document: dict[str, Any], file: Path) -> dict[str, Exception]:
    """Measure parts one after another, each written once it is done; returns what failed."""
    failures: dict[str, Exception] = {}
    file.parent.mkdir(parents=True, exist_ok=True)
    for number, (name, measure) in enumerate(chosen.items(), 1):
        plan.say(f"[{number}/{len(chosen)}] {name}")
        before, started = load(), time.perf_counter()
        try:
            figures = measure(plan)
        except (MascotError, httpx.HTTPError) as error:
            failures[name] = error
            continue
        document["parts"][name] = entry(figures, before, time.perf_counter() - started, plan.extent is QUICK)
        # In the order of the parts, whatever was measured first.
        document["parts"] = {part: document["parts"][part] for part in PARTS if part in document["parts"]}
        _write(file, document)
    return failures


def entry(figures: Sequence[Figure], load_before: float, seconds: float, quick: bool) -> dict[str, Any]:
    """A part as it stands in the file."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "quick": quick,
        "load_before": load_before,
        "seconds": round(seconds, 1),
        "figures": [figure.as_dict() for figure in figures],
    }


def _write(file: Path, document: Mapping[str, Any]) -> None:
    scratch = file.with_suffix(".part")
    scratch.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(file)


def _is(part: str, name: str) -> bool:
    return part == name or part.startswith(f"{name}/")


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
