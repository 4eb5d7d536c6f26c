"""The numbers behind the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.safety.measure import first_turns, rate


def test_a_rate_comes_with_its_wilson_interval() -> None:
    share = rate(8, 10)
    assert share["rate"] == 0.8
    assert share["low"] == pytest.approx(0.4902, abs=1e-3)
    assert share["high"] == pytest.approx(0.9433, abs=1e-3)
    assert rate(0, 0) == {"hits": 0, "of": 0, "rate": 0.0, "low": 0.0, "high": 1.0}


def test_the_first_turn_is_what_the_person_who_tells_says_first(tmp_path: Path) -> None:
    file = tmp_path / "valid.csv"
    file.write_text(
        "conv_id,utterance_idx,speaker_idx,utterance\n"
        "a,1,0,one_comma_ two\na,2,1,no\na,3,0,later\nb,1,1,listener first\nb,2,0,then this\n",
        encoding="utf-8",
    )
    assert first_turns(file) == ["one, two", "then this"]
