"""Programs at the door: the named functions by gradio_client and MCP, and nothing else by any way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ui.programs import SAID

NAMED = {"/turn", "/conversation", "/export", "/rate"}
ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "interoperation.md"


def found(server: str, client: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.ui.programs", server, client]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def did(server: str) -> dict[str, Any]:
    """What gradio_client got."""
    return found(server, "gradio")


@pytest.fixture
def site(server: str) -> Iterator[httpx.Client]:
    closing = {"Connection": "close"}  # the server hangs up after what it cannot answer
    with httpx.Client(base_url=server.rstrip("/"), timeout=20, headers=closing) as client:
        yield client


def test_a_program_talks_rates_reads_and_exports_by_name(did: dict[str, Any], site: httpx.Client) -> None:
    first, second = did["first"], did["second"]
    assert [one["name"] for one in first["utterances"]] == ["Anchor", "Catalyst"]
    assert all(one["text"] and one["action"] and one["tone"] for one in first["utterances"])
    assert did["again"] == first  # the same key is the same message
    assert second["utterances"][0]["agent"] == "beacon"
    once, twice, other = did["rated"]
    assert once == twice
    assert other["answer"] > once["answer"]
    turns = did["read"]["turns"]
    assert [turn["text"] for turn in turns].count(SAID) == 1
    assert {turn["name"] for turn in turns} >= {"You", "Anchor", "Catalyst", "Beacon"}
    assert json.loads(did["json"])["format"] == "mascot-conversation/1"
    assert did["markdown"].startswith("# My exam is in two weeks")
    address = f"/live/conversations/{first['conversation']}/export.json"
    assert site.get(address).json() == json.loads(did["json"])  # one conversation, at whatever door


def test_a_crisis_silences_the_personas_for_programs_too(did: dict[str, Any]) -> None:
    assert did["crisis"]["utterances"] == []
    assert did["crisis"]["crisis"]["lines"]
    assert "read the message about help" in did["silent"]
    assert did["after"]["utterances"]
    for line, says in zip(
        did["refused"],
        [
            "empty",
            "no such conversation",
            "no such conversation",
            "'exe'",
            "from 1 to 5",
            "'beauty'",
            "8 to 64",
            "no such",
        ],
        strict=True,
    ):
        assert says in line
        assert "\n" not in line
        assert "Traceback" not in line


def test_an_mcp_client_finds_the_same_functions_as_tools(server: str) -> None:
    did = found(server, "mcp")
    assert {f"/{name}" for name in did["tools"]} == NAMED
    assert did["described"]
    assert did["tools"]["rate"] == ["conversation", "criterion", "value", "key"]
    failed, text = did["turn"]
    assert not failed
    assert "Anchor" in text
    refused, line = did["refused"]
    assert refused
    assert "no such conversation" in line


def test_gradio_offers_the_named_functions_and_no_other(site: httpx.Client) -> None:
    info = site.get("/gradio_api/info").json()
    assert set(info["named_endpoints"]) == NAMED
    assert info["unnamed_endpoints"] == {}
    for endpoint in info["named_endpoints"].values():
        assert endpoint["description"]
    config = site.get("/config").json()
    assert {f"/{one['api_name']}" for one in config["dependencies"]} == NAMED  # also those that are not shown
    known = len(config["dependencies"])
    for number in (-1, *range(known, known + 8)):
        for path in ("/gradio_api/run/predict", "/gradio_api/api/predict", "/gradio_api/queue/join"):
            assert refused(site, path, {"data": [], "fn_index": number, "session_hash": "x"}), (path, number)
    for name in ("predict", "lambda", "_save", "_open", "delete", "table"):
        for way in ("call", "run", "api"):
            assert refused(site, f"/gradio_api/{way}/{name}", {"data": []}), (way, name)
    assert site.get("/monitoring").status_code == 403
    assert site.get("/live/table").status_code == 200  # and it still stands


def refused(site: httpx.Client, path: str, body: dict[str, Any]) -> bool:
    """Whether nothing was called: refused, or cut off."""
    try:
        return site.post(path, json=body).status_code >= 400
    except httpx.TransportError:
        return True


@pytest.mark.parametrize(
    "example", re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
)
def test_the_guides_examples_run(server: str, example: str) -> None:
    script = example.replace("http://127.0.0.1:7860", server.rstrip("/"))
    assert script != example
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "**Anchor:**" in run.stdout or "Anchor " in run.stdout
