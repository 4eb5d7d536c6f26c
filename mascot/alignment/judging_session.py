"""Sampling and judging as the command line asks for them: models opened, bars shown, records written."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from mascot import __version__
from mascot.alignment.judging import criteria_of, flip_rate, known_questions, preferences, questions
from mascot.alignment.preferences import Preference, write_preferences
from mascot.alignment.preferences_expert import ANOTHER_VOICE, BESIDE_THE_POINT, expert_preferences
from mascot.alignment.preferences_sources import data_sha256
from mascot.alignment.sampling import places, read_samples, sample_all
from mascot.conversation.personas import load_cast
from mascot.engines.select import select_engine
from mascot.errors import InputError
from mascot.evaluation.judges.select import JudgeSpec, opened
from mascot.evaluation.judges.verdicts import judge_all
from mascot.evaluation.systems import adapters_fingerprint, load_adapters
from mascot.live.speaker import INSTRUCTED, Speaker
from mascot.settings import read_settings

PREFERENCES, RECORD = "preferences.jsonl", "judging.json"


def run_sample(options: argparse.Namespace) -> int:
    """Draw answers; returns the exit code.

    Raises:
        MascotError: what cannot be drawn, in one line.
    """
    if options.count < 2:
        raise InputError(
            "--count: two answers at least are needed in each place: there is nothing to compare"
        )
    settings = read_settings()
    cast = load_cast(settings.home / "personas")
    wanted = places([row for row in expert_preferences() if row.split != "test"])[: options.limit]
    engine = select_engine(settings)
    try:
        if options.adapters:
            load_adapters(engine, options.adapters)
        header = {
            "model": engine.info.model,
            "adapters": adapters_fingerprint(options.adapters),
            "count": options.count,
            "code": __version__,
        }
        speaker = Speaker(engine, cast, INSTRUCTED)
        with tqdm(total=len(wanted), desc="places", unit="place", disable=None) as bar:
            found = sample_all(speaker, wanted, options.count, options.out, header, bar.update)
    finally:
        engine.close()
    answers = sum(len(place.says) for place in found)
    sys.stdout.write(f"{answers} answers in {len(found)} places: {options.out}\n")
    return 0


def run_judge(options: argparse.Namespace) -> int:
    """Judge answers; returns the exit code.

    Raises:
        MascotError: what cannot be judged, in one line.
    """
    settings = read_settings()
    cast = load_cast(settings.home / "personas")
    found = read_samples(options.samples)
    if not found:
        raise InputError(f"{options.samples} holds no place of `align sample`: draw answers into it first")
    spec = JudgeSpec.parse(options.judge, "answer" if options.written else "probabilities")
    header, known = spec.header(settings), _known(options.known)
    with opened(spec, settings) as judge:
        criteria = criteria_of(judge)
        asked = questions(found, criteria, cast)
        checked = known_questions(known, criteria, cast)
        with tqdm(total=len(asked) + len(checked), desc="verdicts", disable=None) as bar:
            reliable = judge_all(
                judge, checked, options.out / "known.jsonl", header, options.at_once, bar.update
            )
            given = judge_all(
                judge, asked, options.out / "verdicts.jsonl", header, options.at_once, bar.update
            )
    flips = flip_rate(known, reliable)
    rows = preferences(found, given, options.delta, flips)
    write_preferences(options.out / PREFERENCES, rows)
    record = {
        "what": "preferences",
        "code": __version__,
        **header,
        "criteria": [criterion.id for criterion in criteria],
        "delta": options.delta,
        "known_pairs": len(known),
        "flip_rate": round(flips, 4),
        "places": len(found),
        "answers": sum(len(place.says) for place in found),
        "without_score": sum(bool(verdict.failed) for verdict in given.values()),
        "pairs": len(rows),
        "data_sha256": data_sha256(rows),
    }
    (options.out / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(_summary(options.out, rows, flips, len(known)))
    return 0


def _known(count: int) -> list[Preference]:
    """So many expert pairs of the dev themes, spread over all kinds of flaws."""
    made = (ANOTHER_VOICE, BESIDE_THE_POINT)
    rows = [row for row in expert_preferences() if row.split == "dev" and row.flaw not in made]
    return rows[:: max(1, len(rows) // count)][:count]


def _summary(out: Path, rows: list[Preference], flips: float, known: int) -> str:
    warning = "" if flips < 0.4 else "; hardly better than a coin: its preferences will hardly count"
    wrong = f"wrong on {flips:.0%} of {known} known pairs"
    return f"{len(rows)} preferences in {out / PREFERENCES}; {wrong}{warning}\n"
