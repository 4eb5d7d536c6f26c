"""What every policy is: a function of the transcript that returns a directive or a yield."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from random import Random

from mascot.conversation.events import Move
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Transcript
from mascot.director.rules import Legal


@dataclass(frozen=True)
class Decision:
    """The move taken. `agent` None is the yield."""

    agent: str | None
    action: str = ""
    tone: str = ""
    score: float = 1.0
    """Probability with which the policy preferred this move over the other legal ones, 0 to 1."""
    weighed: tuple[Move, ...] = ()


class Policy(ABC):
    """Decides before every turn who speaks, to do what, in which tone, or that the person has the floor."""

    name: str

    @abstractmethod
    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:
        """One of the legal moves; the same for the same transcript (its seed included).

        Args:
            transcript: what was said so far.
            cast: the personas of this conversation.
            legal: at least one agent, or the right to yield.
            session: the engine's cache hint, see `engines.base.Request`.
        """


def dice(transcript: Transcript, purpose: str) -> Random:
    """Chance that a restart does not change: it depends on the seed, the turn, the purpose and how often the
    turn has failed only: who tried again by the same throw would fail again."""
    again = f":{transcript.failed}" if transcript.failed else ""
    return Random(f"{transcript.seed}:{len(transcript.turns)}:{purpose}{again}")
