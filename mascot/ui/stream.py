"""A conversation as Server-Sent Events: the journal from where the page stands, then whatever comes.

The journal is the truth and the page a view of it: an event's `id` is its number in the journal, so a
page that lost its connection says where it stopped and gets what it missed, and nothing twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from mascot.conversation.events import UserSaid
from mascot.errors import NotFoundError, StoreError
from mascot.ui.answers import HEADERS

if TYPE_CHECKING:
    from mascot.live.journal import Entry
    from mascot.live.service import Live

_log = logging.getLogger(__name__)

HEARTBEAT = 15.0
"""Seconds of silence after which a comment shows proxies, and the page, that the line still stands."""


class Streams:
    """Every open event stream; `end` closes them so that the server can stop at once."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._wakers: set[Callable[[], None]] = set()
        self._ended = False

    def open(self, conversation: str, after: int) -> StreamingResponse:
        """The events of a conversation after number `after`, without end."""
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._events(conversation, after), media_type="text/event-stream", headers=headers
        )

    def end(self) -> None:
        """Closes every stream; pages will try to reconnect."""
        self._ended = True
        for waker in tuple(self._wakers):
            waker()

    async def _events(self, conversation: str, after: int) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop may already be closed when the server stops
                loop.call_soon_threadsafe(news.set)

        self._wakers.add(wake)
        unsubscribe: Callable[[], None] = lambda: None  # noqa: E731
        try:
            unsubscribe = await run_in_threadpool(self._live.listen, conversation, wake)
            with contextlib.suppress(StoreError):  # on a full disk what was said can still be read
                await run_in_threadpool(self._live.wake, conversation)
            yield "retry: 1000\n\n"
            async for block in self._follow(conversation, after, news):
                yield block
        except NotFoundError:
            yield _block("deleted", {})
        except StoreError as error:  # the page will ask again
            _log.error("a page could not be told what happens: %s", error)
        finally:
            unsubscribe()
            self._wakers.discard(wake)

    async def _follow(self, conversation: str, after: int, news: asyncio.Event) -> AsyncIterator[str]:
        title, caught_up, silent = "", False, True
        place: int | None = None  # told at first even if it is 0: the page may have come back out of the line
        while not self._ended:
            news.clear()
            entries = await run_in_threadpool(self._live.entries, conversation, after)
            for entry in entries:
                after = entry.seq
                yield _entry(entry)
            # A title changes when the first words are said or someone renames it; a reader of the journal
            # sees no event for that, so it is asked for at those moments and with each heartbeat.
            if silent or not entries or any(isinstance(entry.event, UserSaid) for entry in entries):
                newest = await run_in_threadpool(self._live.title, conversation)
                if newest != title:
                    title = newest
                    yield _block("title", {"title": title})
            newest_place = self._live.place_in_line(conversation)
            if newest_place != place:
                place = newest_place
                seconds = self._live.expected_wait(conversation)
                yield _block("waiting", {"place": place, "seconds": seconds})
            if not caught_up:
                caught_up = True
                yield _block("ready", {"seq": after})
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT)
                silent = False
            except TimeoutError:
                silent = True
                yield ": still here\n\n"


def _entry(entry: Entry) -> str:
    data = {"seq": entry.seq, "at": entry.at.isoformat(), "event": entry.event.model_dump(mode="json")}
    return f"id: {entry.seq}\ndata: {json.dumps(data)}\n\n"


def _block(name: str, data: dict[str, object]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
