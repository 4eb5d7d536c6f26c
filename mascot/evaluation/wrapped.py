"""Engines around an engine: one that counts what is asked, one that shows some adapters only."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, Piece, Request


class Wrapped(Engine):
    """Another engine, as it is."""

    def __init__(self, engine: Engine) -> None:
        self.info = engine.info
        self._engine = engine

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return self._engine.stream(request, cancel)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        return self._engine.choose(request, options)

    def count(self, prompt: Prompt) -> int:
        return self._engine.count(prompt)

    def load_adapter(self, name: str, path: Path) -> None:
        self._engine.load_adapter(name, path)

    def load_adapters(self, paths: Mapping[str, Path]) -> None:
        self._engine.load_adapters(paths)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self._engine.adapters

    def forget(self) -> None:
        self._engine.forget()

    def close(self) -> None:
        self._engine.close()


@dataclass
class Spent:
    """What was asked of an engine."""

    calls: int = 0
    tokens: int = 0
    """New ones."""


class Metered(Wrapped):
    """Counts calls and new tokens, for each thread apart: a dialogue is held in one thread."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._own = threading.local()

    def take(self) -> Spent:
        """What this thread has spent since it asked last."""
        spent = getattr(self._own, "spent", Spent())
        self._own.spent = Spent()
        return spent

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        tokens = 0
        pieces = self._engine.stream(request, cancel)
        try:
            for piece in pieces:
                tokens = piece.tokens
                yield piece
        finally:
            self._spend(tokens)
            if close := getattr(pieces, "close", None):
                close()

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        self._spend(0)
        return self._engine.choose(request, options)

    def _spend(self, tokens: int) -> None:
        spent = getattr(self._own, "spent", Spent())
        self._own.spent = Spent(spent.calls + 1, spent.tokens + tokens)


class Chosen(Wrapped):
    """Shows some of the adapters only, each under the name of who speaks with it.

    Args:
        names: the loaded adapter's name by the name to show it under.
    """

    def __init__(self, engine: Engine, names: Mapping[str, str]) -> None:
        super().__init__(engine)
        self._names = dict(names)

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return self._engine.stream(self._renamed(request), cancel)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        return self._engine.choose(self._renamed(request), options)

    @property
    def adapters(self) -> tuple[str, ...]:
        return tuple(self._names)

    def _renamed(self, request: Request) -> Request:
        return request if request.adapter is None else replace(request, adapter=self._names[request.adapter])
