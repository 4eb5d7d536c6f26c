"""`python -m mascot safety`: as many lines out as in."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from mascot.safety.command import run_safety
from mascot.safety.recogniser import CrisisRecogniser

PATTERNS = CrisisRecogniser(None)


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8), st.booleans())
def test_every_line_gets_one_line(lines: list[str], as_json: bool) -> None:
    out = list(run_safety(lines, PATTERNS, as_json))
    assert len(out) == len(lines)
    assert all("\n" not in line for line in out)


def test_json_tells_crisis_kind_and_score() -> None:
    fired, calm = (json.loads(line) for line in run_safety(["I want to die\n", "\n"], PATTERNS, True))
    assert fired["crisis"] is True
    assert fired["kind"] == "suicide"
    assert calm == {"crisis": False, "kind": None, "score": 0.0}


def test_the_readable_form_says_crisis_or_calm_and_never_the_message() -> None:
    fired, calm = run_safety(["I want to die, secretword", "hello"], PATTERNS, False)
    assert fired.startswith("crisis")
    assert "suicide" in fired
    assert "secretword" not in fired
    assert calm.startswith("calm")


def test_verdicts_come_as_the_lines_do() -> None:
    def endless():
        while True:
            yield "hello"

    assert next(run_safety(endless(), PATTERNS, True))
