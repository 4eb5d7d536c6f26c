"""`voices sheet`, `voices score` and `voices curve`: files in, files out."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mascot.conversation.personas import load_cast
from mascot.errors import InputError
from mascot.evaluation import curve
from mascot.evaluation.intervals import shown_p
from mascot.evaluation.rounds import read
from mascot.evaluation.side_by_side import Key, Reading, score, sheet
from mascot.evaluation.starts import app_starts, held_out_starts
from mascot.evaluation.voices_run import command_line, machine, rounds_file
from mascot.settings import read_settings

SHEET, KEY = "reading-sheet.md", "reading-key.json"


def write_sheet(options: argparse.Namespace) -> int:
    """`voices sheet`: the sheet and the key in a folder; a sheet that is there is never overwritten.

    Raises:
        InputError: one is there, or the systems were not held, or answered too few messages.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    if (options.out / SHEET).exists():
        raise InputError(f"{options.out / SHEET} is there already, perhaps filled in: move it away first")
    settings = read_settings()
    first, second = (
        read(rounds_file(options.kept, settings, name)) for name in (options.first, options.second)
    )
    starts = (*held_out_starts(), *app_starts())
    names = (options.first, options.second)
    text, key = sheet(starts, first, second, names, load_cast(), options.pairs, options.seed)
    (options.out / SHEET).write_text(text, "utf-8")
    (options.out / KEY).write_text(json.dumps(key, indent=1) + "\n", "utf-8")
    _print(
        f"{options.out / SHEET}: {options.pairs} pairs to read; {options.out / KEY}: not to be opened before"
    )
    return 0


def print_score(options: argparse.Namespace) -> int:
    """`voices score`: prints the count and writes it beside the sheet, under its name with `.json`.

    Raises:
        InputError: a file cannot be read, or the sheet and the key do not belong together.
    """
    reading = score(_text(options.sheet), _key(options.key), options.system)
    figures = {"command": command_line()} | machine() | asdict(reading)
    options.sheet.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    _print(_line(reading))
    return 0


def _line(reading: Reading) -> str:
    advantage = reading.advantage
    p = 1.0 if advantage.p is None else advantage.p
    return (
        f"{reading.system} against {reading.against}: {reading.wins} wins, {reading.ties} ties, "
        f"{reading.losses} losses, {reading.unread} not read; advantage {advantage.value:+.2f} "
        f"({advantage.low:+.2f} to {advantage.high:+.2f}), sign test {shown_p(p)}"
    )


def write_curve(options: argparse.Namespace) -> int:
    """`voices curve`: `learning-curve.png` and `learning-curve.md` in a folder.

    Raises:
        InputError: the report cannot be read, or a system is not in it.
    """
    results, points = _json(options.report), sorted(options.point)
    try:
        table = curve.as_table(results, points)
        origin = f"`{results['command']}` ({results['date']}, {results['machine']})"
    except (KeyError, TypeError, AttributeError):
        raise InputError(f"{options.report} has no figures of `voices run`: name its voices.json") from None
    options.out.mkdir(parents=True, exist_ok=True)
    curve.draw(results, points, options.out / "learning-curve.png")
    made = machine()
    page = (
        "# Learning curve\n\n"
        f"Made by `{command_line()}` on {made['date']} from the figures of {origin}. Systems "
        "trained on shares of the expert corpus, measured on the same first messages; in brackets 95 % "
        "intervals.\n\n"
        f"{table}\n\n![The same as a picture](learning-curve.png)\n"
    )
    (options.out / "learning-curve.md").write_text(page, "utf-8")
    _print(f"{options.out / 'learning-curve.md'} and learning-curve.png")
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error})") from None


def _key(path: Path) -> Key:
    found = _json(path)
    pairs = found.values() if isinstance(found, dict) else [found]
    if not all(isinstance(pair, dict) and pair.keys() >= {"a", "b", "id"} for pair in pairs):
        raise InputError(f"{path} is no key of `voices sheet`: name the file beside the sheet")
    return found


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
