"""One protocol for every source of text.

An engine knows tokens, templates and caches; it knows nothing of personas, directors or floors.
Three methods matter: `stream` (text as it is made), `choose` (how probable is each of these
continuations) and `count` (how long is this prompt). Everything else has a sensible default here.
"""

from __future__ import annotations

import itertools
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mascot.conversation.prompt import Prompt
from mascot.errors import EngineError

Finish = Literal["stop", "length", "cancelled"]
REPEAT_WINDOW: Final = 128
"""Tokens, those of the prompt among them, that count as seen lately."""


@dataclass(frozen=True)
class Sampling:
    """How to draw tokens."""

    max_tokens: int = 96
    """Upper bound of new tokens, at least 1."""
    temperature: float = 0.7
    """0 is greedy."""
    top_p: float = 0.95
    """Nucleus, in (0, 1]."""
    min_p: float = 0.05
    """Smallest probability relative to the likeliest token, in [0, 1)."""
    repeat_penalty: float = 1.0
    """Divides the logits of tokens seen lately, `REPEAT_WINDOW` in all (by vLLM, of all seen); 1 is off."""
    stop: tuple[str, ...] = ()
    """Strings that end the text; they are not part of it."""
    seed: int | None = None
    """Same seed, same engine, same prompt: same text. None draws afresh."""


@dataclass(frozen=True)
class Request:
    """A prompt and all that decides what comes of it."""

    prompt: Prompt
    sampling: Sampling = Sampling()
    session: str = ""
    """Requests of one session (a conversation) share a growing prefix; a hint for caches."""
    adapter: str | None = None
    """Name of a loaded adapter; None is the base model."""


@dataclass(frozen=True)
class Piece:
    """Some new text. The last piece of a stream, and only it, carries `finish`; its text may be empty."""

    text: str
    tokens: int = 0
    """New tokens so far."""
    finish: Finish | None = None
    prompt_tokens: int = 0
    """Length of the prompt; known at the last piece."""
    cached_tokens: int = 0
    """How many of them were not read again; known at the last piece."""


@dataclass(frozen=True)
class Completion:
    """A whole text."""

    text: str
    tokens: int
    finish: Finish
    prompt_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True)
class EngineInfo:
    """What answers, for `doctor`, for journals and for reports."""

    engine: str
    model: str
    context_tokens: int
    device: str = "cpu"
    quantization: str = "none"


class Engine(ABC):
    """Text out of a model. Every method may be called from several threads at once."""

    info: EngineInfo

    @abstractmethod
    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        """Text as it is made, ending with one piece that has `finish`.

        Setting `cancel` ends it at the next token with `finish="cancelled"` and frees what it held;
        so does closing the iterator. Stop strings never appear, not even in part.

        Raises:
            EngineError: unknown adapter, a prompt longer than the context, or no answer.
        """

    @abstractmethod
    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        """Probability of each option as the continuation of the prompt, among these options only.

        The probability with which decoding constrained to the options would produce each one, at
        temperature 1: at each token only the options still possible compete. Sums to 1. An engine that
        sees no probabilities (a remote server without log-probabilities) returns 1 for its pick.

        Raises:
            EngineError: as `stream`; also if there are no options, or one is empty or the beginning of
                another.
        """

    @abstractmethod
    def count(self, prompt: Prompt) -> int:
        """Tokens of the prompt as the model reads it, template included (an estimate where only a
        server knows the tokenizer)."""

    def load_adapter(self, name: str, path: Path) -> None:
        """Make an adapter usable as `Request.adapter`.

        Raises:
            EngineError: this engine takes no adapters, or this one does not fit its base model.
        """
        raise EngineError(f"the {self.info.engine} engine takes no adapters: {name} ({path}) was not loaded")

    def load_adapters(self, paths: Mapping[str, Path]) -> None:
        """Several at once, by name; for some engines that is the price of one. Raises as `load_adapter`."""
        for name, path in paths.items():
            self.load_adapter(name, path)

    def waiting(self, session: str) -> int:
        """The place in line of this session's request, from 1; 0 if nothing holds it up."""
        del session
        return 0

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that `Request.adapter` may take."""
        return ()

    def forget(self) -> None:  # noqa: B027 - most engines keep nothing
        """Forget what was read, so that the next answer is that of an engine just started, to the last digit.

        For runs that must be repeatable; to be called while nothing is being asked.
        """

    def close(self) -> None:  # noqa: B027 - most engines hold nothing
        """Give back memory, slots and connections; the engine is of no use afterwards."""


def collect(pieces: Iterator[Piece]) -> Completion:
    """The whole text of a stream."""
    text: list[str] = []
    for piece in pieces:
        text.append(piece.text)
        if piece.finish is not None:
            return Completion(
                "".join(text), piece.tokens, piece.finish, piece.prompt_tokens, piece.cached_tokens
            )
    raise EngineError("the engine's stream ended without saying why: this is a bug in the engine")


def check_options(options: Sequence[str]) -> None:
    """Refuse options that constrained decoding could not tell apart.

    Raises:
        EngineError: none, an empty one, or one that begins another.
    """
    if not options or not all(options):
        raise EngineError("nothing to choose from: give at least one option, none of them empty")
    ordered = sorted(options)
    for shorter, longer in itertools.pairwise(ordered):
        if longer.startswith(shorter):
            raise EngineError(
                f"the options {shorter!r} and {longer!r} cannot be told apart: one begins the other"
            )
