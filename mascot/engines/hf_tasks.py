"""What can be asked of a packed model: to go on from a prompt, or to weigh what could follow it."""

from __future__ import annotations

import itertools
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from queue import SimpleQueue

import torch

from mascot.engines.base import REPEAT_WINDOW, Finish, Sampling
from mascot.engines.decoding import draw
from mascot.engines.hf_memory import Mark, Memory
from mascot.engines.hf_packed import Segment


class Task(ABC):
    """One request, from its place in line to its last token. The scheduler drives it.

    Args:
        marks: what has to be read before anything can be said.
        cancel: set by whoever asked; the task then ends at the next step.
    """

    def __init__(self, session: str, marks: list[Mark], cancel: threading.Event | None = None) -> None:
        self.session = session
        self.marks = marks
        self.memory = Memory()
        self.cached = 0
        """Tokens of the prompt that were not read again."""
        self._cancel = cancel
        self._left = threading.Event()
        self._block: list[Mark] = []

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._left.is_set() or (self._cancel is not None and self._cancel.is_set())

    @property
    def unread(self) -> int:
        """Tokens still to be read; 1 where it is speaking."""
        return len(self.marks) - len(self.memory.marks)

    def leave(self) -> None:
        """Nobody waits for it any more."""
        self._left.set()

    def begin(self, memory: Memory) -> None:
        """Take its place, with what is already remembered of its prompt."""
        self.memory, self.cached = memory, len(memory.marks)

    def plan(self, budget: int) -> list[Segment]:
        """The segments of its next step, of at most `budget` tokens of what is unread."""
        start = len(self.memory.marks)
        self._block = self.marks[start : start + budget]
        segments: list[Segment] = []
        for adapter, group in itertools.groupby(self._block, key=lambda mark: mark[1]):
            tokens = [token for token, _ in group]
            segments.append(Segment(self.memory, start, tokens, adapter))
            start += len(tokens)
        if start == len(self.marks):
            segments[-1].wanted = 1
            segments += self.beyond()
        return segments

    def beyond(self) -> list[Segment]:
        """Segments that follow once everything is read; they leave no trace in the memory."""
        return []

    def advance(self, logits: Sequence[torch.Tensor]) -> bool:
        """Take in what a step made of its segments; whether it is done."""
        self.memory.marks += self._block
        return self.unread == 0 and self.heard(logits)

    @abstractmethod
    def heard(self, logits: Sequence[torch.Tensor]) -> bool:
        """Take in the logits after everything that was to be read; whether it is done."""

    @abstractmethod
    def end(self, error: Exception | None = None) -> None:
        """Tell whoever waits that it was cancelled, or why it failed."""


class Answer(Task):
    """Tokens drawn one after another.

    Args:
        ends: tokens that end an answer and are no part of it.
        limit: most tokens.
    """

    def __init__(
        self,
        session: str,
        marks: list[Mark],
        cancel: threading.Event | None,
        sampling: Sampling,
        ends: frozenset[int],
        limit: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__(session, marks, cancel)
        self.said: SimpleQueue[tuple[int | None, Finish | None] | Exception] = SimpleQueue()
        """Each token as it is drawn, and how it ended."""
        self._sampling, self._ends, self._generator = sampling, ends, generator
        self._most = len(marks) + limit

    def heard(self, logits: Sequence[torch.Tensor]) -> bool:
        lately = [token for token, _ in self.marks[-REPEAT_WINDOW:]]
        token = draw(logits[-1][0], lately, self._sampling, self._generator)
        if token in self._ends:
            self.said.put((None, "stop"))
            return True
        self.marks.append((token, self.marks[-1][1]))
        full = len(self.marks) == self._most
        self.said.put((token, "length" if full else None))
        return full

    def end(self, error: Exception | None = None) -> None:
        self.said.put(error or (None, "cancelled"))


class Weighing(Task):
    """The logits along each option, all options in the step that ends the prompt."""

    def __init__(self, session: str, marks: list[Mark], options: Sequence[Sequence[int]]) -> None:
        super().__init__(session, marks)
        self.found: SimpleQueue[dict[tuple[int, ...], torch.Tensor] | Exception] = SimpleQueue()
        """The logits after each beginning of an option."""
        self._paths = [tuple(option[:-1]) for option in options if len(option) > 1]

    def beyond(self) -> list[Segment]:
        adapter = self.marks[-1][1]
        return [Segment(self.memory, len(self.marks), p, adapter, len(p)) for p in self._paths]

    def heard(self, logits: Sequence[torch.Tensor]) -> bool:
        after = list(logits[len(logits) - len(self._paths) :])
        found = {(): logits[len(logits) - len(self._paths) - 1][0]}
        for path, along in zip(self._paths, after, strict=True):
            found |= {path[: n + 1]: along[n] for n in range(len(path))}
        self.found.put(found)
        return True

    def end(self, error: Exception | None = None) -> None:
        assert error is not None, "nobody can cancel a choice"
        self.found.put(error)
