"""Everything under `/study`: pages of participants and researchers, and what they ask for.

A participant's key stands in a header and never in an address, so that no log or history has it. No cookie
is set, no address of a client is looked at.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mascot.errors import InputError, NotFoundError
from mascot.ui.answers import HEADERS, Body, answer, one_line, read
from studies.flow.flow import Flow
from studies.flow.rating import MovedOnError
from studies.flow.steps import Forward, Given, Invitation, Leave, Say, Withdraw
from studies.ui.files import static
from studies.ui.pages import PAGES, Page
from studies.web.desk import DeskRoutes, flow_of, nobody

PAGE_HEADERS = HEADERS | {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'",
}
"""A page loads nothing from elsewhere."""

Handler = Callable[[Request], Awaitable[Response]]


class StudyRoutes:
    """The routes of some studies; `all` is what a server takes.

    Args:
        flows: by the study's id.
        token: of the researcher's pages.
        signed_in: whether a request comes from a researcher who needs no token.
    """

    def __init__(
        self, flows: Mapping[str, Flow], token: str, signed_in: Callable[[Request], bool] = nobody
    ) -> None:
        self._flows = flows
        self._desk = DeskRoutes(flows, token, signed_in)

    @property
    def all(self) -> list[Route]:
        """The routes, flat: behind a proxy that takes a path's beginning off, a `Mount` finds nothing."""
        one = "/study/{study}"
        posts = {
            "enter": self._enter,
            "answer": self._answer,
            "next": self._next,
            "exit": self._exit,
            "say": self._say,
            "withdraw": self._withdraw,
        }
        return [
            Route("/study/static/{name}", self._file),
            *(Route(f"{one}/{name}", _handled(act), methods=["POST"]) for name, act in posts.items()),
            Route(f"{one}/step", _handled(self._step)),
            Route(f"{one}/talk", _handled(self._talk)),
            *(Route(one + path, self._route_of(page)) for path, page in PAGES.items()),
            *self._desk.all,
        ]

    async def _enter(self, request: Request) -> Response:
        return await self._do(request, Invitation, lambda flow, _, sent: flow.enter(sent), keyed=False)

    async def _step(self, request: Request) -> Response:
        flow, key = self._flow(request), _key(request)
        return _json(await run_in_threadpool(flow.step, key))

    async def _answer(self, request: Request) -> Response:
        return await self._do(request, Given, lambda flow, key, sent: flow.answer(key, sent))

    async def _next(self, request: Request) -> Response:
        return await self._do(request, Forward, lambda flow, key, sent: flow.forward(key, sent))

    async def _exit(self, request: Request) -> Response:
        return await self._do(request, Leave, lambda flow, key, sent: flow.leave(key, sent))

    async def _withdraw(self, request: Request) -> Response:
        return await self._do(request, Withdraw, lambda flow, _, sent: flow.withdraw(sent), keyed=False)

    async def _say(self, request: Request) -> Response:
        return await self._do(request, Say, lambda flow, key, sent: flow.talking(key, sent))

    async def _talk(self, request: Request) -> Response:
        flow, key = self._flow(request), _key(request)
        return _json(await run_in_threadpool(flow.talking, key, None))

    async def _do(
        self,
        request: Request,
        body: type[Body],
        act: Callable[[Flow, str, Body], BaseModel],
        keyed: bool = True,
    ) -> Response:
        flow, sent = self._flow(request), await read(request, body)
        key = _key(request) if keyed else ""
        return _json(await run_in_threadpool(act, flow, key, sent))

    def _flow(self, request: Request) -> Flow:
        return flow_of(self._flows, request)

    def _route_of(self, page: Page) -> Handler:
        async def handed_out(request: Request) -> Response:
            try:
                self._flow(request)
            except NotFoundError as error:
                return Response(str(error), 404, PAGE_HEADERS, "text/plain; charset=utf-8")
            return Response(page.content, 200, PAGE_HEADERS, "text/html; charset=utf-8")

        return handed_out

    async def _file(self, request: Request) -> Response:
        """One of the pages' own files: asked for again each time, answered "unchanged" unless it is."""
        try:
            file = static(request.path_params["name"])
        except NotFoundError as error:
            return Response(str(error), 404, PAGE_HEADERS, "text/plain; charset=utf-8")
        headers = PAGE_HEADERS | {"ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, 200, headers, file.media)


def _key(request: Request) -> str:
    key = request.headers.get("x-study-key", "")
    if not 8 <= len(key) <= 64:
        raise InputError("the header X-Study-Key is missing: please open your invitation again")
    return key


def _json(record: BaseModel) -> Response:
    return Response(record.model_dump_json(), 200, HEADERS, "application/json")


def _handled(handler: Handler) -> Handler:
    """Errors in one line; 409 where the step has moved on."""

    async def moved(request: Request) -> Response:
        try:
            return await handler(request)
        except MovedOnError as error:
            return answer({"error": str(error)}, 409)

    return one_line(moved)
