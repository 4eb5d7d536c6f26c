"""What a recruiter's link says, and what it wants back: plain codes, MTurk, SONA and Prolific."""

from __future__ import annotations

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from mascot.errors import InputError
from studies.design.study import Recruitment

Parameters = Mapping[str, str]
Outcome = Literal["complete", "screened"]
_SIMPLE = re.compile(r"[A-Za-z0-9._@:+-]{1,120}")


@dataclass(frozen=True)
class Arrival:
    """Who comes, as the recruiter knows them."""

    person: str
    """The same for everything that this person does in the study."""
    submission: str = ""
    """The recruiter's name of this participation."""


class Recruiter(ABC):
    """One recruiter. Nothing of what its links say is kept but digests and the submission."""

    def __init__(self, settings: Recruitment) -> None:
        self.settings = settings

    @abstractmethod
    def arrival(self, parameters: Parameters) -> Arrival:
        """Who a link belongs to.

        Raises:
            InputError: the link is not complete, or of another study.
        """

    def code(self, outcome: Outcome) -> str:
        """The code that a person takes back: the study's, or one of their own."""
        if outcome == "screened":
            return self.settings.screened_code
        return self.settings.completion_code or secrets.token_hex(4).upper()

    def redirect(self, code: str, submission: str) -> str:
        """Where the person goes with it; empty: nowhere."""
        place = self.settings.return_url
        return place.replace("{code}", quote(code)).replace("{submission}", quote(submission)) if code else ""


class Plain(Recruiter):
    """Codes of the researcher's own, or an open link."""

    def arrival(self, parameters: Parameters) -> Arrival:
        code = parameters.get("code", "").strip()
        if not code and not self.settings.codes:
            return Arrival(secrets.token_hex(16))
        if self.settings.codes and code not in self.settings.codes:
            raise InputError("this invitation code is not known: please check the link you were given")
        return Arrival(_simple("code", code))


class MTurk(Recruiter):
    """Amazon Mechanical Turk: the worker brings the code back to the form of the task."""

    def arrival(self, parameters: Parameters) -> Arrival:
        if parameters.get("assignmentId") == "ASSIGNMENT_ID_NOT_AVAILABLE":
            raise InputError("please accept the task first, then open it again")
        return Arrival(_needed(parameters, "workerId"), _needed(parameters, "assignmentId"))


class Sona(Recruiter):
    """SONA: credit is granted at `return_url`, with `{submission}` for its survey code."""

    def arrival(self, parameters: Parameters) -> Arrival:
        code = _needed(parameters, "survey_code")
        return Arrival(code, code)


class Prolific(Recruiter):
    """Prolific: ids of 24 hex digits, and back to its own page with the code."""

    def arrival(self, parameters: Parameters) -> Arrival:
        ids = {name: _needed(parameters, name) for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")}
        for name, id in ids.items():
            if not re.fullmatch(r"[0-9a-f]{24}", id):
                raise InputError(f"{name} is not one of Prolific's: please open the link from their page")
        if self.settings.prolific_study not in ("", ids["STUDY_ID"]):
            raise InputError("this link belongs to another study: please open the one from Prolific's page")
        return Arrival(ids["PROLIFIC_PID"], ids["SESSION_ID"])

    def redirect(self, code: str, submission: str) -> str:
        own = super().redirect(code, submission)
        return own or (f"https://app.prolific.com/submissions/complete?cc={quote(code)}" if code else "")


def recruiter(settings: Recruitment) -> Recruiter:
    """The recruiter of a study file."""
    kinds = {"plain": Plain, "mturk": MTurk, "sona": Sona, "prolific": Prolific}
    return kinds[settings.kind](settings)


def _needed(parameters: Parameters, name: str) -> str:
    value = parameters.get(name, "")
    if not value or "{{" in value:
        raise InputError(f"the link has no {name}: please open the study from the page that invited you")
    return _simple(name, value)


def _simple(name: str, value: str) -> str:
    if not _SIMPLE.fullmatch(value):
        raise InputError(f"{name} in the link is not readable: please open the study from its invitation")
    return value
