"""Time to the first word when the speaker changes: the talk first and the cue last, or the card first.

Each contender has a session of its own, and with it its own memory of its last prompt. In every round the
talk is the same but for its last turn, and another persona speaks, so both read what is new to them: ours
the last turn and the cue, the card-first prompt everything after the card. (A server that keeps one memory
per *persona* would spare card-first prompts most of that, at as many times the memory.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from mascot.bench.material import History, card_first, history, ours
from mascot.bench.measure import Figure, Say, first_token, interleaved
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Prompt
from mascot.conversation.transcript import Transcript
from mascot.engines.base import Engine, Request, Sampling

OURS, OURS_CARD, CARD_FIRST = "ours", "ours, the card in the cue", "persona card first"
READ = "tokens read"
Build = Callable[[Transcript, int], Prompt]
_ONE = Sampling(max_tokens=1, temperature=0)


def speaker_changes(
    engine: Engine, cast: Cast, sizes: Sequence[int], rounds: int, say: Say, adapters: Sequence[str] = ()
) -> list[Figure]:
    """Seconds to the first token of each contender at each size, in tokens of history.

    Args:
        adapters: names of loaded adapters; given some, ours speaks with a different one in each round.
    """
    figures: list[Figure] = []
    for size in sorted(sizes):
        talk = history(size, cast, engine.count)
        contenders = {
            OURS: _Contender(engine, talk, "ours", lambda t, n: ours(t, cast, n, "adapter"), adapters),
            OURS_CARD: _Contender(engine, talk, "ours", lambda t, n: ours(t, cast, n, "card"), adapters),
            CARD_FIRST: _Contender(engine, talk, "card-first", lambda t, n: card_first(t, cast, n)),
        }
        contenders[OURS].ask(rounds)  # the conversation has come this far
        samples = interleaved({name: one.measure for name, one in contenders.items()}, rounds)
        figures += [Figure(name, taken, "s", size) for name, taken in samples.items()]
        figures += [Figure(f"{n}: {READ}", tuple(c.read), "tok", size) for n, c in contenders.items()]
        say(f"{talk.tokens} tokens: " + ", ".join(f"{n} {median(s):.2f} s" for n, s in samples.items()))
    return figures


@dataclass
class _Contender:
    """One way to ask for the next speaker's words, and what was read for it in each round."""

    engine: Engine
    talk: History
    session: str
    build: Build
    adapters: Sequence[str] = ()
    read: list[float] = field(default_factory=list)

    def measure(self, number: int) -> float:
        """Seconds to the first token in a round."""
        seconds, tokens = self.ask(number)
        self.read.append(tokens)
        return seconds

    def ask(self, number: int) -> tuple[float, int]:
        adapter = self.adapters[number % len(self.adapters)] if self.adapters else None
        prompt = self.build(self.talk.after(number), number)
        return first_token(self.engine, Request(prompt, _ONE, f"bench/{self.session}", adapter))
