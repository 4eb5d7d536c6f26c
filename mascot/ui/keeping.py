"""What the page says about how long things are kept, and the question about research; under `/live`."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mascot.errors import NotFoundError
from mascot.live.donations import TERMS, Donation, Donations
from mascot.live.keeping import Keeping
from mascot.ui.answers import answer, one_line
from mascot.ui.routes import conversation_of


class KeepingRoutes:
    """The handlers; `all` is what the server takes."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping

    @property
    def all(self) -> list[Route]:
        donation = "/live/conversations/{id}/donation"
        return [
            Route("/live/keeping", one_line(self._tell)),
            Route(donation, one_line(self._given)),
            Route(donation, one_line(self._give), methods=["PUT"]),
            Route(donation, one_line(self._take_back), methods=["DELETE"]),
        ]

    async def _tell(self, _request: Request) -> Response:
        keeping = self._keeping
        told: dict[str, Any] = {
            "retention_days": keeping.retention_days,
            "donations": keeping.donations is not None,
            "exported": None,
        }
        if keeping.exported is not None:
            until, trouble = keeping.exported()
            told["exported"] = {"until": until.isoformat() if until else None, "late": bool(trouble)}
        return answer(told)

    async def _given(self, request: Request) -> Response:
        donation = await run_in_threadpool(self._donations.given, conversation_of(request))
        return answer(_shown(donation))

    async def _give(self, request: Request) -> Response:
        donation = await run_in_threadpool(self._donations.give, conversation_of(request))
        return answer(_shown(donation))

    async def _take_back(self, request: Request) -> Response:
        conversation, donations = conversation_of(request), self._donations

        def take_back() -> None:
            donations.take_back(conversation)
            self._keeping.settle()

        await run_in_threadpool(take_back)
        return answer(_shown(None))

    @property
    def _donations(self) -> Donations:
        if self._keeping.donations is None:
            raise NotFoundError("nobody is asked for conversations here")
        return self._keeping.donations


def _shown(donation: Donation | None) -> dict[str, Any]:
    return {"at": donation.at.isoformat() if donation else None, "terms": TERMS}
