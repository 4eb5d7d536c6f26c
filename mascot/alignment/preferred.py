"""Whom a judge that trained nothing prefers: rounds that `voices run` kept, system by system.

    python -m mascot.alignment.preferred --kept .mascot/voices sft stage1 [--ed valid.csv]

The trained empathy judge reads what the group said in each round. Every system is held to the first one in
the same situations: the difference of the mean scores, and the share of situations in which it is ahead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from mascot.alignment.judging import criteria_of
from mascot.conversation.personas import load_cast
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import MascotError
from mascot.evaluation import kept
from mascot.evaluation.dialogue import Start
from mascot.evaluation.empathy.judge import EmpathyJudge
from mascot.evaluation.intervals import Estimate, difference, mean
from mascot.evaluation.judges.base import Judge
from mascot.evaluation.judges.cases import dialogue_case
from mascot.evaluation.starts import app_starts, ed_starts, held_out_starts
from mascot.settings import read_settings

_ALL_ED = 10**6


def main() -> int:
    """Print a table; returns the exit code."""
    options = _parser().parse_args()
    try:
        judge = EmpathyJudge(MiniLM(read_settings().models / EMBEDDED_EMBEDDER))
        ed = ed_starts(options.ed, _ALL_ED, lambda _: True) if options.ed else ()
        starts = {start.id: start for start in (*held_out_starts(), *app_starts(), *ed)}
        scored = {name: scores(options.kept / f"{name}.jsonl", starts, judge) for name in options.systems}
    except MascotError as error:
        sys.stderr.write(f"mascot: {error}\n")
        return 2
    sys.stdout.write(table(scored))
    return 0


def scores(file: Path, starts: Mapping[str, Start], judge: Judge) -> dict[str, float]:
    """The mean score of each round over the judge's criteria, by the id of the first message."""
    cast, criteria = load_cast(), criteria_of(judge)
    found = {}
    for id, dialogue in kept.read(file).items():
        if id not in starts or not dialogue.said:
            continue
        case = dialogue_case(dialogue, starts[id], cast)
        given = [score for c in criteria if (score := judge.score(case, c).score) is not None]
        if given:
            found[id] = sum(given) / len(given)
    return found


def wins(first: Mapping[str, float], other: Mapping[str, float]) -> Estimate:
    """The share of situations of both in which the other is ahead; a tie is half a win."""
    both = sorted(first.keys() & other.keys())
    return mean([0.5 if other[id] == first[id] else float(other[id] > first[id]) for id in both])


def table(scored: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown."""
    lines = ["| system | score | minus the first | ahead of the first | rounds |", "|---|---|---|---|---|"]
    first = next(iter(scored.values()))
    for name, found in scored.items():
        gap = difference(first, found) if found is not first else None
        beside = [_shown(gap), _shown(wins(first, found))] if gap else ["", ""]
        lines.append(
            f"| {name} | {_shown(mean(list(found.values())))} | {' | '.join(beside)} | {len(found)} |"
        )
    return "\n".join(lines) + "\n"


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mascot.alignment.preferred")
    parser.add_argument("systems", nargs="+", metavar="SYSTEM", help="names of `voices run`")
    parser.add_argument("--kept", type=Path, required=True, metavar="DIR", help="the rounds it kept")
    parser.add_argument("--ed", type=Path, metavar="CSV", help="EmpatheticDialogues, if it was among them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
