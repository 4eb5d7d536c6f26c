"""How a public demo stands, for its researchers only: counts, and no word of any conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mascot.ui.answers import answer, one_line
from mascot.ui.signin import SignIn


class FigureRoutes:
    """The handler; `all` is what the server takes."""

    def __init__(self, signin: SignIn, figures: Callable[[], Mapping[str, object]]) -> None:
        self._signin = signin
        self._figures = figures

    @property
    def all(self) -> list[Route]:
        return [Route("/live/figures", one_line(self._show))]

    async def _show(self, request: Request) -> Response:
        self._signin.require(request, "researcher")
        return answer(dict(await run_in_threadpool(self._figures)))
