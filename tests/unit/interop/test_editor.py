"""The persona editor's routes: nothing is kept, everything is bounded, the crisis path comes first."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mascot.conversation.personas import built_in
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.interop.editor import EditorRoutes
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Live
from mascot.ui.guard import Guard
from mascot.ui.visitors import Visitors
from tests.unit.characters.cards import SERAPHINA, charx, picture, v3
from tests.unit.live.support import CRISIS, open_live

ANCHOR: dict[str, Any] = json.loads(built_in()[0].model_dump_json(exclude={"id"}))
SAID = "I quarrelled with my mother."


@pytest.fixture
def heard() -> list[Request]:
    return []


@pytest.fixture
def live(tmp_path: Path, heard: list[Request]) -> Iterator[Live]:
    def speak(request: Request) -> str:
        heard.append(request)
        return "That sounds heavy, and you carried it alone."

    live = open_live(tmp_path / "a.db", ScriptedEngine(speak))
    yield live
    live.close()


@pytest.fixture
def client(live: Live) -> Iterator[TestClient]:
    routes = EditorRoutes(live, Visitors()).all
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Guard)])) as client:
        yield client


def attempt(client: TestClient, fields: dict[str, Any], text: str = SAID) -> list[dict[str, Any]]:
    answer = client.post("/live/personas/try", json={"fields": fields, "text": text})
    assert answer.status_code == 200, answer.text
    return [piece for line in answer.text.splitlines() if (piece := json.loads(line))]


def test_a_draft_is_tried_out_under_a_directive_of_its_own_repertoire(
    client: TestClient, heard: list[Request]
) -> None:
    fields = ANCHOR | {"name": "Historian", "repertoire": ["recall an earlier time"], "tones": ["dry"]}
    first, *words = attempt(client, fields)
    assert first == {"directive": {"action": "recall an earlier time", "tone": "dry"}}
    assert "".join(piece["words"] for piece in words) == "That sounds heavy, and you carried it alone."
    assert "Historian" in " ".join(message.content for message in heard[0].prompt.messages)


def test_a_draft_changes_the_cast_for_nobody(client: TestClient, live: Live) -> None:
    before = client.get("/live/personas").json()["personas"]
    attempt(client, ANCHOR | {"name": "Beacon", "voice": "Loud."})
    assert client.get("/live/personas").json()["personas"] == before
    assert live.cast["beacon"] == built_in()[2]
    assert live.conversations("0" * 32) == []


def test_a_crisis_is_heard_before_a_draft_is_looked_at(client: TestClient, heard: list[Request]) -> None:
    answer = client.post("/live/personas/try", json={"fields": {}, "text": CRISIS})
    assert answer.json()["crisis"]["kind"] == "suicide"
    assert heard == []


def test_trying_out_counts_as_a_message_of_the_visitor(tmp_path: Path) -> None:
    live = open_live(tmp_path / "b.db", limits=Limits(Allowance(messages_per_hour=1)))
    with TestClient(Starlette(routes=EditorRoutes(live, Visitors()).all)) as client:
        attempt(client, ANCHOR)
        answer = client.post("/live/personas/try", json={"fields": ANCHOR, "text": SAID})
        assert answer.status_code == 429
        assert "as many as this demo can take" in answer.json()["error"]
    live.close()


@pytest.mark.parametrize(
    ("fields", "text", "what"),
    [
        ({}, SAID, "name: is missing"),
        (ANCHOR | {"role": ""}, SAID, "role: "),
        (ANCHOR | {"goals": ["a" * 300] * 40}, SAID, "8,000 characters"),
        (ANCHOR, "  ", "say something"),
        (ANCHOR, "a" * 4001, "4000"),
        (ANCHOR | {"a_field": 1}, SAID, "a_field"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_line(
    client: TestClient, fields: dict[str, Any], text: str, what: str, heard: list[Request]
) -> None:
    answer = client.post("/live/personas/try", json={"fields": fields, "text": text})
    assert answer.status_code == 400
    assert what in answer.json()["error"]
    assert heard == []


def test_a_card_goes_in_and_out_and_what_else_is_in_it_stays(client: TestClient) -> None:
    for data in (json.dumps(SERAPHINA).encode(), picture(chara=SERAPHINA), charx(v3())):
        read = client.post("/live/personas/import?name=sera", content=data).json()
        kind = read["kind"]
        assert read["fields"]["name"] == "Seraphina"
        base = base64.b64encode(data).decode()
        wanted = {"fields": read["fields"] | {"tones": ["quiet"]}, "format": kind, "base": base}
        written = client.post("/live/personas/export", json=wanted)
        assert f'filename="seraphina.{kind}"' in written.headers["content-disposition"]
        again = client.post("/live/personas/import", content=written.content).json()
        assert again["fields"] == wanted["fields"]


def test_faults_are_told_in_the_words_of_the_command_line(client: TestClient) -> None:
    fields = {**ANCHOR, "tones": ["calm", "calm and warm"], "examples": [{"to": "", "says": "x"}]}
    found = client.post("/live/personas/check", json={"fields": fields}).json()["faults"]
    assert {one["field"] for one in found} == {"tones", "examples.0.to"}
    assert "is the beginning of" in found[0]["message"]


@pytest.mark.parametrize(
    ("what", "body", "status", "line"),
    [
        ("import", b"\0" * (8 * 2**20 + 1), 413, "8,388,608 bytes"),
        ("import", b"{}", 400, "name"),
        ("export", b"{" + b" " * (12 * 2**20), 413, "12,582,912 bytes"),
        ("export", b'{"fields": {"name": "A"}, "format": "png", "base": "%"}', 400, "base64"),
        ("export", b'{"fields": {"name": "A"}, "format": "exe"}', 400, "format"),
        ("export", b'{"fields": {}, "format": "json"}', 400, "name: is missing"),
        ("check", b"{" + b" " * (2**17), 400, "64 KiB"),
    ],
)
def test_files_are_bounded(client: TestClient, what: str, body: bytes, status: int, line: str) -> None:
    answer = client.post(f"/live/personas/{what}", content=body)
    assert answer.status_code == status
    assert line in answer.json()["error"]


def test_half_a_character_in_a_card_breaks_nothing(client: TestClient) -> None:
    """Programs that cut texts by UTF-16 units leave such halves behind."""
    read = client.post("/live/personas/import", content=rb'{"name": "A", "personality": "kind \ud83d"}')
    assert read.json()["fields"]["voice"] == "kind \ud83d"


def test_the_page_runs_no_script_but_its_own(client: TestClient) -> None:
    page = client.get("/personas")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
