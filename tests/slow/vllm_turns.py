"""Time to the first word from a vLLM server in talks that go on: our prompts, and the persona's card first.

`python -m tests.slow.vllm_turns http://127.0.0.1:8000/v1 --tokens 1000 --turns 12` holds talks of our own
dialogues. At each turn another persona speaks and the talk has grown by what was said; the prompt is timed to
its first token. One contender after the other; with `--conversations 8` that many talks take turns, and with
`--adapters one other` so do those. The server keeps the beginning of every prompt while it has room: the
card-first prompt has a memory per persona there, its best case, at four times the room. At the end, choices
of the next speaker are timed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Final

from mascot.bench.material import History, card_first, history, ours
from mascot.bench.measure import timed
from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.director.model import ask
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.openai import OpenAIEngine

Build = Callable[[Transcript, Cast, int], Prompt]
_ONE = Sampling(max_tokens=1, temperature=0)


@dataclass(frozen=True)
class Turned:
    """One contender's turn."""

    number: int
    """Of the talk's turns, from 0."""
    prompt_tokens: int
    cached_tokens: int
    seconds: float
    """To the first token."""


CONTENDERS: Final[Mapping[str, Build]] = MappingProxyType(
    {
        "ours": lambda talk, cast, number: ours(talk, cast, number, "card"),
        "persona card first": card_first,
    }
)


def turns(
    engine: OpenAIEngine, build: Build, talks: Sequence[History], cast: Cast, adapters: Sequence[str | None]
) -> list[Turned]:
    """As many turns of each talk as there are adapters, the talks taking turns."""
    taken = []
    for number, adapter in enumerate(adapters):
        for talk in talks:
            prompt = build(_grown(talk, number), cast, number)
            taken.append(_turned(engine, number, Request(prompt, _ONE, adapter=adapter)))
    return taken


def choices(engine: OpenAIEngine, talk: History, cast: Cast, count: int) -> list[float]:
    """Seconds of each choice of the next speaker, in a talk that grows."""
    options = [*(f" {persona.name}" for persona in cast), " the person"]
    seconds = []
    for number in range(count):
        request = Request(ask(_grown(talk, number), cast, trained=False))
        seconds.append(timed(lambda request=request: engine.choose(request, options)))
    return seconds


def _talks(tokens: int, count: int, cast: Cast, engine: OpenAIEngine) -> list[History]:
    """Talks that share no beginning but the table: an opening of its own for each."""
    talk = history(tokens, cast, engine.count)
    openings = [Turn(PERSON, f"This is talk number {number}.") for number in range(count)]
    said = talk.transcript.turns
    return [
        replace(talk, transcript=replace(talk.transcript, turns=(opening, *said))) for opening in openings
    ]


def _grown(talk: History, number: int) -> Transcript:
    return replace(talk.transcript, turns=(*talk.transcript.turns, *talk.next[:number]))


def _turned(engine: OpenAIEngine, number: int, request: Request) -> Turned:
    done = []
    seconds = timed(lambda: done.append(collect(engine.stream(request))))
    return Turned(number, done[0].prompt_tokens, done[0].cached_tokens, round(seconds, 3))


def _line(name: str, part: Sequence[Turned]) -> str:
    share = sum(t.cached_tokens for t in part) / sum(t.prompt_tokens for t in part)
    seconds = [t.seconds for t in part]
    return (
        f"{name}: first token after {median(seconds):.2f} s [{min(seconds):.2f}, {max(seconds):.2f}], "
        f"{median(t.prompt_tokens for t in part):.0f} tokens, {share:.0%} of them out of the cache"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base_url")
    parser.add_argument("--tokens", type=int, default=1000, help="of history, before the first turn")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--conversations", type=int, default=1)
    parser.add_argument("--adapters", nargs="*", default=[])
    asked = parser.parse_args()
    engine, cast = OpenAIEngine(asked.base_url, timeout_seconds=300), load_cast()
    engine.load_adapters({name: Path(name) for name in asked.adapters})
    talks = _talks(asked.tokens, asked.conversations, cast, engine)
    adapters = (asked.adapters or [None]) * asked.turns
    for name, build in CONTENDERS.items():
        taken = turns(engine, build, talks, cast, adapters[: asked.turns])
        print(_line(f"{name}, the first turn", [t for t in taken if t.number == 0]))
        print(_line(f"{name}, the others' first turns", [t for t in taken if 0 < t.number < len(cast)]))
        if later := [t for t in taken if t.number >= len(cast)]:
            print(_line(f"{name}, later turns", later))
    seconds = choices(engine, talks[0], cast, asked.turns)
    print(f"a choice of the next speaker: {median(seconds):.2f} s [{min(seconds):.2f}, {max(seconds):.2f}]")
    engine.close()


if __name__ == "__main__":
    main()
