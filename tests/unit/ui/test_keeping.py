"""What the page is told about keeping, the choice about research, and limits on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mascot.errors import StoreError
from mascot.live.donations import Donations
from mascot.live.journal import Journal
from mascot.live.keeping import Keeping
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Live
from mascot.ui.keeping import KeepingRoutes
from mascot.ui.routes import LiveRoutes
from tests.unit.live.support import WAIT, open_live

OWNER = {"X-Mascot-Owner": "0123456789abcdef" * 2}


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    limits = Limits(Allowance(messages_per_hour=2, conversations_per_hour=3))
    live = open_live(Journal(f"sqlite:///{tmp_path / 'live.db'}"), limits=limits, max_turns=1)
    yield live
    live.close()


def client(live: Live, keeping: Keeping | None = None) -> TestClient:
    routes = [*LiveRoutes(live).all, *KeepingRoutes(keeping or Keeping()).all]
    return TestClient(Starlette(routes=routes))


def begin(client: TestClient, live: Live, text: str = "Hello") -> str:
    id = client.post("/live/conversations", headers=OWNER).json()["id"]
    assert (
        client.post(f"/live/conversations/{id}/say", json={"text": text, "key": "k" * 8}).status_code == 200
    )
    live.wait(id, WAIT)
    return id


def test_the_page_says_how_long_and_how_far(live: Live) -> None:
    at = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    keeping = Keeping(retention_days=30, exported=lambda: (at, "the hub is away"))
    assert client(live, keeping).get("/live/keeping").json() == {
        "retention_days": 30,
        "donations": False,
        "exported": {"until": "2026-11-26T12:00:00+00:00", "late": True},
    }


def test_where_nothing_is_copied_nothing_is_claimed(live: Live) -> None:
    told = client(live).get("/live/keeping").json()
    assert told == {"retention_days": 0, "donations": False, "exported": None}


def test_giving_and_taking_back(live: Live, tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'live.db'}")
    settled: list[bool] = []
    donations = Donations(journal, live.cast, tmp_path / "donations")
    page = client(live, Keeping(donations=donations, settle=lambda: settled.append(True)))
    path = f"/live/conversations/{begin(page, live)}/donation"
    before = page.get(path).json()
    assert before["at"] is None
    assert "take it back" in before["terms"]
    assert page.put(path).json()["at"]
    assert len(list((tmp_path / "donations").iterdir())) == 1
    assert page.delete(path).json()["at"] is None
    assert list((tmp_path / "donations").iterdir()) == []
    assert settled == [True]
    journal.close()


def test_where_nobody_is_asked_nothing_can_be_given(live: Live) -> None:
    page = client(live)
    for answer in (page.get, page.put, page.delete):
        assert answer(f"/live/conversations/{'a' * 32}/donation").status_code == 404


def test_too_much_is_said_kindly_with_a_time_to_come_back(live: Live) -> None:
    page = client(live)
    id = begin(page, live)
    page.post(f"/live/conversations/{id}/say", json={"text": "b", "key": "l" * 8})
    live.wait(id, WAIT)
    refusal = page.post(f"/live/conversations/{id}/say", json={"text": "c", "key": "m" * 8})
    assert refusal.status_code == 429
    assert "2 messages within an hour" in refusal.json()["error"]
    assert 0 < int(refusal.headers["retry-after"]) <= 3600
    for _ in range(2):
        page.post("/live/conversations", headers=OWNER)
    assert page.post("/live/conversations", headers=OWNER).status_code == 429


def test_a_deletion_that_the_archive_missed_is_said(live: Live) -> None:
    def unreachable(_ids: object) -> None:
        raise StoreError("deleted here; its copy in the archive will be")

    live.also_delete(unreachable)
    page = client(live)
    id = begin(page, live)
    answer = page.delete(f"/live/conversations/{id}")
    assert answer.status_code == 503
    assert "its copy in the archive" in answer.json()["error"]
    assert page.get(f"/live/conversations/{id}").status_code == 404
