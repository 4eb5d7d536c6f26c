"""How a study stands, counted from the store and the journal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from annotations.balance import imbalance, williams
from annotations.exports.formats import FORMATS
from annotations.records import Assignment, Item
from studies.design.instruments import words
from studies.flow.desk import Cell, Held, Stage, Status, Times
from studies.flow.flow import Served
from studies.flow.moves import Consented, Dated, Left, Standing, fold

_STEPS = ("consent", "instructions", "comprehension", "rating", "questionnaire", "debrief", "complete")


def status(served: Served) -> Status:
    """The status now."""
    study = served.design.study
    items = {item.id: item for item in served.store.items(study.id)}
    assignments = list(served.store.assignments(study.id))
    people = [
        (fold(moves, bool(study.comprehension), bool(study.questionnaire)), moves)
        for _, moves in served.journal.everyone(study.id)
    ]
    cells = tuple(_cells(items, assignments))
    return Status(
        study=study.id,
        title=words(study.title, "en"),
        state=served.journal.state(study.id),
        wanted=sum(cell.wanted for cell in cells),
        completed=sum(cell.completed for cell in cells),
        entered=len(people),
        consented=sum(any(isinstance(dated.move, Consented) for dated in moves) for _, moves in people),
        finished=sum(now.phase == "complete" for now, _ in people),
        dropped=sum(now.how not in ("", "declined") for now, _ in people),
        cells=cells,
        imbalance=max((imbalance(list(cell.orders.values())) for cell in cells), default=0),
        stages=tuple(_stages([now for now, _ in people], [_left_at(moves) for _, moves in people])),
        times=tuple(_times(items, assignments)),
        held=tuple(_held(served, assignments)),
        arms=tuple(study.arms),
        formats=tuple(FORMATS),
    )


def _cells(items: dict[str, Item], assignments: Sequence[Assignment]) -> Iterator[Cell]:
    """One for each condition; every order is named, also those that nobody has seen yet."""
    by_condition: dict[str, list[Item]] = defaultdict(list)
    for item in items.values():
        by_condition[item.condition].append(item)
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    open_: Counter[str] = Counter()
    for each in assignments:
        item = items[each.item]
        if each.outcome == "completed":
            seen[item.condition][_order(item, each.order)] += 1
        elif each.outcome is None:
            open_[item.condition] += 1
    for condition, group in by_condition.items():
        orders = {_order(group[0], row): 0 for row in williams(len(group[0].candidates))}
        counts = orders | dict(seen[condition])
        yield Cell(
            condition=condition,
            wanted=sum(item.wanted for item in group),
            completed=sum(counts.values()),
            open=open_[condition],
            orders=counts,
        )


def _order(item: Item, order: Sequence[int]) -> str:
    return " | ".join(item.arms[index] for index in order)


def _stages(people: Sequence[Standing], where: Iterable[str]) -> Iterator[Stage]:
    """So many at each step; `where` has the step at which each of those who left did so."""
    here: Counter[str] = Counter(now.phase for now in people if not now.ended or now.phase == "complete")
    left: Counter[str] = Counter(where)
    for step in _STEPS:
        yield Stage(step=step, here=here[step], left=left[step])


def _left_at(moves: Sequence[Dated]) -> str:
    """The step at which somebody ended it; empty: they did not, or took it back when all was over."""
    return next((dated.move.step for dated in moves if isinstance(dated.move, Left)), "")


def _times(items: dict[str, Item], assignments: Sequence[Assignment]) -> Iterator[Times]:
    """From being handed out to being completed."""
    took: dict[str, list[float]] = defaultdict(list)
    for each in assignments:
        if each.outcome == "completed" and each.ended_at is not None:
            took[items[each.item].kind].append((each.ended_at - each.at).total_seconds())
    for kind, seconds in sorted(took.items()):
        tenth = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
        yield Times(kind=kind, count=len(seconds), median=round(median(seconds), 1), p90=round(tenth, 1))


def _held(served: Served, assignments: Sequence[Assignment]) -> Iterator[Held]:
    lease = timedelta(minutes=served.design.study.session.item_minutes)
    now = datetime.fromtimestamp(served.journal.clock(), UTC)
    for each in assignments:
        if each.outcome is None:
            last = max([each.at, *(answer.at for answer in served.store.answers_of(each.id))])
            stuck = now > last + lease
            yield Held(assignment=each.id, item=each.item, rater=each.rater, since=each.at, stuck=stuck)
