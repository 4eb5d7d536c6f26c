"""The benchmark's parts by name: each opens what it needs, measures, and closes it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from mascot.bench.adapters import loaded_adapters
from mascot.bench.autogen import compared, environment
from mascot.bench.decoding import bare_llamacpp, bare_transformers, decoding
from mascot.bench.directing import directing
from mascot.bench.first_token import speaker_changes
from mascot.bench.measure import Figure, Say
from mascot.bench.process import app_process
from mascot.bench.server import bare_server, counting_proxy
from mascot.bench.streams import busy, streams
from mascot.conversation.personas import Cast
from mascot.engines.base import Engine
from mascot.engines.models import EMBEDDED_GGUF
from mascot.engines.openai import OpenAIEngine
from mascot.engines.select import select_engine
from mascot.engines.threads import cores
from mascot.settings import Settings

EngineName = Literal["llamacpp", "transformers"]


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    sizes: tuple[int, ...]
    """Tokens of history."""
    rounds: int
    tokens: int
    """Of history, where one length is enough."""
    answer: int
    """Tokens of an answer whose decoding is timed."""
    levels: tuple[int, ...]
    """Conversations at once."""
    busy_levels: tuple[int, ...]
    seconds: float
    """How long they speak."""
    turns: int
    """Of AutoGen and of ours beside it."""


FULL: Final = Extent((128, 512, 1024, 2048, 4096), 3, 2048, 96, (1, 2, 4, 8, 16), (1, 8), 8.0, 4)
QUICK: Final = Extent((128, 512, 1024), 2, 512, 32, (1, 4), (4,), 3.0, 2)


@dataclass(frozen=True)
class Plan:
    """What a part needs to know."""

    settings: Settings
    cast: Cast
    extent: Extent
    say: Say

    @property
    def threads(self) -> int:
        """Of every engine, ours and bare ones."""
        return self.settings.threads or max(1, cores() - 1)

    @property
    def context_tokens(self) -> int:
        """Room for the longest history, a card and an answer."""
        return max(2048, max(self.extent.sizes) + 1024)

    @property
    def model_file(self) -> Path:
        return self.settings.models / EMBEDDED_GGUF


Part = Callable[[Plan], list[Figure]]


@contextmanager
def opened(plan: Plan, name: EngineName, slots: int = 4) -> Iterator[Engine]:
    """One of our engines with the embedded model."""
    changes = {"engine": name, "model": "embedded", "threads": plan.threads, "slots": slots}
    engine = select_engine(plan.settings.model_copy(update=changes | {"context_tokens": plan.context_tokens}))
    try:
        yield engine
    finally:
        engine.close()


def _first_token(name: EngineName, plan: Plan) -> list[Figure]:
    extent = plan.extent
    with opened(plan, name) as engine, loaded_adapters(engine, plan.model_file, plan.cast.ids) as adapters:
        return speaker_changes(engine, plan.cast, extent.sizes, extent.rounds, plan.say, adapters)


def _director(name: EngineName, plan: Plan) -> list[Figure]:
    with opened(plan, name) as engine:
        return directing(engine, plan.cast, plan.extent.tokens, plan.extent.rounds + 2, plan.say)


def _decode(name: EngineName, plan: Plan) -> list[Figure]:
    tokens = plan.extent.answer
    with opened(plan, name) as engine:
        if name == "llamacpp":
            bare = bare_llamacpp(plan.model_file, plan.threads, tokens)
        else:
            from mascot.engines.hf_load import convert_gguf

            bare = bare_transformers(convert_gguf(plan.model_file), tokens)
        with bare as rate:
            return decoding(engine, rate, tokens, plan.extent.rounds + 2, plan.say)


def _streams(name: EngineName, plan: Plan) -> list[Figure]:
    extent = plan.extent
    with opened(plan, name, max(extent.levels)) as engine:
        return streams(engine, plan.cast, extent.levels, extent.seconds, 2, plan.say)


def _busy(name: EngineName, plan: Plan) -> list[Figure]:
    extent = plan.extent
    with opened(plan, name, max(extent.busy_levels)) as engine:
        return busy(engine, plan.cast, extent.busy_levels, extent.seconds, extent.rounds, plan.say)


def _app(plan: Plan) -> list[Figure]:
    rounds = plan.extent.rounds
    return app_process(plan.settings, rounds, rounds, plan.say)


def _autogen(plan: Plan) -> list[Figure]:
    python = environment(plan.settings.home, plan.say)
    # A slot for each of AutoGen's prompts and one for ours: nobody has to read again for want of a slot.
    slots = len(plan.cast.ids) + 2
    with (
        bare_server(plan.model_file, plan.context_tokens, slots, plan.threads, prefill=False) as address,
        bare_server(plan.model_file, plan.context_tokens, slots, plan.threads) as continuing,
        counting_proxy(address) as counted,
        counting_proxy(continuing) as counted_ours,
        opened(plan, "llamacpp") as embedded,
    ):
        remote = OpenAIEngine(
            f"{counted_ours.url}/v1", timeout_seconds=600, context_tokens=plan.context_tokens
        )
        try:
            extent = plan.extent
            return compared(
                python,
                counted,
                counted_ours,
                remote,
                embedded,
                plan.cast,
                extent.tokens,
                extent.turns,
                plan.say,
            )
        finally:
            remote.close()


def _of_both(name: str, measure: Callable[[EngineName, Plan], list[Figure]]) -> dict[str, Part]:
    engines: tuple[EngineName, ...] = ("llamacpp", "transformers")
    return {f"{name}/{engine}": partial(measure, engine) for engine in engines}


PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        **_of_both("first-token", _first_token),
        **_of_both("director", _director),
        **_of_both("decode", _decode),
        **_of_both("streams", _streams),
        **_of_both("busy", _busy),
        "app": _app,
        "autogen": _autogen,
    }
)
