"""Ratings from Label Studio: its JSON export (not JSON-MIN, which drops who answered).

A list of tasks, each with `annotations` by one person (`completed_by`), each with `result`s; the kind of
answer stands in `type`: https://labelstud.io/guide/task_format. Cancelled annotations are no answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from annotations.imports.batch import Found, Rules
from annotations.imports.files import Record, records
from annotations.records import Choice, Span, Spans, Text, Value
from mascot.errors import InputError

_SIDES: Final = ("left", "right")


def read_label_studio(path: Path, rules: Rules) -> Iterator[Found]:
    """The answers of every task.

    The task's own `data.id` names the item where there is one, otherwise the task's number.

    Raises:
        InputError: names the file, the line of the task and the field.
    """
    for task in records(path):
        data = task.content.get("data")
        own = data if isinstance(data, dict) else {}
        item = str(own.get("id") or f"task-{task.get(int, 'id')}")
        dialogue = str(own.get("dialogue") or "")
        for i, _ in enumerate(task.get(list, "annotations")):
            annotation = task.get(dict, "annotations", i)
            if not annotation.get("was_cancelled"):
                rater = _rater(task, i)
                for where, question, value in _answers(task, i, rules):
                    yield Found(where, item, rater, question, value, dialogue, annotation.get("lead_time"))


def _rater(task: Record, i: int) -> str:
    """A number as pseudonym; an exported account may be a whole object, of which only the number is taken."""
    found = task.content["annotations"][i].get("completed_by")
    number = found.get("id") if isinstance(found, dict) else found
    if not isinstance(number, int):
        raise InputError(
            f"{task.where('annotations', i, 'completed_by')}: missing: nobody knows who answered"
        )
    return f"label-studio-{number}"


def _answers(task: Record, i: int, rules: Rules) -> Iterator[tuple[str, str, Value]]:
    spans: dict[str, list[Span]] = defaultdict(list)
    marked: dict[str, str] = {}
    for n, _ in enumerate(task.get(list, "annotations", i, "result")):
        at = ("annotations", i, "result", n)
        where = task.where(*at, "value")
        question = task.get(str, *at, "from_name")
        value = task.get(dict, *at, "value")
        try:
            if task.get(str, *at, "type") == "labels":
                label = ", ".join(value.get("labels") or ())
                spans[question].append(Span(start=value["start"], end=value["end"], label=label))
                marked[question] = where
            else:
                yield where, question, _value(task.get(str, *at, "type"), value, question, rules)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{where}: {' '.join(str(error).split())}") from None
    for question, found in spans.items():
        yield marked[question], question, Spans(spans=tuple(found))


def _value(type: str, value: dict[str, Any], question: str, rules: Rules) -> Value:
    match type:
        case "rating" | "number":
            return rules.value(value[type], question)
        case "choices":
            chosen = value["choices"]
            return rules.value(chosen[0], question) if len(chosen) == 1 else Choice(options=tuple(chosen))
        case "textarea":
            return Text(text="\n".join(value["text"]) if isinstance(value["text"], list) else value["text"])
        case "pairwise":
            if len(rules.arms) != 2:
                raise ValueError("a vote for left or right needs the two systems' names: --arms LEFT RIGHT")
            return rules.value(rules.arms[_SIDES.index(value["selected"])], question)
        case "ranker":
            return rules.value(value["ranker"]["rank"], question)
    raise ValueError(f"answers of type {type!r} cannot be taken over")
