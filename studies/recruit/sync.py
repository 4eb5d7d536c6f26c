"""Keeping up with the recruiter: whoever timed out or returned there gives back what they have here."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mascot.errors import MascotError
from studies.flow.flow import Flow
from studies.recruit.prolific import OVER, ProlificApi, Submission

EVERY = 60.0
"""Seconds between two looks at the recruiter."""
TOKEN = "PROLIFIC_TOKEN"
"""Environment variable with the researcher's secret at Prolific."""

_log = logging.getLogger(__name__)


def sync(flow: Flow, submissions: list[Submission]) -> int:
    """Let go of everyone whose submission is over at Prolific; returns how many that were.

    Somebody who came back with a new submission is judged by that one.
    """
    kind, study = flow.study.recruitment.kind, flow.study.id
    ended = 0
    for each in submissions:
        who = flow.served.journal.known(study, flow.served.journal.person(kind, each.participant))
        if who is None or each.status not in OVER:
            continue
        now = flow.standing(who)
        if not now.ended and now.submission in ("", each.id):
            flow.time_out(who)
            ended += 1
    return ended


@contextmanager
def sync_in_background(flow: Flow) -> Iterator[None]:
    """Look at the recruiter once a minute while a study of Prolific's is served, if there is a token."""
    settings = flow.study.recruitment
    token = os.environ.get(TOKEN, "")
    if settings.kind != "prolific" or not token or not settings.prolific_study:
        yield
        return
    api, over = ProlificApi(settings.api, token), threading.Event()

    def keep_up() -> None:
        while not over.is_set():
            try:
                sync(flow, api.submissions(settings.prolific_study))
            except MascotError as error:
                _log.warning("%s", error)
            over.wait(EVERY)

    thread = threading.Thread(target=keep_up, daemon=True, name="recruiter")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(30)
        api.close()
