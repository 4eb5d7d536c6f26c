"""Who takes part in the next step, with a model that is only counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mascot.engines.base import Sampling
from mascot.engines.hf_memory import Mark, Memory
from mascot.engines.hf_packed import Segment
from mascot.engines.hf_scheduler import BLOCK, BLOCK_BESIDE_SPEAKERS, Scheduler
from mascot.engines.hf_tasks import Answer
from mascot.errors import EngineError

PLACES, WAITING = 2, 3
GREEDY = Sampling(temperature=0)


class Counted:
    """A model that always says 1, writes down its steps, and waits before each where it is told to."""

    def __init__(self) -> None:
        self.steps: list[list[Segment]] = []
        self.open = threading.Event()
        self.open.set()
        self.before: Callable[[int], None] = lambda _step: None

    def __call__(self, segments: Sequence[Segment]) -> list[torch.Tensor]:
        assert self.open.wait(10)
        self.before(len(self.steps))
        self.steps.append(list(segments))
        return [torch.tensor([[0.0, 1.0]]).repeat(segment.wanted, 1) for segment in segments]

    def members(self) -> list[set[Memory]]:
        """Whose tokens were in each step."""
        return [{segment.memory for segment in step} for step in self.steps]


@pytest.fixture
def model() -> Counted:
    return Counted()


@pytest.fixture
def scheduler(model: Counted) -> Iterator[Scheduler]:
    made = Scheduler(model, PLACES, WAITING)
    yield made
    model.open.set()
    made.close()


def task(prompt: int = 3, limit: int = 4, session: str = "", cancel: threading.Event | None = None) -> Answer:
    marks: list[Mark] = [(0, None)] * prompt
    return Answer(session, marks, cancel, GREEDY, frozenset(), limit, torch.Generator())


def told(answer: Answer) -> tuple[int, str]:
    """Tokens until the end, and how it ended."""
    count = 0
    while True:
        news = answer.said.get(timeout=10)
        if isinstance(news, Exception):
            raise news
        count += news[0] is not None
        if news[1] is not None:
            return count, news[1]


def started_together(scheduler: Scheduler, model: Counted, tasks: Sequence[Answer]) -> None:
    """Submit all of them before the first step is over."""
    model.open.clear()
    for one in tasks:
        scheduler.submit(one)
    model.open.set()


def test_more_than_there_are_places_for_are_served_in_the_order_of_coming(
    scheduler: Scheduler, model: Counted
) -> None:
    tasks = [task(limit=2 + i) for i in range(PLACES + WAITING)]
    started_together(scheduler, model, tasks)
    assert [told(one) for one in tasks] == [(2 + i, "length") for i in range(len(tasks))]
    assert max(len(members) for members in model.members()) <= PLACES
    order = list(dict.fromkeys(segment.memory for step in model.steps for segment in step))
    assert order == [one.memory for one in tasks]


def test_everyone_with_a_place_takes_part_in_every_step(scheduler: Scheduler, model: Counted) -> None:
    tasks = [task(limit=20), task(prompt=600, limit=20)]
    started_together(scheduler, model, tasks)
    for one in tasks:
        told(one)
    for one in tasks:
        mine = [i for i, members in enumerate(model.members()) if one.memory in members]
        assert mine == list(range(mine[0], mine[-1] + 1))


def test_a_long_prompt_takes_turns_with_words(scheduler: Scheduler, model: Counted) -> None:
    speaker, reader = task(limit=200), task(prompt=10 * BLOCK)
    started_together(scheduler, model, [speaker, reader])
    assert told(reader) == (4, "length")
    beside = [step for step, members in zip(model.steps, model.members(), strict=True) if len(members) == 2]
    assert len(beside) >= 10 * BLOCK // BLOCK_BESIDE_SPEAKERS
    # Nobody speaks in the very first step.
    assert (
        max(sum(len(segment.tokens) for segment in step) for step in beside[1:]) <= 1 + BLOCK_BESIDE_SPEAKERS
    )
    speaker.leave()


def test_a_full_line_refuses_in_one_line_and_disturbs_nobody(scheduler: Scheduler, model: Counted) -> None:
    tasks = [task() for _ in range(PLACES + WAITING)]
    model.open.clear()
    for one in tasks:
        scheduler.submit(one)
    with pytest.raises(EngineError, match="3 requests already stand in line") as caught:
        scheduler.submit(task())
    assert "\n" not in str(caught.value)
    model.open.set()
    assert {told(one) for one in tasks} == {(4, "length")}
    later = task()
    scheduler.submit(later)
    assert told(later) == (4, "length")


@pytest.mark.parametrize("by_event", [True, False])
def test_who_leaves_frees_the_place_for_the_very_next_step(
    scheduler: Scheduler, model: Counted, by_event: bool
) -> None:
    cancel = threading.Event()
    leaving, staying, waiting = task(limit=500, cancel=cancel), task(limit=500), task(limit=2)

    def before(step: int) -> None:
        if step == 5:
            cancel.set() if by_event else leaving.leave()

    model.before = before
    started_together(scheduler, model, [leaving, staying, waiting])
    assert told(leaving)[1] == "cancelled"
    assert told(waiting) == (2, "length")
    assert [leaving.memory in members for members in model.members()[5:7]] == [True, False]
    assert waiting.memory in model.members()[6]
    staying.leave()


def test_who_leaves_the_line_never_gets_a_place(scheduler: Scheduler, model: Counted) -> None:
    tasks = [task() for _ in range(PLACES + 2)]
    model.open.clear()
    for one in tasks:
        scheduler.submit(one)
    tasks[-2].leave()
    model.open.set()
    assert [told(one)[1] for one in tasks] == ["length", "length", "cancelled", "length"]
    assert tasks[-2].memory not in set().union(*model.members())


def test_a_failing_step_is_told_to_all_in_it_and_to_nobody_else(scheduler: Scheduler, model: Counted) -> None:
    def before(step: int) -> None:
        if step == 2:
            model.before = lambda _step: None
            raise ZeroDivisionError

    model.before = before
    tasks = [task(limit=9) for _ in range(PLACES + 1)]
    started_together(scheduler, model, tasks)
    for one in tasks[:PLACES]:
        with pytest.raises(ZeroDivisionError):
            told(one)
    assert told(tasks[-1]) == (9, "length")


def full_at(model: Counted, step: int) -> None:
    """The GPU's memory is full once, before this step."""

    def before(number: int) -> None:
        if number == step:
            model.before = lambda _step: None
            raise torch.OutOfMemoryError

    model.before = before


