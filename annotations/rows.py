"""Records out of rows of the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from annotations.records import VALUE, Answer, Assignment, Candidate, Item, Rated, Rater, Study, Target, Text
from mascot.conversation.events import EVENT

Row = sa.Row[Any]


def assignment_of(row: Row) -> Assignment:
    """The record of a row of `assignment_rows`."""
    return Assignment(
        id=row.id,
        study=row.study_name,
        item=row.item_name,
        rater=row.rater_name,
        order=json.loads(row.shown),
        criteria=json.loads(row.criteria),
        ordinal=row.ordinal,
        at=moment(row.at),
        outcome=row.outcome,
        ended_at=None if row.ended_at is None else moment(row.ended_at),
    )


def study_of(row: Row) -> Study:
    """The record of a row of `studies`."""
    return Study(
        id=row.name,
        criteria=json.loads(row.criteria),
        lease_seconds=row.lease / 1000,
        meta=json.loads(row.meta),
    )


def item_of(row: Row) -> Item:
    """The record of an item with its study, condition and transcripts (`body`, None without)."""
    arms = json.loads(row.arms)
    bodies = json.loads(row.body) if row.body else [{"events": (), "meta": {}} for _ in arms]
    candidates = tuple(
        Candidate(arm=arm, events=tuple(map(EVENT.validate_python, body["events"])), meta=body["meta"])
        for arm, body in zip(arms, bodies, strict=True)
    )
    return Item.model_construct(
        id=row.name,
        study=row.study_name,
        kind=row.kind,
        dialogue=row.dialogue,
        candidates=candidates,
        wanted=row.wanted,
        owner=row.owner,
        turn=row.turn,
        condition=row.condition_name,
        domain=row.domain,
        expected=json.loads(row.expected),
        meta=json.loads(row.meta),
    )


def rated(row: Row, item: Item, rater: Rater) -> Rated:
    """The record of an answer beside what it is about and whose it is."""
    return Rated.model_construct(answer=answer_of(row, item, rater), item=item, rater=rater)


def answer_of(row: Row, item: Item, rater: Rater) -> Answer:
    """The record of an answer's row."""
    value = VALUE.validate_json(row.value)
    # The row was checked when it was written: a million of them are not checked again.
    return Answer.model_construct(
        id=row.id,
        study=item.study,
        item=item.id,
        rater=rater.id,
        assignment=row.assignment,
        criterion=row.criterion,
        value=Text(text=row.body or "") if isinstance(value, Text) else value,
        target=Target.model_validate_json(row.target),
        order=tuple(json.loads(row.shown)),
        position=row.position,
        ordinal=row.ordinal,
        seconds=None if row.milliseconds is None else row.milliseconds / 1000,
        client_at=None if row.client_at is None else moment(row.client_at),
        supersedes=row.supersedes,
        at=moment(row.at),
    )


def moment(milliseconds: int) -> datetime:
    """A stored time, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
