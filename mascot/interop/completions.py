"""`/v1/chat/completions` and `/v1/models`: whatever speaks OpenAI's protocol talks with the whole group.

A request brings its conversation and takes it along again: nothing of it is written down, neither here nor in
the journal. What holds for visitors of the page holds here: the crisis recogniser hears every message of the
person before anything else, the same limits, the same line, the same day's budget.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mascot.errors import BusyError, InputError, MascotError
from mascot.interop.hearing import Hearing
from mascot.interop.history import GROUP, History, models, read_history, talk
from mascot.interop.round import Draw, Round
from mascot.interop.told import Told
from mascot.interop.wire import MOST_BYTES, Call, RefusedError, read_call
from mascot.interop.working import Happening
from mascot.safety.message import CrisisMessage, crisis_message
from mascot.ui.answers import HEADERS, answer
from mascot.ui.visitors import Visitors

if TYPE_CHECKING:
    from mascot.live.service import Live

_SEEDS = 2**31
_STREAM = HEADERS | {"X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Answering:
    """A request that was accepted."""

    call: Call
    told: Told
    help: CrisisMessage | None
    """The answer, where the person's words tell of a crisis."""
    happen: Callable[[], Happening]
    """Otherwise the round, once it is begun."""


class CompletionRoutes:
    """The handlers; `all` is what the server takes."""

    def __init__(self, live: Live, visitors: Visitors) -> None:
        self._live = live
        self._visitors = visitors
        self._hearing = Hearing(live.table().recogniser)
        self._since = int(time.time())

    @property
    def all(self) -> list[Route]:
        return [
            Route("/v1/models", _refusing(self._models)),
            Route("/v1/models/{id:path}", _refusing(self._model)),
            Route("/v1/chat/completions", _refusing(self._complete), methods=["POST"]),
        ]

    async def _models(self, _request: Request) -> Response:
        return answer({"object": "list", "data": [self._card(id) for id in models(self._live.cast)]})

    async def _model(self, request: Request) -> Response:
        id = request.path_params["id"]
        if id not in models(self._live.cast):
            raise RefusedError(f"the model {id!r} does not exist", "model", "model_not_found")
        return answer(self._card(id))

    def _card(self, id: str) -> dict[str, Any]:
        agent = id.removeprefix(GROUP).removeprefix("/")
        names = ", ".join(persona.name for persona in self._live.cast)
        about = self._live.cast[agent].summary if agent else f"{names}, led by a director"
        return {
            "id": id,
            "object": "model",
            "created": self._since,
            "owned_by": "mascot",
            "description": about,
        }

    async def _complete(self, request: Request) -> Response:
        call = read_call(await _body(request))
        accepted = await run_in_threadpool(self._accept, call, self._visitors.name(request))
        if call.stream:
            return StreamingResponse(_stream(accepted), media_type="text/event-stream", headers=_STREAM)
        return answer(await _whole(accepted, request))

    def _accept(self, call: Call, visitor: str) -> Answering:
        """The request, if it can be answered; a crisis is heard before any limit.

        Raises:
            RefusedError: it cannot be.
            BusyError: too much is asked just now, or by this visitor, or today.
        """
        history, table = read_history(call, self._live.cast), self._live.table()
        seed = secrets.randbelow(_SEEDS) if call.seed is None else call.seed % _SEEDS
        id = f"chatcmpl-{secrets.token_hex(12)}"
        told = Told(id, call.model, self._live.cast, history.ignored, seed)
        for text in history.unanswered:
            verdict = self._hearing.check(text)
            if verdict.crisis:
                return Answering(call, told, crisis_message(verdict.kind, call.mascot.country), _nothing)
        if table.line.full:
            raise BusyError("very many people are talking here just now: send it again in a minute")
        table.limits.message(visitor)
        most = self._live.defaults.max_turns
        before = talk(
            history,
            self._live.cast,
            table.policy.name,
            most,
            seed,
            lambda t: self._hearing.check(t).crisis,
        )
        draw = Draw(call.temperature, call.top_p, call.most_tokens, call.stops)
        make = partial(Round, table, before, draw, id, _session(visitor, history))
        return Answering(call, told, None, partial(Happening, make))


async def _stream(accepted: Answering) -> AsyncIterator[str]:
    told = accepted.told
    yield _data(told.first)
    if accepted.help is not None:
        yield _data(told.helps(accepted.help))
    else:
        happen = accepted.happen()
        try:
            async for event in happen.events():
                if event is None:
                    yield ": still here\n\n"
                    continue
                for chunk in told.chunks(event):
                    yield _data(chunk)
        except MascotError as error:
            yield _data(_error(error))
            return
        finally:
            happen.stop()
        told.finish = happen.finish
    yield _data(told.last)
    if accepted.call.wants_usage:
        yield _data(told.spent)
    yield "data: [DONE]\n\n"


async def _whole(accepted: Answering, request: Request) -> dict[str, Any]:
    """The whole answer; a client that does not wait for it sets its place free."""
    told = accepted.told
    if accepted.help is not None:
        told.helps(accepted.help)
        return told.whole
    happen = accepted.happen()
    try:
        async for event in happen.events():
            if await request.is_disconnected():
                break
            if event is not None:
                list(told.chunks(event))
    finally:
        happen.stop()
    told.finish = happen.finish
    return told.whole


async def _body(request: Request) -> bytes:
    """The body, JSON only: what another site's page cannot have a browser send without asking us first."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise RefusedError("send the request as JSON, with the header Content-Type: application/json")
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST_BYTES:
            raise RefusedError(f"the request is larger than {MOST_BYTES // 1024} KiB: send fewer messages")
    return bytes(raw)


def _session(visitor: str, history: History) -> str:
    """The conversation's name for the engine's memory: the same while it goes on, another one for others."""
    first = next((turn.text for turn in history.turns), history.asked)
    return "v1/" + hashlib.blake2b(f"{visitor}\n{first}".encode(), digest_size=12).hexdigest()


def _nothing() -> Happening:
    raise AssertionError("the personas are silent")


def _data(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _error(error: MascotError) -> dict[str, Any]:
    """The error as OpenAI's clients read it."""
    kind = "rate_limit_error" if isinstance(error, BusyError) else "server_error"
    if isinstance(error, InputError):
        kind = "invalid_request_error"
    line = " ".join(str(error).split())
    beside = {"param": getattr(error, "param", None), "code": getattr(error, "code", None)}
    return {"error": {"message": line, "type": kind} | beside}


def _refusing(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def handled(request: Request) -> Response:
        try:
            return await handler(request)
        except MascotError as error:
            response = answer(_error(error), _status(error))
            if isinstance(error, BusyError):
                response.headers["Retry-After"] = str(ceil(error.wait))
            return response

    return handled


def _status(error: MascotError) -> int:
    if isinstance(error, RefusedError) and error.code == "model_not_found":
        return 404
    if isinstance(error, InputError):
        return 400
    return 429 if isinstance(error, BusyError) else 503
