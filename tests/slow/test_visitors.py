"""Fifty people at once at a table that serves two: nobody meets an error, nobody is forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.slow.visitors import crowd, figures
from tests.ui.conftest import studio


def test_fifty_visitors_are_all_answered_in_turn(tmp_path: Path) -> None:
    with studio(tmp_path, "--places", "2", "--delay", "0.002") as address:
        visits = asyncio.run(crowd(address, visitors=50, messages=1, patience=90.0, pace="immediate"))
    found = figures(visits, 0.0)
    assert found["errors"] == []
    assert [visit.utterances for visit in visits] == [2] * 50
    assert found["furthest place in line"] > 10
