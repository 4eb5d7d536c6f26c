"""What every route shares: reading a small JSON body, answering in JSON, turning errors into one line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mascot.errors import BusyError, ForbiddenError, InputError, MascotError, NotFoundError, PersonaError

MAX_BODY = 64 * 1024
"""Bytes of a request; a message has a limit of its own, far below."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""A conversation is private: no cache keeps it, no other site learns its address."""

Handler = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body", bound=BaseModel)


def answer(content: Any, status: int = 200) -> JSONResponse:
    """JSON with the headers of a private page."""
    return JSONResponse(content, status_code=status, headers=HEADERS)


def one_line(handler: Handler) -> Handler:
    """The handler, with every error a person can meet answered as `{"error": one line}`."""

    async def handled(request: Request) -> Response:
        try:
            return await handler(request)
        except MascotError as error:
            response = answer({"error": " ".join(str(error).split())}, _status(error))
            if isinstance(error, BusyError):
                response.headers["Retry-After"] = str(ceil(error.wait))
            return response

    return handled


def _status(error: MascotError) -> int:
    if isinstance(error, InputError | PersonaError):
        return 400
    if isinstance(error, BusyError):
        return 429
    if isinstance(error, ForbiddenError):
        return 403
    return 404 if isinstance(error, NotFoundError) else 503


async def read(request: Request, model: type[Body], most: int = MAX_BODY) -> Body:
    """The request's body.

    Args:
        most: bytes of it.

    Raises:
        InputError: too large, not JSON, or a field that is missing or wrong.
    """
    try:
        return model.model_validate_json(await read_bytes(request, most))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the request"
        raise InputError(f"{field}: {first['msg']}") from None


async def read_bytes(request: Request, most: int) -> bytes:
    """The request's body as it is.

    Raises:
        InputError: larger than `most` bytes.
    """
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise InputError(f"the request is larger than {most // 1024:,} KiB")
    return bytes(raw)
