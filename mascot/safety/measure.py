"""Measures the recogniser: `python -m mascot.safety.measure [--held-out lines.jsonl] [--ed valid.csv]`.

Recall and false alarms on the held-out lines, and alarms on the first turns of EmpatheticDialogues, where
every one counts, genuine crises among them too. Prints numbers, never a message of that corpus.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from math import sqrt
from pathlib import Path

from mascot.engines.embedding import MiniLM
from mascot.safety.labelled import HELD_OUT, Labelled, labelled
from mascot.safety.recogniser import CrisisRecogniser, Verdict

_CHUNK = 200
_PACKAGES = ("numpy", "torch", "transformers")


def rate(hits: int, of: int) -> dict[str, float | int]:
    """A share with its Wilson 95 % interval; zero of nothing is 0 within 0 to 1."""
    if not of:
        return {"hits": 0, "of": 0, "rate": 0.0, "low": 0.0, "high": 1.0}
    z, share = 1.959964, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return {"hits": hits, "of": of, "rate": round(share, 4), "low": round(low, 4), "high": round(high, 4)}


def verdicts(recogniser: CrisisRecogniser, texts: list[str]) -> list[Verdict]:
    """One verdict per text, in chunks that fit the memory."""
    chunks = (texts[at : at + _CHUNK] for at in range(0, len(texts), _CHUNK))
    return [verdict for chunk in chunks for verdict in recogniser.check_all(chunk)]


def held_out(recogniser: CrisisRecogniser, rows: list[Labelled]) -> dict:
    """Recall, false positives, both by note, recall by kind, and how often the kind is right."""
    fired = dict(zip(rows, verdicts(recogniser, [row.text for row in rows]), strict=True))
    crises = [row for row in rows if row.kind]
    calm = [row for row in rows if not row.kind]
    found = [row for row in crises if fired[row].crisis]
    return {
        "recall": _share(crises, fired),
        "false_positives": _share(calm, fired),
        "kind_right": rate(sum(fired[row].kind == row.kind for row in found), len(found)),
        "recall_by_kind": _by(((str(row.kind), row) for row in crises), fired),
        "recall_by_note": _by(((row.note, row) for row in crises), fired),
        "false_positives_by_note": _by(((row.note, row) for row in calm), fired),
    }


def first_turns(path: Path) -> list[str]:
    """What the person who tells says first in each conversation of an EmpatheticDialogues file."""
    first: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["speaker_idx"] == "0":
                first.setdefault(row["conv_id"], row["utterance"].replace("_comma_", ","))
    return list(first.values())


def _share(rows: list[Labelled], fired: dict[Labelled, Verdict]) -> dict:
    return rate(sum(fired[row].crisis for row in rows), len(rows))


def _by(keyed: Iterable[tuple[str, Labelled]], fired: dict[Labelled, Verdict]) -> dict:
    groups = defaultdict(list)
    for key, row in keyed:
        groups[key].append(row)
    return {key: _share(rows, fired) for key, rows in sorted(groups.items())}


def _measure(home: Path, lines: Path, dialogues: Path | None) -> dict:
    rows = labelled(lines)
    recogniser = CrisisRecogniser(MiniLM(home / "models" / "all-minilm-l6-v2"))
    result = {
        "command": "python -m mascot.safety.measure --ed valid.csv --json docs/results/safety.json",
        "machine": "2 vCPU x86-64, AMD EPYC, no GPU",
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "lines": {"tune": len(labelled()), "held_out": len(rows)},
        "held_out": held_out(recogniser, rows),
        "held_out_patterns_alone": held_out(CrisisRecogniser(None), rows),
    }
    if dialogues:
        fired = verdicts(recogniser, first_turns(dialogues))
        result["empathetic_dialogues_first_turns"] = rate(sum(each.crisis for each in fired), len(fired))
    return result


def _lines(result: dict) -> Iterable[str]:
    for name in ("held_out", "held_out_patterns_alone"):
        for figure in ("recall", "false_positives", "kind_right"):
            yield _line(f"{name} {figure}", result[name][figure])
    for kind, share in result["held_out"]["recall_by_kind"].items():
        yield _line(f"recall {kind}", share)
    if "empathetic_dialogues_first_turns" in result:
        yield _line("EmpatheticDialogues first turns that fire", result["empathetic_dialogues_first_turns"])


def _line(name: str, share: dict) -> str:
    interval = f"{share['low']:.2%} to {share['high']:.2%}"
    return f"{name:<46}{share['rate']:7.2%}  ({interval}, {share['hits']} of {share['of']})"


def main() -> None:
    """Prints the figures, and writes them where `--json` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--held-out", type=Path, default=HELD_OUT, help="labelled lines, one JSON object a line"
    )
    parser.add_argument("--ed", type=Path, help="EmpatheticDialogues valid.csv")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    result = _measure(Path(os.environ.get("MASCOT_HOME", ".mascot")), arguments.held_out, arguments.ed)
    sys.stdout.write("\n".join(_lines(result)) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