def test_when_the_gpu_is_full_silent_conversations_are_forgotten_first(
    scheduler: Scheduler, model: Counted
) -> None:
    for kept in (True, False):
        one = task(session="silent")
        scheduler.submit(one)
        told(one)
        if kept:
            full_at(model, len(model.steps) + 3)
        other = task(limit=9)
        scheduler.submit(other)
        assert told(other) == (9, "length")
        again = task(session="silent")
        scheduler.submit(again)
        told(again)
        assert (again.cached == 0) == kept


def test_when_the_gpu_is_full_and_nobody_is_silent_the_newest_gives_way(
    scheduler: Scheduler, model: Counted
) -> None:
    full_at(model, 4)
    first, second = task(limit=9), task(limit=9)
    started_together(scheduler, model, [first, second])
    with pytest.raises(EngineError, match="no memory left"):
        told(second)
    assert told(first) == (9, "length")


def test_closing_ends_everything_and_takes_nothing_more(scheduler: Scheduler, model: Counted) -> None:
    tasks = [task(limit=10**6) for _ in range(PLACES + 1)]
    for one in tasks:
        scheduler.submit(one)
    scheduler.close()
    for one in tasks:
        with pytest.raises(EngineError, match="closed"):
            told(one)
    with pytest.raises(EngineError, match="closed"):
        scheduler.submit(task())


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 6)), min_size=1, max_size=8))
def test_everyone_gets_all_tokens_whoever_else_is_there(asked: list[tuple[int, int]]) -> None:
    model = Counted()
    scheduler = Scheduler(model, PLACES, 8)
    tasks = [task(prompt, limit) for prompt, limit in asked]
    for one in tasks:
        scheduler.submit(one)
    assert [told(one) for one in tasks] == [(limit, "length") for _, limit in asked]
    for one, (prompt, limit) in zip(tasks, asked, strict=True):
        mine = [segment for step in model.steps for segment in step if segment.memory is one.memory]
        read = [segment.start + i for segment in mine for i in range(len(segment.tokens))]
        assert read == list(range(prompt + limit - 1))
    scheduler.close()
