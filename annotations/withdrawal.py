"""A person takes back what they gave.

The rows stay, so that the chain does, and a withdrawal among them says that they no longer count: readers
leave them out from then on, and their places are handed out again. On request the words are deleted as
well: answers in free text, what the person told about themself, and conversations they took part in. What
remains of those is a salted digest whose salt is deleted with the words, and so says nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

from annotations import reading
from annotations.ledger import Ledger
from annotations.reading import number_of
from annotations.records import Withdrawal
from annotations.schema import ANSWERS, ASSIGNMENTS, ITEMS, RATERS, SLOTS, STUDIES, TEXTS, WITHDRAWALS
from annotations.writer import Saving
from mascot.errors import InputError


class Withdraw(Saving):
    """A withdrawal from one study, or from everything."""

    kind = "withdrawal"

    def __init__(self, withdrawal: Withdrawal, key: str) -> None:
        super().__init__(key)
        self._withdrawal = withdrawal

    def perform(self, ledger: Ledger) -> None:
        asked = self._withdrawal
        rater = number_of(ledger.connection, RATERS, asked.rater, "rater")
        study = None if asked.study is None else number_of(ledger.connection, STUDIES, asked.study, "study")
        ledger.add(WITHDRAWALS, rater=rater, study=study, erase=int(asked.erase), reason=asked.reason)
        theirs = sa.select(ASSIGNMENTS.c.id).where(ASSIGNMENTS.c.rater == rater)
        their_items = sa.select(ITEMS.c.id).where(ITEMS.c.owner == asked.rater)
        if study is not None:
            theirs = theirs.join(ITEMS, ITEMS.c.id == ASSIGNMENTS.c.item).where(ITEMS.c.study == study)
            their_items = their_items.where(ITEMS.c.study == study)
        ledger.read(SLOTS.update().where(SLOTS.c.assignment.in_(theirs)).values(assignment=None, free_at=0))
        if asked.erase:
            said = sa.select(ANSWERS.c.id).where(ANSWERS.c.assignment.in_(theirs))
            ledger.read(TEXTS.delete().where(TEXTS.c.id.in_(said) | TEXTS.c.id.in_(their_items)))
            if study is None:
                ledger.read(TEXTS.delete().where(TEXTS.c.id == rater))


def refuse_withdrawn(ledger: Ledger, rater: int, study: int) -> None:
    """Nothing more is taken from someone who has withdrawn.

    Raises:
        InputError: they have, from this study or from everything.
    """
    if ledger.read(sa.select(reading.withdrawn(rater, study))).scalar_one():
        raise InputError("this person has withdrawn: nothing more can be saved for them")
