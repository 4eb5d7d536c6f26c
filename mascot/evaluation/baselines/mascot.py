"""MASCOT and its ablations: the same speakers and director as in the app, with one thing taken away."""

from __future__ import annotations

from dataclasses import dataclass

from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Transcript
from mascot.evaluation.baselines.base import Companions, Round
from mascot.evaluation.rounds import hold_round
from mascot.evaluation.systems import System


@dataclass(frozen=True)
class Mascot(Companions):
    """A group that a policy directs, guards included, as the app's.

    Args:
        turns: of the group, after each message of the person.
    """

    system: System
    turns: int

    def answer(self, talk: Transcript, session: str) -> Round:
        return hold_round(self.system, talk, self.turns, session)


def without_personas(cast: Cast) -> Cast:
    """The same seats without personas (MASCOT-P): one card for all, names that say nothing.

    Ids, repertoires and tones stay, so that the director has the same moves and an adapter still speaks: the
    paper's ablation takes the prompts away, not the training. Each gets the same examples, one of each
    persona's.
    """
    examples = tuple(persona.examples[0] for persona in cast)
    plain = {
        "role": "a companion",
        "summary": "answers the person.",
        "goals": ("answer the person",),
        "voice": "A companion in a talk.",
        "does": ("answers the person",),
        "does_not": ("speak for anybody else",),
        "examples": examples,
    }
    return Cast(
        persona.model_copy(update={**plain, "name": f"Companion {letter}"})
        for persona, letter in zip(cast, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", strict=False)
    )
