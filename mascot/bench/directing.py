"""What it costs to decide who speaks: our director over the shared talk, and a separate selector prompt."""

from __future__ import annotations

import re

from mascot.bench.material import history, ours, selector
from mascot.bench.measure import Figure, Say, interleaved, timed
from mascot.conversation.personas import Cast
from mascot.director.model import ModelDirector
from mascot.director.rules import legal
from mascot.engines.base import Engine, Request, Sampling, collect

DIRECTOR, SELECTOR = "our director", "selector prompt"
SHARE, SELECTED = "director's share of a turn", "selector names one role"
_WARM_UP = 4
"""Decisions before the first round; the director looks once at what it would say of an empty table."""


def directing(engine: Engine, cast: Cast, tokens: int, rounds: int, say: Say) -> list[Figure]:
    """Seconds per decision at so many tokens of history, and the share of a turn that ours takes.

    The turn is the decision and an utterance of at most 40 tokens by our speaker's prompt. The selector
    answers freely, with 32 tokens at most, and in a session of its own: kinder than AutoGen, whose calls for
    speakers come in between.
    """
    director = ModelDirector(engine)
    talk = history(tokens, cast, engine.count)
    shares: list[float] = []
    named: list[float] = []

    def decide(number: int) -> float:
        transcript = talk.after(number)
        return timed(lambda: director.decide(transcript, cast, legal(transcript, cast), "bench/ours"))

    def decide_and_speak(number: int) -> float:
        deciding = decide(number)
        prompt = ours(talk.after(number), cast, number, "adapter")
        speaking = timed(lambda: collect(engine.stream(Request(prompt, _utterance(number), "bench/ours"))))
        shares.append(100 * deciding / (deciding + speaking))
        return deciding

    def select(number: int) -> float:
        request = Request(selector(talk.after(number), cast), _selection(number), "bench/selector")
        answer: list[str] = []
        seconds = timed(lambda: answer.append(collect(engine.stream(request)).text))
        named.append(100.0 * (len(mentioned(answer[0], cast)) == 1))
        return seconds

    for number in range(_WARM_UP):
        decide(rounds + number)
    select(rounds)
    named.clear()
    samples = interleaved({DIRECTOR: decide_and_speak, SELECTOR: select}, rounds)
    figures = [Figure(name, taken, "s", tokens) for name, taken in samples.items()]
    figures += [Figure(SHARE, tuple(shares), "%", tokens), _mean(SELECTED, named, tokens)]
    say(", ".join(f"{figure.what} {figure.median:.2f} {figure.unit}" for figure in figures))
    return figures


def mentioned(text: str, cast: Cast) -> set[str]:
    """Ids of the personas whose names stand in a text as words of their own."""
    names = {persona.id: re.escape(persona.name) for persona in cast}
    return {id for id, name in names.items() if re.search(rf"(?<!\w){name}(?!\w)", text)}


def _mean(what: str, samples: list[float], at: int) -> Figure:
    return Figure(what, (sum(samples) / len(samples),), "%", at)


def _utterance(number: int) -> Sampling:
    return Sampling(max_tokens=40, seed=number)


def _selection(number: int) -> Sampling:
    return Sampling(max_tokens=32, seed=number)
