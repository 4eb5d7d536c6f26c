"""What a simulated study shows: nothing lost, nothing twice, quotas exact, and the truth found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from annotations.statistics.strengths import Strengths
from mascot.errors import InputError
from studies.desk.figures import strengths_of
from studies.desk.status import status
from studies.flow.flow import Flow
from studies.flow.steps import VALUE
from studies.simulate.raters import Truth
from studies.simulate.walk import Trace


@dataclass(frozen=True)
class Found:
    """One arm's strength on one criterion, beside the truth."""

    criterion: str
    arm: str
    truth: float
    value: float
    low: float
    high: float

    @property
    def inside(self) -> bool:
        """Whether the interval contains the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Report:
    """What came out.

    Attributes:
        ends: How the raters' ways ended, by kind of step.
        overfull, underfull: Items with more, or fewer, completed ratings than wanted.
        imbalance: Greatest difference between two orders of a condition.
        acknowledged: Answers that raters were told are saved.
        lost: Of them, those that the store does not have as they were given.
        twice: Questions with more than one current answer.
        repeated: Requests that were sent twice.
        steps_repeated: Steps that somebody saw again after a later one.
        order_found: Criteria on which the arms come out in their true order.
        problems: What the store's own check finds.
        p50, p95, worst: Seconds of a request.
    """

    raters: int
    ends: dict[str, int]
    wanted: int
    completed: int
    overfull: int
    underfull: int
    imbalance: int
    acknowledged: int
    lost: int
    twice: int
    repeated: int
    steps_repeated: int
    order_found: dict[str, bool]
    found: tuple[Found, ...]
    problems: tuple[str, ...]
    requests: int
    p50: float
    p95: float
    worst: float

    @property
    def sound(self) -> bool:
        """Whether nothing was lost or given twice, and every quota is met exactly."""
        wrong = (
            self.overfull,
            self.underfull,
            self.lost,
            self.twice,
            self.steps_repeated,
            len(self.problems),
        )
        return not any(wrong) and self.imbalance <= 1

    def as_dict(self) -> dict[str, object]:
        """Nested dictionaries of plain values, ready for JSON."""
        return asdict(self) | {"sound": self.sound, "inside": sum(each.inside for each in self.found)}


def report(flow: Flow, truth: Truth, traces: Sequence[Trace]) -> Report:
    """Count everything."""
    served, study = flow.served, flow.study.id
    stands = status(served)
    done = Counter(each.item for each in served.store.assignments(study) if each.outcome == "completed")
    items = list(served.store.items(study))
    found = _strengths(flow)
    seconds = np.array([second for trace in traces for second in trace.seconds] or [0.0])
    return Report(
        raters=len(traces),
        ends=dict(Counter(trace.end for trace in traces)),
        wanted=stands.wanted,
        completed=stands.completed,
        overfull=sum(done[item.id] > item.wanted for item in items),
        underfull=sum(done[item.id] < item.wanted for item in items),
        imbalance=stands.imbalance,
        acknowledged=sum(len(trace.acknowledged) for trace in traces),
        lost=sum(_lost(flow, trace) for trace in traces),
        twice=_twice(flow),
        repeated=sum(trace.repeated for trace in traces),
        steps_repeated=sum(len(trace.steps) - len(set(trace.steps)) for trace in traces),
        order_found={name: _in_order(each, truth) for name, each in found.items()},
        found=tuple(_beside(found, truth)),
        problems=tuple(served.store.verify()),
        requests=len(seconds),
        p50=float(np.quantile(seconds, 0.5)),
        p95=float(np.quantile(seconds, 0.95)),
        worst=float(seconds.max()),
    )


def lines(found: Report) -> Iterator[str]:
    """The report for people."""
    ends = ", ".join(f"{count} {end}" for end, count in sorted(found.ends.items()))
    yield f"{found.raters} raters came: {ends}"
    yield (
        f"{found.completed} of {found.wanted} ratings; items over their quota {found.overfull}, under it "
        f"{found.underfull}; imbalance {found.imbalance}"
    )
    yield (
        f"{found.acknowledged} answers acknowledged, {found.lost} lost, {found.twice} twice; "
        f"{found.repeated} requests sent twice; {found.steps_repeated} steps seen again"
    )
    for each in found.found:
        sign = "" if each.inside else "   the truth is outside"
        yield (
            f"{each.criterion:16} {each.arm:20} truth {each.truth:6.2f}  found {each.value:6.2f} "
            f"({each.low:.2f} to {each.high:.2f}){sign}"
        )
    for criterion, right in found.order_found.items():
        yield f"{criterion}: the arms come out {'in' if right else 'NOT in'} their true order"
    yield from found.problems
    yield (
        f"{found.requests} requests: median {1000 * found.p50:.0f} ms, 95 % {1000 * found.p95:.0f} ms, "
        f"worst {1000 * found.worst:.0f} ms"
    )


def _lost(flow: Flow, trace: Trace) -> int:
    """Acknowledged answers that cannot be read back as they were given."""
    if not trace.key or trace.end == "screened":
        return 0  # answers of those who failed the checks are taken out on purpose
    who = flow.served.journal.participant(flow.study.id, trace.key)
    now = flow.standing(who)
    kept = {(step, question): value for step, given in now.given.items() for question, value in given.items()}
    number = 1
    for each in flow.rating.had(who):
        hand = flow.rating.sheet(each, number, now.language)
        kept |= {(hand.step, question): value for question, value in hand.given.items()}
        number += each.outcome == "completed"
    return sum(kept.get(place) != VALUE.validate_python(value) for place, value in trace.acknowledged.items())


def _twice(flow: Flow) -> int:
    """Questions with more than one current answer."""
    asked = Counter(
        (rated.answer.assignment, rated.answer.criterion, rated.answer.target)
        for rated in flow.served.store.answers(flow.study.id)
    )
    return sum(count > 1 for count in asked.values())


def _strengths(flow: Flow) -> dict[str, Strengths]:
    """By criterion; none where there are too few votes to tell."""
    try:
        return strengths_of(flow)
    except InputError:
        return {}


def _in_order(found: Strengths, truth: Truth) -> bool:
    names = [arm.name for arm in found.arms]
    return names == sorted(names, key=lambda name: -truth.strengths[name])


def _beside(found: dict[str, Strengths], truth: Truth) -> Iterator[Found]:
    for criterion, each in found.items():
        for arm in each.arms:
            yield Found(criterion, arm.name, truth.strengths[arm.name], arm.value, arm.low, arm.high)
