"""Finished dialogues on disk: each is there as soon as it is finished, and a kill takes at most its own.

    NAME.jsonl            what it was made with, then one dialogue a line
    NAME.seconds.jsonl    how long each took

Seconds are apart because the clock never says the same twice: with one seed and one engine `NAME.jsonl` is
the same to the byte, whether the run was killed or not. Lines are put into the order asked for once all are
there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Start

Header = Mapping[str, Any]
"""What a run is made with; dialogues made otherwise are not mixed with it."""
Answer = Callable[[Start], Dialogue]
"""What a system makes of a first message."""


def finish_all(
    answer: Answer,
    starts: Sequence[Start],
    path: Path,
    header: Header,
    at_once: int = 1,
    tick: Callable[[], object] = lambda: None,
) -> dict[str, Dialogue]:
    """Every start's dialogue by id: those of the file, and the missing ones, appended one by one.

    Args:
        at_once: dialogues held at the same time.
        tick: called after each new one.

    Raises:
        InputError: as `kept`.
        EngineError: the engine cannot answer; what was finished is kept.
    """
    found = kept(path, header)
    left = [start for start in starts if start.id not in found]
    lock = threading.Lock()

    def finish(start: Start) -> None:
        dialogue = answer(start)
        with lock:
            _append(path, dialogue)
            found[dialogue.id] = dialogue
            tick()

    with ThreadPoolExecutor(at_once) as pool:
        try:
            for finishing in [pool.submit(finish, start) for start in left]:
                finishing.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    _put_in_order(path, [start.id for start in starts])
    return {start.id: found[start.id] for start in starts}


def kept(path: Path, header: Header) -> dict[str, Dialogue]:
    """The finished dialogues of a file by id; a new file is begun with the header.

    A last line that a kill has torn is taken off the file.

    Raises:
        InputError: the file was begun with other settings, or is not one of ours.
    """
    new = begin(path, header)
    mend(_clock(path))
    return {} if new else read(path)


def begin(path: Path, header: Header) -> bool:
    """Begin a file with its header, unless that was done before; whether it is a new one.

    A last line that a kill has torn is taken off a file of ours; one of something else stays as it is.

    Raises:
        InputError: the file was begun with another header, or is not one of ours.
    """
    first = (json.dumps({"run": header}) + "\n").encode()
    if not path.exists() or first[:-1].startswith(path.read_bytes()):  # a kill may have torn the header, too
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(first)
        return True
    must_match(path, read_header(path), json.loads(json.dumps(header)))
    mend(path)
    return False


def whole_lines(path: Path) -> list[str]:
    """The lines of a file; one that a kill has torn, or that is being written, is left out.

    Not `splitlines`, which also ends a line at marks that JSON leaves inside of a text (U+2028, U+0085).
    """
    return path.read_text("utf-8").split("\n")[:-1]


def mend(path: Path) -> None:
    """Take off a last line that a kill has torn."""
    whole, end, torn = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
    if torn:
        path.write_bytes(whole + end)


def must_match(path: Path, begun: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse to go on with other settings.

    Raises:
        InputError: naming the first that differs.
    """
    differing = sorted(key for key in begun.keys() | wanted.keys() if begun.get(key) != wanted.get(key))
    if differing:
        key = differing[0]
        raise InputError(
            f"{path} was begun with {key} {begun.get(key)!r}, now it is {wanted.get(key)!r}: "
            "move the file away or choose another place"
        )


def read_header(path: Path) -> dict[str, Any]:
    """What the dialogues of a file were made with.

    Raises:
        InputError: there is no such file, or it is not one of ours.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return dict(json.loads(file.readline())["run"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no file of held rounds: choose another place") from None


def read(path: Path) -> dict[str, Dialogue]:
    """The dialogues of a file by id, whatever they were made with.

    Raises:
        InputError: there is no such file, or it is not one of ours.
    """
    try:
        found = [Dialogue.model_validate_json(line) for line in whole_lines(path)[1:]]
    except OSError:
        raise InputError(f"there are no held rounds in {path}: hold them first") from None
    except ValueError as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InputError(f"{path} has a line that is no dialogue: {what}") from None
    return _with_seconds(found, _clock(path))


def _with_seconds(found: Sequence[Dialogue], clock: Path) -> dict[str, Dialogue]:
    """By id, with how long each took, as far as that is known."""
    try:
        lines = map(json.loads, whole_lines(clock) if clock.exists() else [])
        took = {line["id"]: line for line in lines}
        return {d.id: _timed(d, took[d.id]) if d.id in took else d for d in found}
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{clock} is not of the dialogues beside it: take it away, and they have no seconds"
        ) from None


def _append(path: Path, dialogue: Dialogue) -> None:
    """The dialogue's line last: once it is there, everything is."""
    timeless = dialogue.model_copy(
        update={
            "seconds": 0.0,
            "said": tuple(said.model_copy(update={"seconds": 0.0}) for said in dialogue.said),
            "answers": tuple(answer.model_copy(update={"seconds": 0.0}) for answer in dialogue.answers),
        }
    )
    seconds = {
        "id": dialogue.id,
        "seconds": round(dialogue.seconds, 3),
        "said": [round(said.seconds, 3) for said in dialogue.said],
        "answers": [round(answer.seconds, 3) for answer in dialogue.answers],
    }
    for file, line in ((_clock(path), json.dumps(seconds)), (path, timeless.model_dump_json())):
        with file.open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")


def _timed(dialogue: Dialogue, clock: Mapping[str, Any]) -> Dialogue:
    said = zip(dialogue.said, clock["said"], strict=True)
    answers = zip(dialogue.answers, clock["answers"], strict=True)
    return dialogue.model_copy(
        update={
            "seconds": clock["seconds"],
            "said": tuple(one.model_copy(update={"seconds": seconds}) for one, seconds in said),
            "answers": tuple(one.model_copy(update={"seconds": seconds}) for one, seconds in answers),
        }
    )


def _put_in_order(path: Path, ids: Sequence[str]) -> None:
    """The lines in this order, others after them; the file changes all at once or not at all."""
    head, *lines = whole_lines(path)
    place = {id: at for at, id in enumerate(ids)}
    ordered = sorted(lines, key=lambda line: place.get(json.loads(line)["id"], len(place)))
    if ordered != lines:
        write_lines(path, [head, *ordered])


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Put these lines into the file, all at once or not at all."""
    new = path.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    new.replace(path)


def _clock(path: Path) -> Path:
    return path.with_suffix(".seconds.jsonl")
