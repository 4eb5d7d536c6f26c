"""The page's side door into the live service: everything under `/live`.

A conversation's id is its key: long, random, and enough to read and to take part (that is what its link
is for). Listing needs a secret of the browser's own, sent in a header; no cookie is ever set, because
inside another site's frame there are none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from mascot.conversation.events import Barge, Pace
from mascot.errors import InputError, NotFoundError
from mascot.live.conversation import MAX_CHARACTERS
from mascot.live.export import to_json, to_markdown
from mascot.safety.message import crisis_message
from mascot.safety.resources import INTERNATIONAL, countries, resources_for
from mascot.ui.answers import HEADERS, answer, one_line, read
from mascot.ui.stream import Streams
from mascot.ui.table import table
from mascot.ui.visitors import Visitors

if TYPE_CHECKING:
    from mascot.live.service import Live

STATIC = Path(__file__).parent / "static"
OWNER = re.compile(r"[0-9a-f]{32}")
CONVERSATION = re.compile(r"[A-Za-z0-9_-]{8,64}")
GONE = "This conversation does not exist, or has been deleted."

EXPORTS = {"json": (to_json, "application/json"), "md": (to_markdown, "text/markdown; charset=utf-8")}

PersonaId = Annotated[str, Field(max_length=40)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Say(_Body):
    """A message; sent again with the same key, it is still one message."""

    text: str
    key: str = Field(min_length=8, max_length=64)
    barge: Barge = "interrupt"
    addressed: list[PersonaId] = Field(default=[], max_length=20)


class Act(_Body):
    """Anything else the person can do at the table."""

    do: Literal["ask", "go-on", "enough", "stop", "mute", "pace", "acknowledge"]
    agent: PersonaId | None = None
    muted: bool | None = None
    pace: Pace | None = None


class Rename(_Body):
    """A new title."""

    title: str = Field(min_length=1, max_length=80)


class LiveRoutes:
    """The handlers; `all` is what the server takes, `streams.end()` lets go of every page."""

    def __init__(self, live: Live, remark: str = "", visitors: Visitors | None = None) -> None:
        self._live = live
        self._remark = remark
        self._files = StaticFiles(directory=STATIC)
        self._visitors = visitors or Visitors()
        self.streams = Streams(live)

    @property
    def all(self) -> list[Route]:
        """The routes, flat: behind a proxy that takes a path's beginning off, a `Mount` finds nothing."""
        one = "/live/conversations/{id}"
        return [
            Route("/live/table", one_line(self._table)),
            Route("/live/conversations", one_line(self._list)),
            Route("/live/conversations", one_line(self._open), methods=["POST"]),
            Route(one, one_line(self._show)),
            Route(one, one_line(self._rename), methods=["PATCH"]),
            Route(one, one_line(self._delete), methods=["DELETE"]),
            Route(f"{one}/events", one_line(self._events)),
            Route(f"{one}/export.{{format}}", one_line(self._export)),
            Route(f"{one}/say", one_line(self._say), methods=["POST"]),
            Route(f"{one}/act", one_line(self._act), methods=["POST"]),
            Route("/live/crisis", one_line(self._crisis)),
            Route("/live/static/{name}", self._file),
        ]

    async def _table(self, _request: Request) -> Response:
        return answer(table(self._live.cast, self._remark, MAX_CHARACTERS))

    async def _crisis(self, request: Request) -> Response:
        asked = request.query_params
        message = crisis_message(asked.get("kind"), asked.get("country"))
        choice = [*countries(), (INTERNATIONAL, resources_for(None).name)]
        named = [{"code": code, "name": name} for code, name in choice]
        return answer(asdict(message) | {"countries": named})

    async def _list(self, request: Request) -> Response:
        listings = await run_in_threadpool(self._live.conversations, _owner(request))
        return answer(
            [{"id": one.id, "title": one.title, "updated_at": one.updated_at.isoformat()} for one in listings]
        )

    async def _open(self, request: Request) -> Response:
        visitor = self._visitors.name(request)
        conversation = await run_in_threadpool(lambda: self._live.open(_owner(request), visitor=visitor))
        return answer({"id": conversation}, 201)

    async def _show(self, request: Request) -> Response:
        conversation = conversation_of(request)
        return answer({"id": conversation, "title": await run_in_threadpool(self._live.title, conversation)})

    async def _rename(self, request: Request) -> Response:
        title = " ".join((await read(request, Rename)).title.split())
        if not title:
            raise InputError("a title needs at least one letter")
        await run_in_threadpool(self._live.rename, conversation_of(request), title)
        return answer({"title": title})

    async def _delete(self, request: Request) -> Response:
        await run_in_threadpool(self._live.delete, conversation_of(request))
        return answer({})

    async def _events(self, request: Request) -> Response:
        conversation = conversation_of(request)
        await run_in_threadpool(self._live.title, conversation)  # an unknown one is a 404, not a stream
        seen = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        return self.streams.open(conversation, int(seen) if re.fullmatch(r"\d{1,15}", seen) else 0)

    async def _say(self, request: Request) -> Response:
        conversation, body = conversation_of(request), await read(request, Say)
        visitor = self._visitors.name(request)

        def say() -> int:
            return self._live.say(
                conversation,
                body.text,
                key=body.key,
                barge=body.barge,
                addressed=body.addressed,
                visitor=visitor,
            )

        return answer({"seq": await run_in_threadpool(say)})

    async def _export(self, request: Request) -> Response:
        conversation = conversation_of(request)
        try:
            write, media = EXPORTS[request.path_params["format"]]
        except KeyError:
            raise NotFoundError("a conversation is exported as json or md") from None

        def export() -> tuple[str, str]:
            title = self._live.title(conversation)
            return title, write(title, self._live.entries(conversation), self._live.cast)

        title, text = await run_in_threadpool(export)
        name = f"{_file_name(title)}.{request.path_params['format']}"
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type=media, headers=headers)

    async def _file(self, request: Request) -> Response:
        """One of the page's own files: asked for again each time, answered "unchanged" unless it is."""
        response = await self._files.get_response(request.path_params["name"], request.scope)
        response.headers.update(HEADERS | {"Cache-Control": "no-cache"})
        return response

    async def _act(self, request: Request) -> Response:
        conversation, visitor = conversation_of(request), self._visitors.name(request)
        await run_in_threadpool(_deed(self._live, conversation, await read(request, Act), visitor))
        return answer({})


