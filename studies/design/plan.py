"""What a study will take and what it could show, before anybody takes part."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from annotations.balance import williams
from annotations.records import CANDIDATES, ItemKind
from annotations.statistics import planning
from studies.design.instruments import Instrument
from studies.design.reading import Design
from studies.design.tasks import ContributionTask, ScalesTask, Task

WORDS_PER_TURN = 25
"""A guess before there are dialogues."""
SECONDS_PER_WORD = 60 / 238
"""Silent reading of English prose, 238 words a minute (Brysbaert, J. Mem. Lang. 109, 2019)."""
SECONDS_PER_QUESTION = 7.0
"""A guess of ours; the researcher's page shows what people really take."""


@dataclass(frozen=True)
class Part:
    """Items of one kind.

    Attributes:
        items: How many.
        raters: Of each.
        orders: In which candidates can stand.
        seconds: That one takes, about.
    """

    kind: ItemKind
    conditions: int
    items: int
    raters: int
    orders: int
    seconds: float

    @property
    def ratings(self) -> int:
        return self.items * self.raters


@dataclass(frozen=True)
class StudyPlan:
    """The plan of a study.

    Attributes:
        parts: By kind of item.
        participants: Who complete, if each rates as many items as the file says.
        hours: Of all participants together, about.
        power: What a comparison of two arms on the pairs could show; None without pairs.
        remarks: What is allowed and may not be meant.
    """

    parts: tuple[Part, ...]
    participants: int
    hours: float
    power: planning.Power | None
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Nested dictionaries of plain values, ready for JSON."""
        return asdict(self)


def plan(design: Design, situations: int) -> StudyPlan:
    """The plan for so many situations (source dialogues)."""
    parts = tuple(_part(design, kind, situations) for kind in design.kinds)
    ratings = sum(part.ratings for part in parts)
    live = design.study.dialogues.live
    each = design.study.items_per_person if live is None else live.conversations
    participants = math.ceil(ratings / each)
    seconds = sum(part.ratings * part.seconds for part in parts)
    around = 180.0 * participants  # consent, instructions, checks, questionnaire and debrief
    remarks = tuple(_remarks(design, parts, participants))
    return StudyPlan(
        parts, participants, (seconds + around) / 3600, _power(design, parts, participants), remarks
    )


def lines(found: StudyPlan) -> Iterator[str]:
    """The plan for people."""
    yield f"{'kind':10}{'conditions':>11}{'items':>7}{'raters':>8}{'ratings':>9}{'orders':>8}{'seconds':>9}"
    for part in found.parts:
        yield (
            f"{part.kind:10}{part.conditions:>11}{part.items:>7}{part.raters:>8}{part.ratings:>9}"
            f"{part.orders:>8}{part.seconds:>9.0f}"
        )
    yield f"{found.participants} participants who complete, about {found.hours:.1f} hours of theirs in all"
    if found.power is not None:
        each = found.power
        yield (
            f"power {each.power:.2f} (±{1.96 * each.error:.2f}) to tell two arms apart on their pairs at a "
            f"true log-odds of {each.plan.effect:g}; false alarms {each.false_alarms:.3f}"
        )
    yield from found.remarks


def item_seconds(design: Design, kind: ItemKind) -> float:
    """What an item takes, about: reading it once and answering."""
    words = CANDIDATES[kind] * (design.study.dialogues.turns + 1) * WORDS_PER_TURN
    asked = sum(
        questions(task, design.instruments, design.study.dialogues.turns, CANDIDATES[kind])
        for task in design.study.tasks
        if task.on == kind
    )
    return words * SECONDS_PER_WORD + asked * SECONDS_PER_QUESTION


def questions(task: Task, known: dict[str, Instrument], turns: int, candidates: int) -> int:
    """How many questions a task makes on one item, about."""
    if isinstance(task, ScalesTask):
        instrument = known[task.instrument]
        each = len(task.items or instrument.items)
        about = task.about or instrument.about
        return each * candidates * (1 if about == "dialogue" else turns)
    if isinstance(task, ContributionTask):
        return turns * candidates
    return getattr(task, "turns", 1)


def _part(design: Design, kind: ItemKind, situations: int) -> Part:
    groups = len(design.groups(kind))
    live = design.study.dialogues.live
    if live is not None:
        items, raters = len(design.study.arms) * live.participants_per_arm * live.conversations, 1
    else:
        items, raters = groups * situations, design.study.overlap.of(kind)  # pyright: ignore[reportArgumentType]
    orders = len(williams(CANDIDATES[kind]))
    return Part(kind, groups, items, raters, orders, item_seconds(design, kind))


def _power(design: Design, parts: tuple[Part, ...], participants: int) -> planning.Power | None:
    pairs = next((part for part in parts if part.kind == "pair"), None)
    if pairs is None:
        return None
    items = pairs.items // pairs.conditions
    if items < 2 or pairs.raters < 2:
        return None
    raters = max(participants, pairs.raters)
    return planning.power(planning.Plan(raters, items, pairs.raters, design.study.effect), studies=400)


def _remarks(design: Design, parts: tuple[Part, ...], participants: int) -> Iterator[str]:
    for part in parts:
        if part.raters % part.orders and design.study.dialogues.live is None:
            yield (
                f"overlap.{part.kind}: {part.raters} raters of each cannot see all {part.orders} orders "
                "equally often; over all items they still differ by at most 1"
            )
    most = design.study.recruitment.participants
    if most is not None and most < participants:
        yield f"recruitment.participants: {most} people are fewer than the {participants} it takes"
    items = sum(part.items for part in parts)
    if design.study.items_per_person > items:
        yield f"items_per_person: {design.study.items_per_person} is more than the {items} items there are"
