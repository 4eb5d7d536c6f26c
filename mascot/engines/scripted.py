"""An engine that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, EngineInfo, Piece, Request, check_options
from mascot.engines.stops import until_stop
from mascot.errors import EngineError

Say = Callable[[Request], str]
Weigh = Callable[[Request, Sequence[str]], Sequence[float]]


def evenly(_request: Request, options: Sequence[str]) -> Sequence[float]:
    """Every option weighs the same."""
    return [1.0] * len(options)


class ScriptedEngine(Engine):
    """Streams `say(request)` word by word; chooses by `weigh(request, options)`.

    Args:
        say: the whole answer to a request; a list is used up line by line and then starts again.
        weigh: non-negative weights, one per option; normalised here.
        delay: seconds between words.
        context_tokens: a token is a word here.
    """

    def __init__(
        self,
        say: Say | Sequence[str] = ("Yes.",),
        weigh: Weigh = evenly,
        delay: float = 0.0,
        context_tokens: int = 4096,
    ) -> None:
        self.info = EngineInfo("scripted", "script", context_tokens)
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._say = say if callable(say) else _in_turn(say)
        self._weigh = weigh
        self._delay = delay
        self._adapters: dict[str, Path] = {}

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        self._accept(request)
        with self._lock:
            text = self._say(request)
        prompt_tokens = self.count(request.prompt)
        yield from until_stop(
            self._words(text, request.sampling.max_tokens, prompt_tokens, cancel), request.sampling.stop
        )

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        self._accept(request)
        weights = list(self._weigh(request, options))
        return [w / sum(weights) for w in weights]

    def count(self, prompt: Prompt) -> int:
        return sum(len(m.content.split()) for m in prompt.messages) + len(prompt.prefill.split())

    def load_adapter(self, name: str, path: Path) -> None:
        self._adapters[name] = path

    @property
    def adapters(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def _accept(self, request: Request) -> None:
        if request.adapter is not None and request.adapter not in self._adapters:
            raise EngineError(f"unknown adapter {request.adapter!r}: load it first")
        if (tokens := self.count(request.prompt)) > self.info.context_tokens:
            raise EngineError(f"the prompt has {tokens} tokens, the context {self.info.context_tokens}")
        self.requests.append(request)

    def _words(
        self, text: str, max_tokens: int, prompt_tokens: int, cancel: threading.Event | None
    ) -> Iterator[Piece]:
        words = text.split(" ")
        for i, word in enumerate(words[:max_tokens]):
            if cancel is not None and cancel.wait(self._delay):
                yield Piece("", i, "cancelled", prompt_tokens)
                return
            if cancel is None and self._delay:
                time.sleep(self._delay)
            yield Piece(word if i == 0 else " " + word, i + 1)
        said = min(len(words), max_tokens)
        yield Piece("", said, "stop" if said == len(words) else "length", prompt_tokens)


def _in_turn(lines: Sequence[str]) -> Say:
    position = -1

    def say(_request: Request) -> str:
        nonlocal position
        position += 1
        return lines[position % len(lines)]

    return say
