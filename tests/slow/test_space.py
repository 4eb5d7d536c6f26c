"""A Space started here as the hub would start it, with the embedded model; and what its log knows."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import httpx
import pytest

from mascot.conversation.personas import load_cast
from mascot.settings import read_settings
from mascot.spaces.assemble import assemble
from mascot.spaces.trial import converse, started

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.model
def test_a_space_serves_the_demo_limits_it_and_logs_nobody(tmp_path: Path) -> None:
    assemble(ROOT, tmp_path / "space", "cpu")
    extra = {
        "MASCOT_ARCHIVE": str(tmp_path / "archive"),
        "MASCOT_ARCHIVE_SECONDS": "3600",
    }  # at its start and its end only
    with started(tmp_path / "space", read_settings().models, free_port(), extra) as space:
        speaker, _ = converse(space.address)
        assert speaker in load_cast().ids
        page = httpx.Client(base_url=space.address, headers={"X-Mascot-Owner": "0" * 32})
        with page:
            told = page.get("/live/keeping").json()
            assert told["retention_days"] == 30
            assert told["exported"]["until"]
            (one,) = page.get("/live/conversations").json()
        log = space.log.read_text()
        assert one["id"] not in log
        assert "jealous" not in log
        assert "0" * 32 not in log
        assert not re.search(r"\d+\.\d+\.\d+\.\d+:\d+ - ", log), "an access log names addresses"
    assert "jealous" in "".join(file.read_text() for file in (tmp_path / "archive").rglob("*.jsonl"))
