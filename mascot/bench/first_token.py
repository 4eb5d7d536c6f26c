"""Time to the first word when the speaker changes: the talk first and the cue last, or the card first.

Each contender has a session of its own, and with it its own memory of its last prompt. In every round the
talk is the same but for its last turn, and another persona speaks, so both read what is new to them: ours
the last turn and the cue, the card-first prompt everything after the card. (A server that keeps one memory
per *persona* would spare card-first prompts most of that, at as many times the memory.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from mascot.bench.material import History, card_first, history, ours
from mascot.bench.measure import Figure, Say, first_token_seconds, interleaved
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import Transcript
from mascot.engines.base import Engine, Request, Sampling

OURS, OURS_CARD, CARD_FIRST = "ours", "ours, the card in the cue", "persona card first"
Build = Callable[[Transcript, int], Prompt]
_ONE = Sampling(max_tokens=1, temperature=0)


def first_token(
    engine: Engine, cast: Cast, sizes: Sequence[int], rounds: int, say: Say, adapters: Sequence[str] = ()
) -> list[Figure]:
    """Seconds to the first token of each contender at each size, in tokens of history.

    Args:
        adapters: names of loaded adapters; given some, ours speaks with a different one in each round.
    """
    figures: list[Figure] = []
    for size in sorted(sizes):
        talk = history(size, cast, engine.count)
        ask = partial(_ask, engine, talk)
        contenders = {
            OURS: ask("ours", lambda t, n: ours(t, cast, n, "adapter"), adapters),
            OURS_CARD: ask("ours", lambda t, n: ours(t, cast, n, "card"), adapters),
            CARD_FIRST: ask("card-first", lambda t, n: card_first(t, cast, n)),
        }
        contenders[OURS](rounds)  # the conversation has come this far
        samples = interleaved(contenders, rounds)
        figures += [Figure(name, taken, "s", size) for name, taken in samples.items()]
        say(f"{talk.tokens} tokens: " + ", ".join(f"{f.what} {f.median:.2f} s" for f in figures[-3:]))
    return figures


def _ask(
    engine: Engine, talk: History, session: str, build: Build, adapters: Sequence[str] = ()
) -> Callable[[int], float]:
    """A contender: seconds to the first token in a round."""

    def measure(number: int) -> float:
        adapter = adapters[number % len(adapters)] if adapters else None
        prompt = build(talk.after(number), number)
        return first_token_seconds(engine, Request(prompt, _ONE, f"bench/{session}", adapter))

    return measure
