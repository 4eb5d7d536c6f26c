"""The researcher's routes: behind a token, or a sign-in; without either there is nothing here."""

from __future__ import annotations

import hmac
import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from annotations.exports.formats import FORMATS
from mascot.errors import NotFoundError
from mascot.ui.answers import HEADERS, answer, one_line
from studies.desk import export, figures
from studies.desk.status import status
from studies.flow.flow import Flow

FIGURES: dict[str, Callable[[Flow], Any]] = {
    "agreement": figures.agreement,
    "strengths": figures.strengths,
    "quality": figures.quality,
    "positions": figures.positions,
    "blinding": figures.blinding,
}
SWITCHES: dict[str, Literal["open", "paused", "closed"]] = {
    "pause": "paused",
    "resume": "open",
    "close": "closed",
}


def nobody(_request: Request) -> bool:
    """Where nobody can sign in."""
    return False


class DeskRoutes:
    """The routes of the researcher's page.

    Args:
        token: opens it.
        signed_in: whether a request comes from a researcher who needs no token.
    """

    def __init__(
        self, flows: Mapping[str, Flow], token: str, signed_in: Callable[[Request], bool] = nobody
    ) -> None:
        self._flows = flows
        self._token = token
        self._signed_in = signed_in

    @property
    def all(self) -> list[Route]:
        """The routes, flat."""
        desk = "/study/{study}/desk"
        return [
            Route(f"{desk}/status", one_line(self._status)),
            Route(f"{desk}/export/{{format}}", one_line(self._export)),
            Route(f"{desk}/release/{{assignment:int}}", one_line(self._release), methods=["POST"]),
            Route(f"{desk}/{{name}}", one_line(self._figure)),
            Route(f"{desk}/{{name}}", one_line(self._switch), methods=["POST"]),
        ]

    async def _status(self, request: Request) -> Response:
        return answer(await run_in_threadpool(_status, self._flow(request)))

    async def _figure(self, request: Request) -> Response:
        flow, name = self._flow(request), request.path_params["name"]
        if name not in FIGURES:
            raise NotFoundError(f"there is no figure {name!r}: there are {', '.join(FIGURES)}")
        return answer(await run_in_threadpool(FIGURES[name], flow))

    async def _switch(self, request: Request) -> Response:
        flow, name = self._flow(request), request.path_params["name"]
        if name not in SWITCHES:
            raise NotFoundError(f"{name!r} cannot be done here: there are {', '.join(SWITCHES)}")
        await run_in_threadpool(flow.served.journal.set_state, flow.study.id, SWITCHES[name])
        return answer(await run_in_threadpool(_status, flow))

    async def _release(self, request: Request) -> Response:
        flow, assignment = self._flow(request), request.path_params["assignment"]
        await run_in_threadpool(flow.served.store.release, assignment, f"release {assignment}")
        return answer(await run_in_threadpool(_status, flow))

    async def _export(self, request: Request) -> Response:
        flow, name = self._flow(request), request.path_params["format"]
        if name not in FORMATS:
            raise NotFoundError(f"there is no format {name!r}: there are {', '.join(FORMATS)}")
        content = await run_in_threadpool(_zipped, flow, name)
        disposition = f'attachment; filename="{flow.study.id}-{name}.zip"'
        return Response(content, 200, HEADERS | {"Content-Disposition": disposition}, "application/zip")

    def _flow(self, request: Request) -> Flow:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()) and not self._signed_in(request):
            raise NotFoundError("there is nothing here, or the token is not the one that `serve` printed")
        return flow_of(self._flows, request)


def flow_of(flows: Mapping[str, Flow], request: Request) -> Flow:
    """The flow of the study in the address.

    Raises:
        NotFoundError: there is none.
    """
    try:
        return flows[request.path_params["study"]]
    except KeyError:
        raise NotFoundError("there is no such study here: please check the link you were given") from None


def _status(flow: Flow) -> Any:
    return status(flow.served).model_dump(mode="json")


def _zipped(flow: Flow, format: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="mascot-export-") as scratch:
        folder = Path(scratch, "export")
        export.write(flow.served, format, folder)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
        return content.getvalue()
