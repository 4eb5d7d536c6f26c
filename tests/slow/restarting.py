"""A server whose disk vanishes: the live service, its routes, and a house that exports all the time."""

from __future__ import annotations

from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from mascot.engines.scripted import ScriptedEngine
from mascot.house import House
from mascot.live.journal import Journal
from mascot.settings import Settings
from mascot.studio import Studio
from mascot.ui.keeping import KeepingRoutes
from mascot.ui.routes import LiveRoutes
from tests.slow.server import Telling
from tests.unit.live.support import all_different, open_live


def serve_on(disk: Path, archive: Path, ready: Connection) -> None:
    """Serve from a disk until killed."""
    settings = Settings(home=disk, archive=str(archive), archive_seconds=0.1)
    journal, engine = Journal(settings.store_url), ScriptedEngine(all_different, delay=0.002)
    live = open_live(journal, engine, max_turns=2)
    house = House(Studio(live, engine, journal), settings)
    app = Starlette(routes=[*LiveRoutes(live).all, *KeepingRoutes(house.keeping).all])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    Telling(config, ready).run()
