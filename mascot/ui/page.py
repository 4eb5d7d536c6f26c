"""The demo page: Gradio around the group chat, and the server that shows it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from mascot.errors import SettingsError
from mascot.settings import Settings
from mascot.ui.component import group_chat
from mascot.ui.guard import Guard
from mascot.ui.routes import LiveRoutes
from mascot.ui.theme import CSS, room

if TYPE_CHECKING:
    from mascot.live.service import Live

TITLE = "MASCOT Studio"


def build() -> gr.Blocks:
    """The page without its server."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        group_chat()
    return page


def launch_options(routes: Sequence[BaseRoute], settings: Settings) -> dict[str, Any]:
    """What Gradio's `launch` is given: our routes, our look, and none of its extras."""
    return {
        "server_name": settings.host,
        "server_port": settings.port,
        "app_kwargs": {"routes": list(routes), "middleware": [Middleware(Guard)]},
        "theme": room(),
        "css": CSS,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "quiet": True,
        "inline": False,
        "prevent_thread_lock": True,
    }


def start(
    live: Live, settings: Settings, notice: str = "", more: Sequence[BaseRoute] = ()
) -> tuple[str, Callable[[], None]]:
    """Serves the page, and further routes, in a thread; its address and the function that ends it.

    Raises:
        SettingsError: the port is taken, or the host is not one of this machine's.
    """
    settings = settings.model_copy(update={"port": _free_port(settings.host, settings.port)})
    page, routes = build(), LiveRoutes(live, notice)
    page.launch(**launch_options([*routes.all, *more], settings))

    def end() -> None:
        routes.streams.end()
        page.close(verbose=False)

    return f"http://{_shown(settings.host)}:{settings.port}/", end


def serve(live: Live, settings: Settings, notice: str = "", more: Sequence[BaseRoute] = ()) -> None:
    """Serves the page, and further routes, until Ctrl-C; prints its address once.

    Raises:
        SettingsError: as `start`.
    """
    url, end = start(live, settings, notice, more)
    print(f"{TITLE}: {url}", flush=True)  # noqa: T201
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        end()


def _free_port(host: str, port: int) -> int:
    """The port, if it can be had; 0 is any. Asked first because Gradio would find out after five seconds."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if os.name == "posix" else 0)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise SettingsError(
                f"{host}, port {port}, cannot be used ({error.strerror}): another program may be listening "
                f"there; move this one with MASCOT_PORT={port + 1} (or `make run PORT={port + 1}`)"
            ) from None
        return probe.getsockname()[1]


def _shown(host: str) -> str:
    return "localhost" if host in ("0.0.0.0", "::") else host
