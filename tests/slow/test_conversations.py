"""Conversations on the embedded model: the short form of `tests.slow.conversations`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.corpora.situations import situations
from tests.slow.conversations import run, summary

SHORT = 3


@pytest.mark.model
def test_what_must_hold_holds_in_every_conversation(tmp_path: Path) -> None:
    texts = [(s.id, s.text) for s in situations()[:SHORT]]
    report = summary(run(texts, turns=6, kept=tmp_path / "kept.jsonl"))
    assert report["directives"] >= 6 * SHORT
    assert report["legal_directives"] == report["directives"]
    assert report["name_echoes"] == report["lines_for_others"] == 0
    assert report["greatest_likeness_of_neighbours"] < 0.7
    assert report["three_personas_or_more"] >= 0.8
