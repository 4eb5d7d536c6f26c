"""What stands before every route, ours and Gradio's: a private page's headers, and no large bodies."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mascot.errors import InputError
from mascot.ui.answers import answer

MOST_BYTES = 2**20
"""Of any request but these."""
LARGER = {"/live/personas/import": 8 * 2**20, "/live/personas/export": 12 * 2**20}
"""A character card is a picture, or a zip with several; on the way back it is in base64."""
CLOSED = ("/gradio_api/upload", "/upload")
"""Gradio takes files from anybody, of any size, and keeps them; no page of ours sends any."""


class Guard:
    """Adds to every answer that other sites must not learn this one's addresses: a link is a key. Refuses
    uploads, and bodies that are too large, whether they say so or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, most = False, _most(scope)

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        refusal = _refused(scope, most)
        if refusal is None:
            try:
                await self._app(scope, _counted(receive, most), with_headers)
                return
            except _TooLargeError:
                if begun:
                    raise
                refusal = 413
        line = "there is nothing here" if refusal == 404 else f"a request has at most {most:,} bytes"
        await answer({"error": line}, refusal)(scope, receive, with_headers)


def _most(scope: Scope) -> int:
    """Bytes of a request to this address, behind a proxy path or not."""
    path = scope["path"]
    return next((most for end, most in LARGER.items() if path.endswith(end)), MOST_BYTES)


def _refused(scope: Scope, most: int) -> int | None:
    if scope["path"].rstrip("/").endswith(CLOSED):
        return 404
    length = Headers(scope=scope).get("content-length", "0")
    return 413 if not length.isdecimal() or int(length) > most else None


def _counted(receive: Receive, most: int) -> Receive:
    taken = 0

    async def receive_some() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise _TooLargeError(most)
        return message

    return receive_some


class _TooLargeError(InputError):
    """A body went on and on."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a request has at most {most:,} bytes")
