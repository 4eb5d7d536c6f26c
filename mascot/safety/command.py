"""`python -m mascot safety`: one verdict per line of input."""

from __future__ import annotations

import dataclasses
import json as json_format
from collections.abc import Iterable, Iterator

from mascot.safety.recogniser import CrisisRecogniser, Verdict


def run_safety(lines: Iterable[str], recogniser: CrisisRecogniser, json: bool) -> Iterator[str]:
    """One line out for each line in, empty ones too, in order and as they come; none ends in a line break.

    As JSON: {"crisis": bool, "kind": str or null, "score": 0 to 1}. The messages themselves are not repeated.
    """
    for line in lines:
        verdict = recogniser.check(line)
        yield json_format.dumps(dataclasses.asdict(verdict)) if json else _readable(verdict)


def _readable(verdict: Verdict) -> str:
    return f"{'crisis' if verdict.crisis else 'calm':<7}{verdict.kind or '-':<10}{verdict.score:.2f}"
