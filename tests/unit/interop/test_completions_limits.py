"""The group behind OpenAI's protocol: who may ask how much, who leaves early, and an engine that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from mascot.engines.base import Engine, Piece, Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Live, Room
from tests.unit.interop.serving import SAD, client, serving, streamed
from tests.unit.live.support import CRISIS, WAIT, StepEngine, all_different, open_live


def test_limits_are_those_of_the_page_and_counted_once(tmp_path: Path) -> None:
    limits = Limits(Allowance(messages_per_hour=1))
    with (
        serving(open_live(tmp_path / "a.db", max_turns=1, limits=limits)) as address,
        client(address) as group,
    ):
        page = httpx.post(f"{address}/live/conversations", headers={"X-Mascot-Owner": "a" * 32}).json()["id"]
        said = {"text": "Hello", "key": "k" * 16}
        assert httpx.post(f"{address}/live/conversations/{page}/say", json=said).status_code == 200
        with pytest.raises(openai.RateLimitError, match="within an hour") as refused:
            streamed(group, SAD)
        assert int(refused.value.response.headers["retry-after"]) > 3000
        assert "You matter" in streamed(group, [{"role": "user", "content": CRISIS}])[0]


def test_turns_count_for_the_days_budget(tmp_path: Path) -> None:
    limits = Limits(Allowance(turns_per_day=2))
    with (
        serving(open_live(tmp_path / "a.db", max_turns=2, limits=limits)) as address,
        client(address) as group,
    ):
        streamed(group, SAD)
        assert limits.spent == 2
        with pytest.raises(openai.RateLimitError, match="in a day is used up"):
            streamed(group, SAD)


def stepping(tmp_path: Path, engine: Engine, **room: int) -> Live:
    return open_live(tmp_path / "a.db", engine, max_turns=1, room=Room(**room))  # pyright: ignore


def test_a_client_that_leaves_frees_its_place(tmp_path: Path) -> None:
    engine = StepEngine()
    with serving(stepping(tmp_path, engine, places=1, waiting=0)) as address, client(address) as group:
        with group.chat.completions.create(model="mascot-group", messages=SAD, stream=True) as stream:
            heard = "".join(c.choices[0].delta.content or "" for _, c in zip(range(3), stream, strict=False))
            assert heard.startswith("**Anchor:** ")
            with pytest.raises(openai.RateLimitError, match="very many people"):
                streamed(group, SAD)
        assert engine.cancelled.wait(WAIT)
        engine.go.set()
        assert until_answered(group)


def test_a_client_that_does_not_wait_for_the_whole_frees_its_place(tmp_path: Path) -> None:
    engine = StepEngine()
    with serving(stepping(tmp_path, engine, places=1, waiting=0)) as address:
        body = {"model": "mascot-group", "messages": SAD}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/chat/completions", json=body, timeout=0.5)
        assert engine.cancelled.wait(WAIT)


def until_answered(group: openai.OpenAI) -> str:
    """The place is given back a moment after the engine has noticed."""
    for _ in range(100):
        try:
            return streamed(group, SAD)[0]
        except openai.RateLimitError:
            threading.Event().wait(0.05)
    raise AssertionError("the place was never given back")


class Breaking(ScriptedEngine):
    """Fails in its second utterance."""

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        if len(self.requests) == 1:
            raise EngineError("the model's server does not answer: is it still running?")
        yield from super().stream(request, cancel)


def test_an_engine_that_fails_is_one_line_streamed_or_whole(tmp_path: Path) -> None:
    with serving(stepping(tmp_path, Breaking(all_different))) as address, client(address) as group:
        assert streamed(group, SAD)[0]
        with pytest.raises(openai.APIError, match="does not answer"):
            streamed(group, SAD)
        with pytest.raises(openai.InternalServerError, match="does not answer"):
            group.chat.completions.create(model="mascot-group", messages=SAD)
