"""A study's server, alone: Starlette on uvicorn, in a thread."""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from annotations.records import RaterKind
from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.errors import SettingsError
from mascot.settings import Settings
from studies.design.reading import Design
from studies.flow.flow import Flow, Served
from studies.flow.journal import Clock, FlowJournal
from studies.flow.talks import Talks
from studies.prepare.unchanged import must_be_prepared
from studies.web.routes import StudyRoutes

TOKEN = "desk-token"
"""File beside the ratings with the secret of the researcher's page."""


@dataclass(frozen=True)
class Place:
    """Where a study keeps what it has."""

    folder: Path
    url: str
    """Of the database with its ratings and moves."""

    @classmethod
    def of(cls, design: Design, settings: Settings, url: str = "") -> Place:
        """The study's folder in `home`, and its database there unless another is named, or all share one."""
        folder = settings.home / "studies" / design.study.id
        shared = settings.store if settings.store.startswith("postgresql") else ""
        return cls(folder, url or shared or f"sqlite:///{folder / 'ratings.db'}")

    @property
    def dialogues(self) -> Path:
        return self.folder / "dialogues"

    def token(self) -> str:
        """The secret of the researcher's page; made once, readable for its owner only."""
        path = self.folder / TOKEN
        if not path.exists() or not path.read_text().strip():
            self.folder.mkdir(parents=True, exist_ok=True)
            # It has its name when it is whole: an empty token would open the page to everybody.
            fresh = path.with_name(f".{TOKEN}-{secrets.token_hex(8)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(18))
            fresh.replace(path)
        return path.read_text().strip()


def open_served(
    design: Design,
    place: Place,
    settings: Settings,
    clock: Clock = time.time,
    raters: RaterKind = "participant",
    talks: Callable[[Store, FlowJournal], Talks | None] = lambda _store, _journal: None,
) -> Served:
    """The prepared study's store and journal, opened; `close_served` closes them.

    Raises:
        InputError: the study is not prepared, or was prepared from another file.
        StoreError: the database cannot be used.
    """
    store = Store.open(place.url, clock)
    try:
        must_be_prepared(design, store)
        journal = FlowJournal(place.url, clock)
    except BaseException:
        store.close()
        raise
    names = {persona.id: persona.name for persona in load_cast(settings.home / "personas")}
    return Served(design, store, journal, names, talks(store, journal), raters)


def close_served(served: Served) -> None:
    """Close what `open_served` opened."""
    served.journal.close()
    served.store.close()


class StudyServer:
    """One study on one port. Use as a context manager.

    Raises:
        SettingsError: the port is taken.
    """

    def __init__(self, served: Served, token: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self.flow = Flow(served)
        routes = StudyRoutes({served.design.study.id: self.flow}, token)
        # Logging is the program's: uvicorn's own settings would take everybody's handlers away.
        config = uvicorn.Config(
            Starlette(routes=routes.all), log_level="warning", log_config=None, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._socket = _bound(host, port)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True, name="study"
        )
        shown = "localhost" if host in ("0.0.0.0", "::") else host
        self.address = f"http://{shown}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> StudyServer:
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
        found.listen(2048)
    except OSError as error:
        found.close()
        raise SettingsError(
            f"{host}, port {port}, cannot be used ({error.strerror}): move the study with --port {port + 1}"
        ) from None
    return found
