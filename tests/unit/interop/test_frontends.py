"""Chat front ends are answered as they are: with their own fields, tools, titles and headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mascot.engines.scripted import ScriptedEngine
from tests.unit.interop.frontends import (
    OPEN_WEBUI_HEADERS,
    Messages,
    librechat,
    librechat_title,
    open_webui,
    open_webui_title,
    sillytavern,
)
from tests.unit.interop.serving import serving
from tests.unit.live.support import CRISIS, WAIT, all_different, open_live

FrontEnd = Callable[[str, Messages | None, bool], dict[str, Any]]
FRONT_ENDS: list[FrontEnd] = [open_webui, librechat, sillytavern]
BEFORE: Messages = [
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "**Anchor:** Good that you came."},
]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(all_different)


@pytest.fixture
def address(tmp_path: Path, engine: ScriptedEngine) -> Iterator[str]:
    with serving(open_live(tmp_path / "a.db", engine, max_turns=2)) as address:
        yield address


def post(address: str, body: dict[str, Any]) -> httpx.Response:
    url = f"{address}/v1/chat/completions"
    return httpx.post(url, json=body, headers=OPEN_WEBUI_HEADERS, timeout=WAIT)


def chunks(answer: httpx.Response) -> list[dict[str, Any]]:
    """What a stream brought, read as all three read it."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return [json.loads(one) for one in data[:-1]]


def words(parts: list[dict[str, Any]]) -> str:
    return "".join(c["delta"].get("content") or "" for part in parts for c in part["choices"])


def shown(engine: ScriptedEngine) -> str:
    """Everything that a model was ever shown."""
    return "\n".join(message.content for request in engine.requests for message in request.prompt.messages)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_streamed_conversation_goes_on(address: str, engine: ScriptedEngine, front_end: FrontEnd) -> None:
    answer = post(address, front_end("I feel jealous.", BEFORE, True))
    assert answer.status_code == 200
    said = words(chunks(answer))
    assert said.startswith(("**Anchor:** ", "**Beacon:** ", "**Catalyst:** ", "**Action Guide:** "))
    assert "Good that you came." in shown(engine)
    assert "helpful assistant" not in shown(engine)


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_whole_answer_is_in_the_shape_they_read(address: str, front_end: FrontEnd) -> None:
    answer = post(address, front_end("I feel jealous.", BEFORE, False)).json()
    (choice,) = answer["choices"]
    assert (choice["message"]["role"], choice["finish_reason"]) == ("assistant", "stop")
    assert choice["message"]["content"].startswith("**")
    assert answer["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("front_end", [open_webui, librechat])
def test_what_was_used_comes_last_and_without_a_choice(address: str, front_end: FrontEnd) -> None:
    *_, last, used = chunks(post(address, front_end("I feel jealous.", None, True)))
    assert last["choices"][0]["finish_reason"] == "stop"
    assert used["choices"] == []
    assert used["usage"]["completion_tokens"] > 0


def test_tools_that_are_only_offered_are_left_aside_and_named(address: str) -> None:
    body = open_webui("I feel jealous.", None, False)
    ignored = post(address, body).json()["mascot"]["ignored"]
    assert ignored == ["system messages", "tools"]
    assert "tools" not in post(address, body | {"tools": []}).json()["mascot"]["ignored"]


@pytest.mark.parametrize("title", [open_webui_title, librechat_title])
def test_who_asks_for_a_title_gets_an_answer_and_no_error(
    address: str, title: Callable[[str], dict[str, Any]]
) -> None:
    answer = post(address, title("I feel jealous."))
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"].startswith("**")


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_crisis_is_heard_through_any_of_them(
    address: str, engine: ScriptedEngine, front_end: FrontEnd
) -> None:
    parts = chunks(post(address, front_end(f"{CRISIS}.", BEFORE, True)))
    assert parts[-1 if front_end is sillytavern else -2]["mascot"]["crisis"]["kind"] == "suicide"
    assert "https://findahelpline.com" in words(parts)
    assert engine.requests == []


def test_their_lists_of_models_are_read(address: str) -> None:
    listed = httpx.get(f"{address}/v1/models", headers=OPEN_WEBUI_HEADERS).json()
    assert listed["object"] == "list"
    assert [one["id"] for one in listed["data"]][:2] == ["mascot-group", "mascot-group/anchor"]


def test_what_forwarded_headers_say_of_a_person_is_kept_nowhere(
    address: str, tmp_path: Path, engine: ScriptedEngine
) -> None:
    post(address, open_webui("I feel jealous.", None, True))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for value in ("ada@example.org", "b1946ac9"):
        assert value.encode() not in kept
        assert value not in shown(engine)
