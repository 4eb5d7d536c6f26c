"""A server to be killed: the live service over a file, its routes, and a model that takes its time."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from mascot.engines.scripted import ScriptedEngine
from mascot.live import pacing
from mascot.ui.routes import LiveRoutes
from tests.unit.live.support import all_different, open_live


class Telling(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, ready: Connection) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Sequence[object] | None = None) -> None:
        await super().startup()
        self._ready.send(self.servers[0].sockets[0].getsockname()[1])


def serve(store: Path, ready: Connection) -> None:
    """Serve until killed."""
    pacing.WORDS_PER_SECOND, pacing.SENTENCE_PAUSE = 80.0, 0.0
    live = open_live(store, ScriptedEngine(all_different, delay=0.004), max_turns=3, pace="reading")
    app = Starlette(routes=LiveRoutes(live).all)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    Telling(config, ready).run()
