"""The event stream: replay, whatever comes, the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mascot.conversation.events import Speech, Utterance
from mascot.errors import StoreError
from mascot.ui import stream
from mascot.ui.stream import Streams
from tests.unit.ui.fake import FakeLive

OWNER = "a" * 32
Talk = tuple[FakeLive, str]


@pytest.fixture
def talk() -> Talk:
    live = FakeLive()
    return live, live.open(OWNER)


def follow(talk: Talk, after: int, watch: Callable[[AsyncIterator[str], Streams], Awaitable[None]]) -> None:
    """Opens the stream, lets `watch` read it, and leaves as a browser does."""
    live, conversation = talk

    async def run() -> None:
        streams = Streams(live)  # pyright: ignore
        blocks = streams.open(conversation, after).body_iterator
        await watch(blocks, streams)  # pyright: ignore
        await blocks.aclose()  # pyright: ignore

    # A thread of its own: the browser tests leave a running loop in the main one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()


async def until(blocks: AsyncIterator[str], mark: str) -> list[str]:
    seen = []
    async for block in blocks:
        seen.append(block)
        if mark in block:
            return seen
    return seen


def seqs(blocks: list[str]) -> list[int]:
    return [int(block.split("\n")[0].removeprefix("id: ")) for block in blocks if block.startswith("id: ")]


def test_replays_from_where_the_page_stands(talk: Talk) -> None:
    live, conversation = talk
    for word in ("one", "two", "three"):
        live.happen(conversation, Speech(agent="anchor", text=word))

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        seen = await until(blocks, "event: ready")
        assert seen[0] == "retry: 1000\n\n"
        assert seqs(seen) == [3, 4]
        data = json.loads(seen[1].split("data: ")[1])
        assert data["event"] == {"type": "speech", "agent": "anchor", "text": "two"}
        assert data["at"].endswith("+00:00")

    follow(talk, 2, watch)
    assert live.deeds == [("wake", conversation)]


def test_sends_what_comes_later_and_in_order(talk: Talk) -> None:
    live, conversation = talk

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        await until(blocks, "event: ready")
        await asyncio.to_thread(live.happen, conversation, Speech(agent="anchor", text="one"))
        await asyncio.to_thread(live.happen, conversation, Utterance(agent="anchor", text="one"))
        assert seqs(await until(blocks, "utterance")) == [2, 3]

    follow(talk, 0, watch)


def test_a_new_title_is_told(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    live, conversation = talk
    monkeypatch.setattr(stream, "HEARTBEAT", 0.02)

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        await until(blocks, "event: ready")
        live.rename(conversation, 'a "quoted" title')
        title = (await until(blocks, "event: title"))[-1]
        assert json.loads(title.split("data: ")[1]) == {"title": 'a "quoted" title'}

    follow(talk, 0, watch)


def test_silence_is_broken_by_a_heartbeat(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT", 0.02)

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        assert (await until(blocks, ": still here"))[-1] == ": still here\n\n"

    follow(talk, 0, watch)


def test_a_page_is_told_its_place_in_line_when_it_changes(talk: Talk) -> None:
    live, conversation = talk
    live.wait_in_line(conversation, 2)

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        seen = await until(blocks, "event: ready")
        assert 'event: waiting\ndata: {"place": 2, "seconds": 25.0}\n\n' in seen
        await asyncio.to_thread(live.wait_in_line, conversation, 0)
        assert (await until(blocks, "event: waiting"))[
            -1
        ] == 'event: waiting\ndata: {"place": 0, "seconds": null}\n\n'

    follow(talk, 0, watch)


def test_a_page_that_comes_back_out_of_the_line_is_told_so(talk: Talk) -> None:
    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        seen = await until(blocks, "event: ready")
        assert 'event: waiting\ndata: {"place": 0, "seconds": null}\n\n' in seen

    follow(talk, 1, watch)


def test_a_deleted_conversation_ends_the_stream(talk: Talk) -> None:
    live, conversation = talk

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        await until(blocks, "event: ready")
        await asyncio.to_thread(live.delete, conversation)
        rest = [block async for block in blocks]
        assert rest[-1] == "event: deleted\ndata: {}\n\n"

    follow(talk, 0, watch)


def test_a_conversation_can_be_read_where_nothing_can_be_written(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, conversation = talk
    live.happen(conversation, Speech(agent="anchor", text="half a sen"))

    def full(id: str) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(live, "wake", full)

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        assert seqs(await until(blocks, "event: ready")) == [1, 2]

    follow(talk, 0, watch)


def test_a_store_that_does_not_answer_ends_the_stream_and_the_page_asks_again(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live, conversation = talk

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        await until(blocks, "event: ready")

        def busy(id: str, after: int) -> None:
            raise StoreError("the database is busy")

        monkeypatch.setattr(live, "entries", busy)
        await asyncio.to_thread(live.happen, conversation, Speech(agent="anchor", text="one"))
        assert [block async for block in blocks] == []

    follow(talk, 0, watch)
    assert "the database is busy" in caplog.text
    assert live.talks[conversation].listeners == []


def test_leaving_unsubscribes(talk: Talk) -> None:
    live, conversation = talk

    async def watch(blocks: AsyncIterator[str], _streams: Streams) -> None:
        await until(blocks, "event: ready")
        assert len(live.talks[conversation].listeners) == 1

    follow(talk, 0, watch)
    assert live.talks[conversation].listeners == []


def test_the_server_s_end_ends_every_stream(talk: Talk) -> None:
    async def watch(blocks: AsyncIterator[str], streams: Streams) -> None:
        await until(blocks, "event: ready")
        streams.end()
        assert [block async for block in blocks] == []

    follow(talk, 0, watch)
