"""Ratings from Potato: a `user_state.json`, or the folder `annotation_output` with one for each rater.

Answers stand in `instance_id_to_label_to_value`: for each item a list of `[{"schema", "name"}, value]`, or
`{schema: {name: value}}` in other versions. A value that only says "yes" (true, or the name again) stands
for its name, as with radio buttons; any other value is the answer itself, as with sliders and texts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from annotations.imports.batch import Found, Rules
from annotations.imports.files import Record, read_text, records
from annotations.records import Value
from mascot.errors import InputError

_LABELS: Final = "instance_id_to_label_to_value"
_YES: Final = {"true", "on", "checked"}


def read_potato(path: Path, rules: Rules) -> Iterator[Found]:
    """The answers of one rater, or of every rater of a folder.

    Raises:
        InputError: names the file, the line of the item and the field.
    """
    files = sorted(path.glob("*/user_state.json")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: there is no */user_state.json in this folder")
    for file in files:
        for state in records(file):
            yield from _answers(state, rules)


def _answers(state: Record, rules: Rules) -> Iterator[Found]:
    rater = state.get(str, "user_id")
    items = state.get(dict, _LABELS)
    text = read_text(state.file)
    start = text.index(f'"{_LABELS}"')
    for item, labels in items.items():
        place = text.find(json.dumps(item) + ":", start)
        record = Record(state.file, 1 + text.count("\n", 0, max(place, start)), state.content)
        for question, given in _by_question(record, item, labels).items():
            where = record.where(_LABELS, item, question)
            yield Found(where, item, rater, question, _value(given, question, rules, where))


def _by_question(record: Record, item: str, labels: Any) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    if isinstance(labels, dict):
        for question, given in labels.items():
            for name in record.get(dict, _LABELS, item, question):
                found[question].append((name, given[name]))
        return found
    for i, _ in enumerate(record.get(list, _LABELS, item)):
        question = record.get(str, _LABELS, item, i, 0, "schema")
        found[question].append((record.get(str, _LABELS, item, i, 0, "name"), _second(record, item, i)))
    return found


def _second(record: Record, item: str, i: int) -> Any:
    pair = record.content[_LABELS][item][i]
    if len(pair) != 2:
        raise InputError(f"{record.where(_LABELS, item, i)}: a label and its value were expected")
    return pair[1]


def _value(given: list[tuple[str, Any]], question: str, rules: Rules, where: str) -> Value:
    answers = [name if _only_yes(name, value) else value for name, value in given]
    try:
        return rules.value(answers[0] if len(answers) == 1 else [str(each) for each in answers], question)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None


def _only_yes(name: str, value: Any) -> bool:
    return value is True or (isinstance(value, str) and (value == name or value.casefold() in _YES))
