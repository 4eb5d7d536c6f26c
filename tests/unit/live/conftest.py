"""Live conversations, without the short rest between portions of words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mascot.live import pacing
from mascot.live.service import Live
from tests.unit.live.support import StepEngine, open_live


@pytest.fixture(autouse=True)
def _no_rest() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing, "_AT_ONCE", 0.0)
        yield


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    live = open_live(tmp_path / "live.db")
    yield live
    live.close()


@pytest.fixture
def engine() -> StepEngine:
    return StepEngine()


@pytest.fixture
def slow(tmp_path: Path, engine: StepEngine) -> Iterator[Live]:
    """A group of which the first speaker is in the middle of its utterance until `engine.go` is set."""
    live = open_live(tmp_path / "slow.db", engine, max_turns=2)
    yield live
    engine.go.set()
    live.close()
