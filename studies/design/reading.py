"""Reading a study file, with everything that can be known to be wrong before anybody takes part."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pydantic import ValidationError

from annotations.records import ItemKind
from mascot.errors import InputError
from studies.design.instruments import Instrument, instruments
from studies.design.study import StudyFile
from studies.design.tasks import AttributionTask, GuessTask, ScalesTask, Task
from studies.design.yaml_file import Lines, Loc, Mistake, MistakesError, compose, mistakes_of, parse


@dataclass(frozen=True)
class Design:
    """A study file that can be used, with the instruments it names."""

    study: StudyFile
    instruments: dict[str, Instrument]
    """By the name in the file."""
    path: Path

    @property
    def criteria(self) -> tuple[str, ...]:
        """Of all tasks, in the order of the file."""
        return tuple(name for task in self.study.tasks for name in criteria_of(task, self.instruments))

    @property
    def kinds(self) -> tuple[ItemKind, ...]:
        """Kinds of items that something is asked with and somebody shall rate."""
        asked = {task.on for task in self.study.tasks}
        wanted: tuple[ItemKind, ...] = ("dialogue", "pair", "triple")
        live = self.study.dialogues.live is not None
        return tuple(kind for kind in wanted if kind in asked and (live or self.study.overlap.of(kind)))  # pyright: ignore[reportArgumentType]

    @property
    def digest(self) -> str:
        """SHA-256 of what cannot change once items are made: arms, dialogues, overlap, tasks, own scales."""
        fixed = self.study.model_dump_json(include={"arms", "dialogues", "tasks", "overlap", "attention"})
        own = sorted(name for name in self.instruments if name.endswith(".yaml"))
        fixed += "".join(self.instruments[name].model_dump_json() for name in own)
        return hashlib.sha256(fixed.encode()).hexdigest()

    def groups(self, kind: ItemKind) -> list[tuple[str, ...]]:
        """Arms that stand together in items of a kind."""
        return list(combinations(self.study.arms, {"dialogue": 1, "pair": 2, "triple": 3}[kind]))


def read_design(path: Path) -> Design:
    """The design of a study file.

    Raises:
        MistakesError: with every mistake, each with its line and field.
        InputError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    fields, lines = compose(text, str(path))
    try:
        study = StudyFile.model_validate({"id": path.stem, **fields})
    except ValidationError as error:
        raise MistakesError(str(path), mistakes_of(error, lines)) from None
    found, mistakes = _instruments(study, path, lines)
    design = Design(study, found, path)
    if not mistakes:
        mistakes = [Mistake(lines.of(loc), lines.field(loc), said) for loc, said in _contradictions(design)]
    if mistakes:
        raise MistakesError(str(path), mistakes)
    return design


def criteria_of(task: Task, known: dict[str, Instrument]) -> Iterator[str]:
    """The criteria that a task's answers go under."""
    if isinstance(task, ScalesTask):
        yield from (
            item.id for item in known[task.instrument].items if not task.items or item.id in task.items
        )
        return
    yield task.id
    if getattr(task, "reason", ""):
        yield f"{task.id}.reason"


def _instruments(study: StudyFile, path: Path, lines: Lines) -> tuple[dict[str, Instrument], list[Mistake]]:
    ready = instruments()
    found: dict[str, Instrument] = {}
    mistakes: list[Mistake] = []
    for place, task in enumerate(study.tasks):
        if not isinstance(task, ScalesTask):
            continue
        loc = ("tasks", place, "instrument")
        try:
            found[task.instrument] = _instrument(task.instrument, ready, path)
        except InputError as error:
            mistakes.append(Mistake(lines.of(loc), lines.field(loc), str(error)))
            continue
        known = [item.id for item in found[task.instrument].items]
        for item in set(task.items) - set(known):
            loc = ("tasks", place, "items")
            said = f"{task.instrument} has no item {item!r}: it has {', '.join(known)}"
            mistakes.append(Mistake(lines.of(loc), lines.field(loc), said))
    return found, mistakes


def _instrument(name: str, ready: dict[str, Instrument], path: Path) -> Instrument:
    if not name.endswith(".yaml"):
        if name not in ready:
            raise InputError(f"there is no instrument {name!r}: choose one of {', '.join(ready)}")
        return ready[name]
    own = path.parent / name
    try:
        text = own.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{own} cannot be read ({error})") from None
    return parse(text, name, Instrument, {"id": Path(name).stem})


def _contradictions(design: Design) -> Iterator[tuple[Loc, str]]:
    """Where two fields do not go together."""
    for place, task in enumerate(design.study.tasks):
        yield from ((("tasks", place, *loc), said) for loc, said in _task_contradictions(design, task))
    yield from _names_twice(design.study)
    study = design.study
    if len({arm.personas for arm in study.arms.values()}) > 1 and study.names == "shown":
        yield ("names",), "the arms have different personas, so names would tell them apart: use numbered"
    if study.dialogues.folder:
        folder = design.path.parent / study.dialogues.folder
        for arm in study.arms:
            if not (folder / f"{arm}.jsonl").is_file():
                yield ("dialogues", "folder"), f"{folder} has no file {arm}.jsonl"
    most = study.items_per_person if study.dialogues.live is None else study.dialogues.live.conversations
    for place, check in enumerate(study.attention):
        for number in check.at:
            if not 1 <= number <= most:
                yield ("attention", place, "at"), f"nobody gets item number {number}: a person gets {most}"
    if study.recruitment.kind == "prolific" and not study.recruitment.completion_code:
        yield ("recruitment", "completion_code"), "Prolific's completion code is needed"


def _task_contradictions(design: Design, task: Task) -> Iterator[tuple[Loc, str]]:
    study = design.study
    counts = Counter(design.criteria)
    twice = sorted(name for name in criteria_of(task, design.instruments) if counts[name] > 1)
    if twice:
        yield (), f"the criterion {twice[0]!r} stands here and in another task: choose `items`, or an id"
    needed = {"dialogue": 1, "pair": 2, "triple": 3}[task.on]
    if len(study.arms) < needed:
        yield (), f"a {task.on} needs {needed} arms, there are {len(study.arms)}"
    if study.dialogues.live and task.on != "dialogue":
        yield (), "who talks live rates one dialogue at a time: only tasks on dialogues can be asked"
    if not study.dialogues.live and not study.overlap.of(task.on):
        yield (), f"overlap.{task.on} is 0: nobody would be asked this"
    if isinstance(task, AttributionTask) and study.names == "numbered":
        yield (), "with names: numbered there are no names to attribute to"
    if isinstance(task, GuessTask) and set(task.systems) != set(study.arms):
        yield ("systems",), f"must describe exactly the arms {', '.join(study.arms)}"


def _names_twice(study: StudyFile) -> Iterator[tuple[Loc, str]]:
    for field in ("attention", "comprehension", "questionnaire"):
        counts = Counter(each.id for each in getattr(study, field))
        for name in (name for name, count in counts.items() if count > 1):
            yield (field,), f"{name!r} stands here twice"
