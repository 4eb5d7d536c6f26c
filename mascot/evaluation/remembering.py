"""An engine that answers the same question once: for asking one policy with many different dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, Request
from mascot.evaluation.wrapped import Wrapped


class Remembering(Wrapped):
    """Another engine's choices and counts, each asked for once; its text is never remembered."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._chosen: dict[tuple[Request, tuple[str, ...]], list[float]] = {}
        self._counted: dict[Prompt, int] = {}

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        key = (replace(request, session=""), tuple(options))
        if key not in self._chosen:
            self._chosen[key] = self._engine.choose(request, options)
        return self._chosen[key]

    def count(self, prompt: Prompt) -> int:
        if prompt not in self._counted:
            self._counted[prompt] = self._engine.count(prompt)
        return self._counted[prompt]

    def load_adapter(self, name: str, path: Path) -> None:
        super().load_adapter(name, path)
        self._chosen.clear()
