"""Whether anybody more can take part."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from annotations.store import Store
from studies.design.reading import Design
from studies.flow.journal import FlowJournal
from studies.flow.moves import Consented, Dated, takes_part

FRESH = 2.0
"""Seconds for which a count is good: it only spares those who would come too late."""


class Places:
    """Counts what is left of a study; cheap to ask often."""

    def __init__(self, design: Design, store: Store, journal: FlowJournal) -> None:
        self._design = design
        self._store = store
        self._journal = journal
        self._lock = threading.Lock()
        self._asked = -FRESH
        self._full = False

    def full(self) -> bool:
        """Whether every rating is there, or as many people as may take part are at it."""
        with self._lock:
            if time.monotonic() - self._asked > FRESH:
                self._full = self._everything_rated() or self._everyone_here()
                self._asked = time.monotonic()
            return self._full

    def _everything_rated(self) -> bool:
        study = self._design.study
        if study.dialogues.live is not None:
            wanted = len(study.arms) * study.dialogues.live.participants_per_arm
            wanted *= study.dialogues.live.conversations
        else:
            wanted = sum(item.wanted for item in self._store.items(study.id))
        done = sum(each.outcome == "completed" for each in self._store.assignments(study.id))
        return done >= wanted

    def _everyone_here(self) -> bool:
        most = self._design.study.recruitment.participants
        if most is None:
            return False
        here = taking_part(self._design, self._journal)
        return sum(any(isinstance(each.move, Consented) for each in moves) for moves in here) >= most


def taking_part(design: Design, journal: FlowJournal) -> list[list[Dated]]:
    """The moves of everyone who has come to the end of a study, or may still."""
    since = datetime.fromtimestamp(journal.clock(), UTC) - timedelta(hours=design.study.session.resume_hours)
    return [moves for _, moves in journal.everyone(design.study.id) if takes_part(moves, since)]
