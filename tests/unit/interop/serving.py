"""A real server over a scripted table, in a thread, for clients that speak HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from openai import OpenAI
from starlette.applications import Starlette

from mascot.interop.completions import CompletionRoutes
from mascot.live.service import Live
from mascot.ui.routes import LiveRoutes
from mascot.ui.visitors import Visitors
from tests.unit.live.support import WAIT

Messages = list[Any]
SAD: Messages = [{"role": "user", "content": "My best friend got engaged and I feel jealous."}]


class _Telling(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.ready.set()


@contextmanager
def serving(live: Live) -> Iterator[str]:
    """The address of a server with the page's routes and ours; the table is closed with it."""
    visitors = Visitors()
    routes = [*LiveRoutes(live, visitors=visitors).all, *CompletionRoutes(live, visitors).all]
    config = uvicorn.Config(
        Starlette(routes=routes), host="127.0.0.1", port=0, log_level="error", lifespan="off"
    )
    server = _Telling(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(WAIT)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT)
        live.close()


@contextmanager
def client(address: str) -> Iterator[OpenAI]:
    """The official client, without its own second tries."""
    with OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=WAIT) as client:
        yield client


def streamed(group: OpenAI, messages: Messages, **options: Any) -> tuple[str, list[Any]]:
    """The text as it arrived, and all chunks."""
    chunks = list(
        group.chat.completions.create(
            **{"model": "mascot-group", "messages": messages, "stream": True} | options
        )
    )
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), chunks
