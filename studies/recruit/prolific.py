"""Prolific's API: what has become of people's submissions there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import httpx

from mascot.errors import InputError, StoreError

Status = Literal[
    "RESERVED",
    "ACTIVE",
    "TIMED-OUT",
    "AWAITING REVIEW",
    "APPROVED",
    "RETURNED",
    "REJECTED",
    "SCREENED OUT",
]
OVER = ("TIMED-OUT", "RETURNED", "REJECTED")
"""Submissions whose place Prolific gives to others."""


@dataclass(frozen=True)
class Submission:
    """One person's participation, as Prolific has it."""

    id: str
    participant: str
    status: str


class ProlificApi:
    """Reads a study's submissions (docs.prolific.com, "List study submissions").

    Args:
        base: `https://api.prolific.com`, or a stand-in's.
        token: of the researcher's account.
    """

    def __init__(self, base: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=base, headers={"Authorization": f"Token {token}"}, timeout=20.0, trust_env=False
        )

    def close(self) -> None:
        self._client.close()

    def submissions(self, study: str) -> list[Submission]:
        """All submissions of a study, however many pages they fill.

        Raises:
            InputError: Prolific refuses the token or does not know the study.
            StoreError: it does not answer as it should; nothing has changed.
        """
        found: list[Submission] = []
        path, asked = f"/api/v1/studies/{study}/submissions/", set[str]()
        while path and path not in asked:
            asked.add(path)
            page, path = _page(self._get(path, study))
            found += page
        if path:
            raise StoreError("Prolific's list of submissions leads back to its own pages: try again later")
        return found

    def _get(self, path: str, study: str) -> httpx.Response:
        try:
            answer = self._client.get(path)
        except httpx.HTTPError as error:
            raise StoreError(f"Prolific does not answer ({type(error).__name__}): try again later") from None
        if answer.status_code != 200:
            raise InputError(
                f"Prolific answers {answer.status_code} for study {study!r}: check PROLIFIC_TOKEN and "
                "recruitment.prolific_study"
            )
        return answer


def _page(answer: httpx.Response) -> tuple[list[Submission], str]:
    """The submissions of a page, and the path of the next one; empty after the last."""
    try:
        page = answer.json()
        found = [Submission(each["id"], each["participant_id"], each["status"]) for each in page["results"]]
        link = ((page.get("_links") or {}).get("next") or {}).get("href")
        # The path alone: whatever host a link names, the token goes to Prolific only.
        return found, answer.url.join(link).raw_path.decode() if link else ""
    except (ValueError, KeyError, TypeError, AttributeError, httpx.InvalidURL):
        raise StoreError("Prolific's list of submissions is not in the form that is known here") from None