def _deed(live: Live, conversation: str, act: Act, visitor: str) -> Callable[[], Any]:
    def need(name: str) -> Any:
        value = getattr(act, name)
        if value is None:
            raise InputError(f"{name}: is needed to {act.do}")
        return value

    match act.do:
        case "ask":
            agent = need("agent")
            return lambda: live.ask(conversation, agent, visitor)
        case "mute":
            agent, muted = need("agent"), need("muted")
            return lambda: live.mute(conversation, agent, muted)
        case "pace":
            pace = need("pace")
            return lambda: live.set_pace(conversation, pace)
        case "go-on":
            return lambda: live.go_on(conversation, visitor)
    plain = {
        "enough": live.enough,
        "stop": live.stop,
        "acknowledge": live.acknowledge,
    }[act.do]
    return lambda: plain(conversation)


def _owner(request: Request) -> str:
    owner = request.headers.get("x-mascot-owner", "")
    if not OWNER.fullmatch(owner):
        raise InputError("the header X-Mascot-Owner must carry this browser's secret, 32 hex digits")
    return owner


def conversation_of(request: Request) -> str:
    """The conversation in a route's path.

    Raises:
        NotFoundError: what stands there can be none.
    """
    conversation = request.path_params["id"]
    if not CONVERSATION.fullmatch(conversation):
        raise NotFoundError(GONE)
    return conversation


def _file_name(title: str) -> str:
    """The title as plain letters and dashes, for any file system and any header."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "conversation"
