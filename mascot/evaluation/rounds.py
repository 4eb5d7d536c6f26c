"""Rounds of a group, held without a page, each on disk as soon as it is finished."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

from pydantic import ValidationError

from mascot.conversation.events import Directive, Muted, Opened, UserSaid, WentOn, Yielded
from mascot.conversation.transcript import Transcript, fold
from mascot.director.rules import legal
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Said, Start
from mascot.evaluation.systems import System
from mascot.live.speaker import Report

Header = Mapping[str, Any]
"""What a run is made with; dialogues made otherwise are not mixed with it."""


def hold(system: System, start: Start, turns: int) -> Dialogue:
    """What the group says after one first message, in `turns` turns of its own.

    Seats are shuffled by the message's id, the same for every system, so that no persona always comes first.
    Where the director yields before, the person lets the group go on. A persona of which the guards let
    nothing through has lost its turn and is not asked again.
    """
    seats = Random(f"seats:{start.id}").sample(system.cast.ids, len(system.cast))
    opened = Opened(
        cast=tuple(seats), policy=system.policy.name, seed=crc32(start.id.encode()), max_turns=turns
    )
    transcript = fold([opened, UserSaid(text=start.text)])
    said: list[Said] = []
    empty = 0
    while len(said) + empty < turns:
        directive = _next(system, transcript, start.id)
        if directive is None:
            if not legal(transcript, system.cast).agents:
                break
            transcript = transcript.after(Yielded(reason="director")).after(WentOn())
            continue
        report = Report()
        text = "".join(system.speaker.speak(transcript, directive, report, start.id))
        if text:
            transcript = transcript.after(directive).after(report.utterance(directive.agent, text))
            said.append(_said(directive, text, report))
        else:
            transcript = transcript.after(Muted(agent=directive.agent, muted=True))
            empty += 1
    return Dialogue(id=start.id, source=start.source, said=tuple(said), empty=empty)


def _next(system: System, transcript: Transcript, session: str) -> Directive | None:
    moves = legal(transcript, system.cast)
    if not moves.agents:
        return None
    decision = system.policy.decide(transcript, system.cast, moves, session)
    if decision.agent is None:
        return None
    return Directive(
        agent=decision.agent, action=decision.action, tone=decision.tone, score=min(decision.score, 1.0)
    )


def _said(directive: Directive, text: str, report: Report) -> Said:
    return Said(
        agent=directive.agent,
        text=text,
        action=directive.action,
        tone=directive.tone,
        tokens=report.tokens,
        seconds=round(report.seconds, 3),
        guards=dict(sorted(report.caught.items())),
    )


def kept(path: Path, header: Header) -> dict[str, Dialogue]:
    """The finished dialogues of a file by id; a new file is begun with the header.

    A last line that a kill has torn is taken off the file.

    Raises:
        InputError: the file was begun with other settings, or is not one of ours.
    """
    if not path.exists() or not path.read_bytes():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"run": header}) + "\n", encoding="utf-8")
        return {}
    whole, _, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        path.write_bytes(whole + b"\n" if whole else b"")
    if not whole:
        return kept(path, header)
    _must_match(path, whole.split(b"\n", 1)[0].decode("utf-8"), header)
    return read(path)


def read(path: Path) -> dict[str, Dialogue]:
    """The dialogues of a file by id, whatever they were made with.

    Raises:
        InputError: there is no such file, or it is not one of ours.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        found = [Dialogue.model_validate_json(line) for line in lines[1:]]
    except OSError:
        raise InputError(f"there are no held rounds in {path}: hold them with `voices run` first") from None
    except (ValidationError, UnicodeDecodeError) as error:
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InputError(f"{path} has a line that is no dialogue: {what}") from None
    return {dialogue.id: dialogue for dialogue in found}


def _must_match(path: Path, first: str, header: Header) -> None:
    try:
        begun = json.loads(first)["run"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no file of held rounds: choose another place") from None
    wanted = json.loads(json.dumps(header))
    differing = sorted(key for key in begun.keys() | wanted.keys() if begun.get(key) != wanted.get(key))
    if differing:
        key = differing[0]
        raise InputError(
            f"{path} was begun with {key} {begun.get(key)!r}, now it is {wanted.get(key)!r}: "
            "move the file away or choose another place"
        )


def hold_all(
    system: System,
    starts: Sequence[Start],
    turns: int,
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
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(at_once) as pool:

        def finish(start: Start) -> None:
            dialogue = hold(system, start, turns)
            with lock:
                file.write(dialogue.model_dump_json() + "\n")
                file.flush()
                found[dialogue.id] = dialogue
                tick()

        try:
            for holding in [pool.submit(finish, start) for start in left]:
                holding.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {start.id: found[start.id] for start in starts}
