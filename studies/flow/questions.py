"""Tasks of the study file as the questions of one item, and what each answer is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from annotations.records import Assignment, Item, Target
from studies.design.instruments import Instrument, ScaleItem, Words, words
from studies.design.reading import Design
from studies.design.tasks import (
    Attention,
    AttributionTask,
    ContributionTask,
    GuessTask,
    NextSpeakerTask,
    PairwiseTask,
    RankingTask,
    ScalesTask,
    SpansTask,
    Task,
    TextTask,
)
from studies.flow.steps import Option, Question, Where
from studies.flow.texts import said
from studies.flow.view import Naming, Shown

WHOLE = Target()
"""The item as a whole."""


@dataclass(frozen=True)
class Asked:
    """A question, and where its answer goes."""

    question: Question
    criterion: str
    target: Target = WHOLE
    options: dict[str, str] = field(default_factory=dict)
    """What the store calls the options, by what the page calls them; empty: the same."""


@dataclass(frozen=True)
class Sheet:
    """Everything that the questions of one item depend on."""

    design: Design
    item: Item
    shown: tuple[Shown, ...]
    assignment: Assignment
    naming: Naming
    number: int
    """Which of the person's items this is, from 1."""

    @property
    def last(self) -> bool:
        """Whether it is the person's last."""
        live = self.design.study.dialogues.live
        most = self.design.study.items_per_person if live is None else live.conversations
        return self.number >= most

    @property
    def language(self) -> str:
        return self.naming.language

    def text(self, text: Words, otherwise: str = "") -> str:
        """A text of the study file; where it has none, one of the server's own."""
        return words(text, self.language) or (said(otherwise, self.language) if otherwise else "")


def asked(sheet: Sheet) -> list[Asked]:
    """All questions of an item, in the order in which they are shown."""
    found = [
        each
        for task in sheet.design.study.tasks
        if task.on == sheet.item.kind and (sheet.last or not isinstance(task, GuessTask))
        for each in _asked(task, sheet)
    ]
    checks = [_attention(check, sheet) for check in sheet.design.study.attention if sheet.number in check.at]
    middle = len(found) // 2
    return [*found[:middle], *checks, *found[middle:]]


def hides_names(design: Design, kind: str) -> bool:
    """Whether items of a kind are shown without the names of who spoke."""
    return any(isinstance(task, AttributionTask) and task.on == kind for task in design.study.tasks)


def _asked(task: Task, sheet: Sheet) -> Iterator[Asked]:
    match task:
        case PairwiseTask() | RankingTask():
            yield from _comparison(task, sheet)
        case ScalesTask():
            yield from _scales(task, sheet)
        case SpansTask() | TextTask():
            yield from (_words(task, sheet, place, shown) for place, shown in enumerate(sheet.shown))
        case _:
            for place, shown in enumerate(sheet.shown):
                yield from _choices(task, sheet, place, shown)


def _comparison(task: PairwiseTask | RankingTask, sheet: Sheet) -> Iterator[Asked]:
    question = Question(id=task.id, kind="ranking", text=sheet.text(task.text), help=sheet.text(task.help))
    if isinstance(task, PairwiseTask):
        vote = {"kind": "pairwise", "strength": task.strength, "both_bad": task.both_bad}
        question = question.model_copy(update=vote)
    yield Asked(question, task.id)
    if reason := sheet.text(task.reason):
        name = f"{task.id}.reason"
        yield Asked(Question(id=name, kind="text", text=reason, required=False), name)


def _scales(task: ScalesTask, sheet: Sheet) -> Iterator[Asked]:
    instrument = sheet.design.instruments[task.instrument]
    chosen = {item.id: item for item in instrument.items if not task.items or item.id in task.items}
    ordered = [chosen[name] for name in sheet.assignment.criteria if name in chosen]
    about = task.about or instrument.about
    for place, shown in enumerate(sheet.shown):
        parts: Sequence[tuple[str, Where, Target]] = _parts(about, place, shown, sheet.naming)
        for suffix, where, target in parts:
            for item in ordered:
                question = _scale(item, instrument, task.required, sheet).model_copy(
                    update={
                        "id": item.id + suffix,
                        "where": where,
                        "group": _heading(instrument, where, sheet),
                    }
                )
                yield Asked(question, item.id, target)


