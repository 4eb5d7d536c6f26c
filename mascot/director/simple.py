"""Policies that ask no model: for comparison, for tests, and for tables that want them."""

from __future__ import annotations

from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Transcript
from mascot.director.base import Decision, Policy, dice
from mascot.director.rules import Legal


class RoundRobin(Policy):
    """Everyone in order of seats, once per round; then the floor goes back."""

    name = "round-robin"

    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:  # noqa: ARG002
        if legal.may_yield and len(set(transcript.round)) >= len(set(legal.agents) | set(transcript.round)):
            return Decision(None)
        spoken = [turn.speaker for turn in transcript.turns if turn.speaker in transcript.cast]
        start = transcript.cast.index(spoken[-1]) + 1 if spoken else 0
        order = transcript.cast[start:] + transcript.cast[:start]
        return _with_action(next(agent for agent in order if agent in legal.agents), transcript, cast)


class RandomOrder(Policy):
    """Anyone who may, evenly (the paper's ablation MASCOT-C); yields only when nobody may speak."""

    name = "random"

    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:  # noqa: ARG002
        if not legal.agents:
            return Decision(None)
        agent = dice(transcript, "agent").choice(legal.agents)
        return _with_action(agent, transcript, cast, 1 / len(legal.agents))


class ByMention(Policy):
    """Whoever was asked; nobody asked, the one unheard for longest; then the floor goes back."""

    name = "mention"

    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:  # noqa: ARG002
        if legal.may_yield:
            return Decision(None)
        spoken = [turn.speaker for turn in transcript.turns]
        agent = min(legal.agents, key=lambda a: (len(spoken) - spoken[::-1].index(a)) if a in spoken else 0)
        return _with_action(agent, transcript, cast)


def _with_action(agent: str, transcript: Transcript, cast: Cast, score: float = 1.0) -> Decision:
    """An action and a tone by lot: these policies direct who speaks, not what for."""
    chance = dice(transcript, "action")
    return Decision(agent, chance.choice(cast[agent].repertoire), chance.choice(cast[agent].tones), score)
