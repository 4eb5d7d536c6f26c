"""Who is read and who speaks in the next step of a packed model.

Every conversation that has a place takes part in every step: who speaks says one token, and those whose
prompts are still being read share a block between them, a smaller one where somebody is waiting for words.
Who finds no place stands in line, in the order of coming. One thread drives the model, for as long as there
is something to do; everyone else waits at a queue of their own, so a slow reader holds up nobody.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

import torch

from mascot.engines.hf_memory import Memories
from mascot.engines.hf_packed import Segment
from mascot.engines.hf_tasks import Task
from mascot.errors import EngineError

BLOCK = 256
"""Tokens read in a step in which nobody speaks: large enough to be fast, small enough to be cancelled."""
BLOCK_BESIDE_SPEAKERS = 64
"""Tokens read in a step in which somebody speaks: about as long as two words take on a CPU (our choice)."""

Step = Callable[[Sequence[Segment]], list[torch.Tensor]]


class Scheduler:
    """A line, some places, and the thread that serves them.

    Args:
        step: reads segments, gives the wanted logits of each.
        places: tasks served at the same time, and memories kept.
        waiting: tasks that may stand in line; beyond, new ones are refused.
    """

    def __init__(self, step: Step, places: int, waiting: int) -> None:
        self._step = step
        self._places, self._waiting = places, waiting
        self._memories = Memories(places)
        self._lock = threading.Lock()
        self._line: deque[Task] = deque()
        self._active: list[Task] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, task: Task) -> None:
        """Put a task in line.

        Raises:
            EngineError: the line is full, or the engine was closed.
        """
        with self._lock:
            if self._closed:
                raise _closed()
            if len(self._active) + len(self._line) >= self._places + self._waiting:
                raise EngineError(
                    f"{self._waiting} requests already stand in line for the model: try again later, or "
                    "set MASCOT_WAITING higher"
                )
            self._line.append(task)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mascot-transformers", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End everything that is under way, and forget all memories."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._memories.clear()
        self._step = _nothing_left

    def _run(self) -> None:
        while self._arrange():
            try:
                self._advance()
            except torch.OutOfMemoryError:
                self._make_room()
            except Exception as error:  # noqa: BLE001 - whoever waits must hear of it
                self._drop(self._active, error)

    def _arrange(self) -> bool:
        """Let go of who left, seat who comes next; whether there is anything to do."""
        with self._lock:
            if self._closed:
                self._drop([*self._active, *self._line], _closed())
            self._drop([task for task in (*self._active, *self._line) if task.cancelled])
            while self._line and len(self._active) < self._places:
                task = self._line.popleft()
                self._active.append(task)
                task.begin(self._memories.take(task.session, task.marks))
            if not self._active:
                self._thread = None
            return bool(self._active)

    def _advance(self) -> None:
        """One step of everyone who has a place."""
        readers = sum(task.unread > 1 for task in self._active)
        block = BLOCK if readers == len(self._active) else BLOCK_BESIDE_SPEAKERS
        share = -(-block // max(1, readers))
        plans = [task.plan(share) for task in self._active]
        logits = iter(self._step([segment for plan in plans for segment in plan]))
        for task, plan in zip(list(self._active), plans, strict=True):
            if task.advance([next(logits) for _ in plan]):
                self._release(task)

    def _make_room(self) -> None:
        """The GPU is full: forget conversations that are silent, or else give up the newest request."""
        if not self._memories.clear():
            hint = "set MASCOT_CONTEXT_TOKENS or MASCOT_SLOTS lower, or take a smaller model"
            self._drop(self._active[-1:], EngineError(f"the GPU has no memory left: {hint}"))
        torch.cuda.empty_cache()

    def _drop(self, tasks: Sequence[Task], error: Exception | None = None) -> None:
        for task in list(tasks):
            if task in self._active:
                self._release(task)
            else:
                self._line.remove(task)
            task.end(error)

    def _release(self, task: Task) -> None:
        self._active.remove(task)
        self._memories.put(task.session, task.memory)


def _nothing_left(_segments: Sequence[Segment]) -> list[torch.Tensor]:
    raise _closed()


def _closed() -> EngineError:
    return EngineError("this engine was closed: make a new one")
