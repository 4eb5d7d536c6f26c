"""The persona editor's routes: a page, the fields of a card out of a file and into one, and a try-out.

Nothing that comes here is kept: a visitor's drafts are in their browser, and the cast is the operator's. A
try-out is one turn of the draft alone, by the live loop without a journal: the same crisis path before
anything else, limits, line, director and guards as in a conversation.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from mascot.characters.fields import persona_id
from mascot.characters.files import MOST_BYTES, Format, problems, read_fields, read_file, write_file
from mascot.conversation.events import Directive, Event, Interrupted, Speech, UserSaid
from mascot.conversation.personas import Cast, Persona
from mascot.conversation.transcript import Transcript
from mascot.errors import BusyError, InputError, MascotError, PersonaError
from mascot.interop.round import Draw, Round
from mascot.interop.working import Happening
from mascot.live.conversation import MAX_CHARACTERS, Table
from mascot.safety.message import CrisisMessage, crisis_message
from mascot.ui.answers import HEADERS, answer, one_line, read, read_bytes
from mascot.ui.editor import PAGE, PAGE_HEADERS
from mascot.ui.table import NOTICE, SITUATIONS
from mascot.ui.visitors import Visitors

if TYPE_CHECKING:
    from mascot.live.service import Live

DRAFT = "draft"
"""The id of whoever is tried out: no trained adapter bears it, and all share one place of the engine."""
MOST_OF_A_DRAFT = 8000
"""Characters of all its fields; the paper's four have up to 1,900. What is longer only makes others wait."""
_MEDIA = {
    "yaml": "application/yaml",
    "json": "application/json",
    "png": "image/png",
    "charx": "application/zip",
}
_SEEDS = 2**31

Given = dict[str, JsonValue]
"""A persona's fields as the page has them, complete or not."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Check(_Body):
    """Fields to look through."""

    fields: Given


class Export(_Body):
    """A file that is wanted."""

    fields: Given
    format: Format
    base: str | None = None
    """The file that the persona came from, in base64: what else is in it is kept."""


class Try(_Body):
    """A draft, and what somebody says to it."""

    fields: Given
    text: str = Field(min_length=1, max_length=MAX_CHARACTERS)


class EditorRoutes:
    """The handlers; `all` is what the server takes."""

    def __init__(self, live: Live, visitors: Visitors) -> None:
        self._live = live
        self._visitors = visitors

    @property
    def all(self) -> list[Route]:
        return [
            Route("/personas", self._page),
            Route("/live/personas", one_line(self._cast)),
            Route("/live/personas/check", one_line(self._check), methods=["POST"]),
            Route("/live/personas/import", one_line(self._import), methods=["POST"]),
            Route("/live/personas/export", one_line(self._export), methods=["POST"]),
            Route("/live/personas/try", one_line(self._try), methods=["POST"]),
        ]

    async def _page(self, _request: Request) -> Response:
        return HTMLResponse(PAGE, headers=PAGE_HEADERS)

    async def _cast(self, _request: Request) -> Response:
        cast = [persona.model_dump(mode="json") for persona in self._live.cast]
        situations = [{"title": title, "text": text} for title, text in SITUATIONS]
        return answer({"personas": cast, "situations": situations, "notice": NOTICE, "bytes": MOST_BYTES})

    async def _check(self, request: Request) -> Response:
        found = problems((await read(request, Check)).fields)
        return answer({"faults": [{"field": one.field, "message": one.message} for one in found]})

    async def _import(self, request: Request) -> Response:
        data = await read_bytes(request, MOST_BYTES)
        source = " ".join(request.query_params.get("name", "").split())[:80] or "the file"
        fields, file = await run_in_threadpool(read_fields, data, source)
        told = json.dumps({"fields": fields, "kind": file.kind if file else "yaml"})
        return Response(told, media_type="application/json", headers=HEADERS)  # ASCII: odd halves survive

    async def _export(self, request: Request) -> Response:
        wanted = await read(request, Export, MOST_BYTES * 3 // 2)
        data = await run_in_threadpool(_written, wanted)
        name = f"{persona_id(str(wanted.fields['name']))}.{wanted.format}"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=_MEDIA[wanted.format], headers=HEADERS | disposition)

    async def _try(self, request: Request) -> Response:
        wanted, visitor = await read(request, Try), self._visitors.name(request)
        accepted = await run_in_threadpool(self._accept, wanted, visitor)
        if isinstance(accepted, CrisisMessage):
            return answer({"crisis": asdict(accepted)})
        headers = HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(_told(accepted), media_type="application/x-ndjson", headers=headers)

    def _accept(self, wanted: Try, visitor: str) -> partial[Round] | CrisisMessage:
        """The turn, if it can be had; a crisis is heard before anything is checked or counted.

        Raises:
            PersonaError: the draft cannot be used yet.
            InputError: nothing was said.
            BusyError: too much is asked just now, or by this visitor, or today.
        """
        table = self._live.table()
        if (verdict := table.recogniser.check(wanted.text)).crisis:
            return crisis_message(verdict.kind, None)
        if not wanted.text.strip():
            raise InputError("text: say something to this persona first")
        cast = Cast([_persona(wanted.fields)])
        if table.line.full:
            raise BusyError("very many people are talking here just now: try it again in a minute")
        table.limits.message(visitor)
        alone: Table = replace(table, cast=cast, speaker=replace(table.speaker, cast=cast))
        talk = Transcript(cast.ids, table.policy.name, secrets.randbelow(_SEEDS), 1, pace="immediate")
        talk = talk.after(UserSaid(text=wanted.text, addressed=cast.ids))
        id = f"try/{secrets.token_hex(12)}"
        return partial(Round, alone, talk, Draw(), id, f"try/{visitor}")


def _written(wanted: Export) -> bytes:
    base = None
    if wanted.base is not None:
        try:
            base = read_file(base64.b64decode(wanted.base, validate=True), "the file it came from")
        except binascii.Error:
            raise InputError("base: is not base64") from None
    return write_file(wanted.fields, wanted.format, base, "this persona")


def _persona(fields: Given) -> Persona:
    if found := problems(fields):
        raise PersonaError(f"{found[0].field}: {found[0].message}")
    size = len(json.dumps(fields, ensure_ascii=False))
    if size > MOST_OF_A_DRAFT:
        raise PersonaError(
            f"a persona to try has at most {MOST_OF_A_DRAFT:,} characters, this one has {size:,}"
        )
    return Persona.model_validate({**fields, "id": DRAFT})


async def _told(begin: partial[Round]) -> AsyncIterator[str]:
    """What happens, one JSON object per line."""
    happening = Happening(begin)
    try:
        async for event in happening.events():
            if (line := _line(event)) is not None:
                yield json.dumps(line) + "\n"
    except MascotError as error:
        yield json.dumps({"error": " ".join(str(error).split())}) + "\n"
    finally:
        happening.stop()


def _line(event: Event | None) -> dict[str, Any] | None:
    match event:
        case Directive():
            return {"directive": {"action": event.action, "tone": event.tone}}
        case Speech():
            return {"words": event.text}
        case Interrupted():
            return {"error": "it had nothing to say that may be heard: try it again"}
        case None:
            return {}  # a sign of life; the connection is looked at whenever something is sent
    return None
