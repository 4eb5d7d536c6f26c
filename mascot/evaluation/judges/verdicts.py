"""Verdicts on disk: each is there as soon as it is given, and a kill takes at most its own.

JUDGE.jsonl holds what it was judged by, then one verdict a line. Lines are put into the order asked for once
all are there, so that with one engine the file is the same to the byte, killed in between or not.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mascot.errors import InputError
from mascot.evaluation.judges.base import Case, Criterion, Judge, Verdict
from mascot.evaluation.kept import begin, whole_lines, write_lines

Question = tuple[Case, Criterion]
Key = tuple[str, str]
"""A case's id and a criterion's."""
Verdicts = dict[Key, Verdict]


def judge_all(
    judge: Judge,
    questions: Sequence[Question],
    path: Path,
    header: Mapping[str, Any],
    at_once: int = 1,
    tick: Callable[[], object] = lambda: None,
) -> Verdicts:
    """The verdict on every question: those of the file, and the missing ones, appended one by one.

    Questions about one case are asked one after another, so that an engine reads the case once. A verdict
    without a score is one like any other, but for one that timed out: that is asked again in the next run.

    Args:
        header: what the judge is; a file begun by another is refused.
        tick: called after each new verdict.

    Raises:
        InputError: the file was begun by another judge, or is not one of ours.
    """
    found = kept_verdicts(path, header)
    left = [(case, criterion) for case, criterion in questions if (case.id, criterion.id) not in found]
    lock = threading.Lock()

    def about(asked: Sequence[Question]) -> None:
        for case, criterion in asked:
            verdict = judge.score(case, criterion)
            with lock, path.open("a", encoding="utf-8") as file:
                file.write(verdict.model_dump_json() + "\n")
                found[case.id, criterion.id] = verdict
                tick()

    with ThreadPoolExecutor(at_once) as pool:
        try:
            by_case = [list(group) for _, group in groupby(left, key=lambda question: question[0].id)]
            for asking in [pool.submit(about, asked) for asked in by_case]:
                asking.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    keys = [(case.id, criterion.id) for case, criterion in questions]
    _put_in_order(path, keys)
    return {key: found[key] for key in keys}


def kept_verdicts(path: Path, header: Mapping[str, Any]) -> Verdicts:
    """The verdicts of a file; a new file is begun with the header.

    Raises:
        InputError: as `judge_all`.
    """
    found = {} if begin(path, header) else read_verdicts(path)
    return {key: verdict for key, verdict in found.items() if verdict.failed != "timed out"}


def read_verdicts(path: Path) -> Verdicts:
    """All verdicts of a file, the last one where a question was asked again.

    Raises:
        InputError: it cannot be read, or a line is no verdict.
    """
    try:
        verdicts = [Verdict.model_validate_json(line) for line in whole_lines(path)[1:]]
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InputError(f"{path} cannot be read as verdicts: {what}") from None
    return {(verdict.case, verdict.criterion): verdict for verdict in verdicts}


def _put_in_order(path: Path, keys: Sequence[Key]) -> None:
    """The last line of each question, in this order; the file changes all at once or not at all."""
    head, *lines = whole_lines(path)
    place = {key: at for at, key in enumerate(keys)}
    last = {_key(line): line for line in lines}
    ordered = [last[key] for key in sorted(last, key=lambda key: place.get(key, len(place)))]
    if ordered != lines:
        write_lines(path, [head, *ordered])


def _key(line: str) -> Key:
    row = json.loads(line)
    return row["case"], row["criterion"]
