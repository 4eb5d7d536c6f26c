"""The demo page: Gradio around the group chat, and the server that shows it."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import os
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from mascot.errors import MascotError, SettingsError
from mascot.settings import Settings
from mascot.ui.component import group_chat
from mascot.ui.guard import Guard
from mascot.ui.routes import LiveRoutes
from mascot.ui.theme import CSS, room
from mascot.ui.visitors import Visitors

if TYPE_CHECKING:
    from mascot.live.service import Live

TITLE = "MASCOT Studio"


def build(functions: Sequence[Callable[..., Any]] = ()) -> gr.Blocks:
    """The page without its server.

    Args:
        functions: what clients may call by name. The page itself calls none, so there is nothing else that
            Gradio could be asked for: its "private" functions can be reached by whoever knows their number.
    """
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        group_chat()
        for function in functions:
            gr.api(_in_one_line(function), api_name=function.__name__, queue=False)  # pyright: ignore
    return page


def _in_one_line(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what a person can cause or meet told as Gradio's clients expect it."""

    @functools.wraps(function)
    async def called(*args: Any, **named: Any) -> Any:
        try:
            return await function(*args, **named)
        except MascotError as error:
            raise gr.Error(" ".join(str(error).split()), print_exception=False) from None

    return called


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
        "mcp_server": settings.mcp,
        "share": False,
        "quiet": True,
        "inline": False,
        "prevent_thread_lock": True,
    }


@dataclass(frozen=True)
class Doors:
    """How others than the page come in."""

    routes: Sequence[BaseRoute] = ()
    """Further addresses of the server."""
    functions: Sequence[Callable[..., Any]] = ()
    """Async functions that are called by name, see `build`."""
    visitors: Visitors = field(default_factory=Visitors)
    """Who tells visitors apart, the same for page, routes and functions: what they may do is counted once."""


def start(live: Live, settings: Settings, doors: Doors = Doors()) -> tuple[str, Callable[[], None]]:
    """Serves the page, and what else there is, in a thread; its address and the function that ends it.

    Raises:
        SettingsError: the port is taken, the host is not one of this machine's, or MCP is asked for without
            its package.
    """
    _must_have_mcp(settings)
    settings = settings.model_copy(update={"port": _free_port(settings.host, settings.port)})
    page, routes = build(doors.functions), LiveRoutes(live, visitors=doors.visitors)
    with contextlib.redirect_stdout(io.StringIO()):  # an MCP server is announced even where all is quiet
        page.launch(**launch_options([*routes.all, *doors.routes], settings))

    def end() -> None:
        routes.streams.end()
        page.close(verbose=False)

    return f"http://{_shown(settings.host)}:{settings.port}/", end


def serve(live: Live, settings: Settings, doors: Doors = Doors()) -> None:
    """Serves the page, and what else there is, until Ctrl-C; prints its address once.

    Raises:
        SettingsError: as `start`.
    """
    url, end = start(live, settings, doors)
    print(f"{TITLE}: {url}", flush=True)  # noqa: T201
    if settings.mcp:
        print(f"MCP server: {url}gradio_api/mcp/", flush=True)  # noqa: T201
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        end()


def _must_have_mcp(settings: Settings) -> None:
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise SettingsError("MASCOT_MCP=1 needs the package `mcp`: pip install mcp==1.30.0, or leave it off")


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
