"""Examples for few-shot prompting: replies of our expert corpus to training situations, the same for all.

One from each domain, each answered by another of the four personas, so that one assistant sees all four ways
to answer. The paper does not publish its shots.
"""

from __future__ import annotations

from dataclasses import dataclass

from mascot.corpora.expert import DOMAINS, expert_corpus


@dataclass(frozen=True)
class Shot:
    """Somebody's message, what one may think of it, and a reply."""

    to: str
    thought: str
    says: str


def shots() -> tuple[Shot, ...]:
    """Four of them."""
    found = []
    corpus = [situation for situation in expert_corpus() if situation.split == "train"]
    for place, domain in enumerate(DOMAINS):
        situation = next(s for s in corpus if s.domain == domain)
        reply = list(situation.replies.values())[place % len(situation.replies)]
        thought = f"They feel {situation.emotion}. It may help to {reply.action}, in a {reply.tone} tone."
        found.append(Shot(situation.text, thought, reply.says))
    return tuple(found)