def _parts(about: str, place: int, shown: Shown, naming: Naming) -> list[tuple[str, Where, Target]]:
    if about == "turn":
        return [
            (
                f"@{place}.{turn}",
                Where(dialogue=place, line=turn),
                Target(candidate=shown.candidate, turn=turn),
            )
            for turn in shown.group
        ]
    if about == "agent":
        return [
            (
                f"@{place}.v{number}",
                Where(dialogue=place, voice=shown.name(speaker, naming)),
                Target(candidate=shown.candidate, agent=speaker),
            )
            for number, speaker in enumerate(shown.voices)
            if number
        ]
    return [(f"@{place}", Where(dialogue=place), Target(candidate=shown.candidate))]


def _scale(item: ScaleItem, instrument: Instrument, required: bool, sheet: Sheet) -> Question:
    anchors = item.anchors or instrument.anchors
    return Question(
        id=item.id,
        kind="scale" if instrument.look == "buttons" else "slider",
        text=sheet.text(item.text),
        help=sheet.text(item.help),
        required=required,
        low=instrument.low,
        high=instrument.high,
        step=instrument.step,
        low_label=sheet.text(anchors.low),
        high_label=sheet.text(anchors.high),
        labels=tuple(sheet.text(label) for label in item.labels or instrument.labels),
    )


def _heading(instrument: Instrument, where: Where, sheet: Sheet) -> str:
    """Which dialogue or voice; never the instrument's title, which would tell what it measures."""
    del instrument
    if where.voice:
        return where.voice
    label = sheet.shown[where.dialogue or 0].label
    return said("dialogue", sheet.language, label=label) if label else ""


def _choices(task: Task, sheet: Sheet, place: int, shown: Shown) -> Iterator[Asked]:
    language = sheet.language
    match task:
        case ContributionTask():
            options = {name: (name, said(name, language)) for name in ("helped", "neutral", "hurt")}
            turns = shown.group
        case NextSpeakerTask():
            options = _people(shown, sheet) | {"nobody": ("yield", said("nobody", language))}
            turns = shown.group[-task.turns :]
        case AttributionTask():
            options, turns = _people(shown, sheet), shown.group[: task.turns]
        case GuessTask():
            named = sorted(task.systems.items(), key=lambda pair: sheet.text(pair[1]))
            options = {f"o{i}": (arm, sheet.text(text)) for i, (arm, text) in enumerate(named)}
            turns = [None]
        case _:
            return
    offered = tuple(Option(value=value, label=label) for value, (_, label) in options.items())
    stored = {value: name for value, (name, _) in options.items()}
    for turn in turns:
        question = Question(
            id=f"{task.id}@{place}" + ("" if turn is None else f".{turn}"),
            kind="choice",
            text=sheet.text(task.text, task.kind),
            where=Where(dialogue=place, line=turn),
            required=task.required,
            options=offered,
        )
        yield Asked(question, task.id, Target(candidate=shown.candidate, turn=turn), stored)


def _people(shown: Shown, sheet: Sheet) -> dict[str, tuple[str, str]]:
    """Persona id and name by what the page calls them."""
    everyone = dict.fromkeys((*shown.voices[1:], *shown.seats))
    named = sorted((shown.name(speaker, sheet.naming), speaker) for speaker in everyone)
    return {f"v{i}": (speaker, name) for i, (name, speaker) in enumerate(named)}


def _words(task: SpansTask | TextTask, sheet: Sheet, place: int, shown: Shown) -> Asked:
    question = Question(
        id=f"{task.id}@{place}",
        kind=task.kind,
        text=sheet.text(task.text),
        help=sheet.text(task.help),
        where=Where(dialogue=place),
        required=task.required,
    )
    if isinstance(task, SpansTask):
        labels = tuple(Option(value=name, label=sheet.text(text)) for name, text in task.labels.items())
        question = question.model_copy(update={"options": labels})
    else:
        question = question.model_copy(update={"max_characters": task.max_characters})
    return Asked(question, task.id, Target(candidate=shown.candidate))


def _attention(check: Attention, sheet: Sheet) -> Asked:
    # On the page it is named like any other question: a name would give it away.
    options = tuple(Option(value=value, label=sheet.text(text)) for value, text in check.options.items())
    question = Question(id=f"q-{check.id}", kind="choice", text=sheet.text(check.text), options=options)
    return Asked(question, f"attention.{check.id}")
