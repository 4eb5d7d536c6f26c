"""Ratings from Argilla 2: the file that `dataset.records.to_json(path)` writes.

A list of records, each with `id`, `fields`, and `responses`: for each question a list of
`{"value", "user_id"}`. Rankings come as the options in order, labels and texts both as text (see
`Rules.texts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotations.imports.batch import Found, Rules
from annotations.imports.files import Record, records
from annotations.records import Span, Spans, Value
from mascot.errors import InputError


def read_argilla(path: Path, rules: Rules) -> Iterator[Found]:
    """The submitted responses of every record.

    Raises:
        InputError: names the file, the line of the record and the field.
    """
    for record in records(path):
        item = record.get(str, "id")
        responses = record.get(dict, "responses")
        for question in responses:
            for i, _ in enumerate(record.get(list, "responses", question)):
                rater = record.get(str, "responses", question, i, "user_id")
                where = record.where("responses", question, i, "value")
                value = _value(responses[question][i].get("value"), question, rules, where)
                yield Found(where, item, rater, question, value, _dialogue(record))


def _dialogue(record: Record) -> str:
    """The source dialogue, where the dataset carried it along as metadata `dialogue`."""
    found = (record.content.get("metadata") or {}).get("dialogue")
    return found if isinstance(found, str) else ""


def _value(raw: Any, question: str, rules: Rules, where: str) -> Value:
    try:
        if isinstance(raw, list) and raw and all(isinstance(each, dict) for each in raw):
            spans = (
                Span(start=each["start"], end=each["end"], label=each.get("label") or "") for each in raw
            )
            return Spans(spans=tuple(spans))
        return rules.value(raw, question)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{where}: {' '.join(str(error).split())}") from None
