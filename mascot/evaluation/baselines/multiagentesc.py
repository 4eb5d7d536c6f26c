"""MultiAgentESC (MindIntLab 2025): one supporter's reply out of an inner deliberation of several agents.

Written anew from the published description of its three stages; no prompt or line of code is theirs.

1. Dialogue analysis: agents name the person's emotion, its cause, and what the person wants.
2. Strategy deliberation: similar cases are retrieved and shown, and of the eight strategies of ESConv the
   three likeliest are kept, so that a model's preference for one does not decide alone.
3. Response generation: one draft per strategy; their authors see all drafts and argue, then revise their own
   in the light of it, then vote; a judge decides a tie.

About seventeen questions to the model for a reply, as reported by its users. Ours are the cases (expert
replies to training situations, CC0, by MiniLM; theirs are ESConv's), choosing strategies and votes by the
probabilities of constrained decoding, so that a small model never answers beside the question, and lengths.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mascot.conversation.prompt import Message
from mascot.conversation.transcript import PERSON, Transcript
from mascot.corpora.expert import expert_corpus
from mascot.engines.base import Engine, Sampling
from mascot.engines.embedding import Embedder, Vectors
from mascot.evaluation.baselines.assistant import shorter, spoken
from mascot.evaluation.baselines.base import Asking, Companions, Round

STRATEGIES = (
    "ask a question",
    "restate what they said",
    "reflect their feeling",
    "share something of your own",
    "affirm and reassure",
    "make a suggestion",
    "give information",
    "say something else",
)
"""ESConv's eight, as phrases that can be told apart."""
_KEPT = 3
_CASES = 2
_NOTE_TOKENS, _ARGUMENT_TOKENS = 24, 32
_ONLY = "Write only the reply, in one to three sentences."
_ANALYSIS = {
    "emotion": "Name the person's main emotion in a few words.",
    "cause": "Say in one sentence what causes this emotion.",
    "intention": "Say in one sentence what the person wants from this talk.",
}


@dataclass(frozen=True)
class Case:
    """Something that somebody said, and how an expert answered."""

    to: str
    says: str


class Cases:
    """Cases of the expert corpus, found by likeness."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def like(self, text: str, count: int) -> list[Case]:
        """The cases most like a text, the nearest first."""
        cases, vectors = self._all
        near = np.argsort(-(vectors @ self._embedder.encode([text])[0]), kind="stable")[:count]
        return [cases[place] for place in near]

    @cached_property
    def _all(self) -> tuple[list[Case], Vectors]:
        train = [situation for situation in expert_corpus() if situation.split == "train"]
        replies = [list(situation.replies.values()) for situation in train]
        cases = [
            Case(situation.text, own[place % len(own)].says)
            for place, (situation, own) in enumerate(zip(train, replies, strict=True))
        ]
        return cases, self._embedder.encode([case.to for case in cases])


@dataclass(frozen=True)
class MultiAgentESC(Companions):
    """One voice, many inner ones. `counts` of a round: `ties` that the judge had to decide."""

    engine: Engine
    cases: Cases
    sampling: Sampling

    def answer(self, talk: Transcript, session: str) -> Round:
        started = time.perf_counter()
        inner = _Deliberation(Asking(self.engine, talk, session), self.cases, self.sampling)
        notes = inner.analyse()
        drafts = [inner.draft(notes, strategy) for strategy in inner.strategies(notes)]
        revised = inner.debate(drafts)
        text = inner.elect(revised)
        if not text:
            return Round((), talk, empty=1)
        round = spoken(talk, text, inner.tokens, time.perf_counter() - started)
        return replace(round, counts=dict(inner.counts))


class _Deliberation:
    """The inner talk about one reply."""

    def __init__(self, asking: Asking, cases: Cases, sampling: Sampling) -> None:
        self._asking, self._cases, self._sampling = asking, cases, sampling
        self.tokens = 0
        self.counts: Counter[str] = Counter()

    def analyse(self) -> str:
        """Emotion, cause and intention, as notes."""
        notes: list[str] = []
        for name, task in _ANALYSIS.items():
            known = " ".join(notes)
            notes.append(f"{name.capitalize()}: {self._ask(f'{known} {task}'.strip(), _NOTE_TOKENS, name)}")
        return "\n".join(notes)

    def strategies(self, notes: str) -> list[str]:
        """The likeliest three."""
        said = next(turn.text for turn in reversed(self._asking.talk.turns) if turn.speaker == PERSON)
        cases = "\n".join(
            f"To «{case.to}» one answered: {case.says}" for case in self._cases.like(said, _CASES)
        )
        task = f"{notes}\nSimilar cases:\n{cases}\nWhich strategy should the supporter use now?"
        options = [f" {strategy}" for strategy in STRATEGIES]
        likely = self._asking.choose(lambda talk: _about(talk, task), options, "Strategy:")
        order = sorted(range(len(STRATEGIES)), key=lambda place: -likely[place])
        return [STRATEGIES[place] for place in order[:_KEPT]]

    def draft(self, notes: str, strategy: str) -> str:
        """A reply by one strategy."""
        task = f"{notes}\nAs the supporter, {strategy}. {_ONLY}"
        return self._ask(task, self._sampling.max_tokens, f"draft:{strategy}")

    def debate(self, drafts: Sequence[str]) -> list[str]:
        """The drafts after each author has argued for its own and revised it."""
        listed = _listed(drafts)
        arguments = [
            self._ask(
                f"{listed}\nSay in one sentence why reply {place} helps the person most.",
                _ARGUMENT_TOKENS,
                f"argue:{place}",
            )
            for place in range(1, len(drafts) + 1)
        ]
        heard = "\n".join(f"For reply {place}: {text}" for place, text in enumerate(arguments, 1))
        return [
            self._ask(
                f"{listed}\n{heard}\nImprove reply {place} in this light. {_ONLY}",
                self._sampling.max_tokens,
                f"revise:{place}",
            )
            or draft
            for place, draft in enumerate(drafts, 1)
        ]

    def elect(self, replies: Sequence[str]) -> str:
        """The reply with most votes: one vote of each author, and the judge's where they are equal."""
        if not all(replies):
            return next((reply for reply in replies if reply), "")
        votes = Counter(
            self._vote(replies, f"Author {author} votes.") for author in range(1, len(replies) + 1)
        )
        (first, most), *others = votes.most_common()
        if others and others[0][1] == most:
            self.counts["ties"] += 1
            first = self._vote(replies, "The judge decides.")
        return replies[first]

    def _vote(self, replies: Sequence[str], who: str) -> int:
        options = [f" {place}" for place in range(1, len(replies) + 1)]
        task = f"{_listed(replies)}\n{who} Which reply helps the person most? Give its number."
        likely = self._asking.choose(lambda talk: _about(talk, task), options, "Reply")
        return int(np.argmax(likely))

    def _ask(self, task: str, tokens: int, purpose: str) -> str:
        sampling = shorter(self._sampling, tokens)
        made = self._asking.say(lambda talk: _about(talk, task), sampling, purpose)
        self.tokens += made.tokens
        return made.text


def _about(talk: Transcript, task: str) -> list[Message]:
    lines = "\n".join(f"{'Person' if t.speaker == PERSON else 'Supporter'}: {t.text}" for t in talk.heard)
    table = "Several experts think about an emotional support conversation."
    return [Message("system", table), Message("user", f"{lines}\n\n{task}")]


def _listed(replies: Sequence[str]) -> str:
    return "\n".join(f"Reply {place}: {text}" for place, text in enumerate(replies, 1))
