"""What every reward model can do, whatever it is made of, and how one is read back from its folder.

    REWARD/reward.json      what it is and what made it: base, data, recipe, figures
    REWARD/…                its weights, as its kind keeps them

A reward has no unit and no zero: differences between candidates of one place are what it means, in logits
of the preference (Bradley and Terry 1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from mascot.alignment.preferences import Block, Candidate

RECORD: Final = "reward.json"


class RewardModel(Protocol):
    """Scores what a persona says in its place."""

    def score(self, candidates: Sequence[Candidate]) -> list[float]:
        """The reward of each candidate; those of one context are scored faster together."""
        ...


class GroupRewardModel(Protocol):
    """Scores what a group has said over N turns."""

    def score(self, blocks: Sequence[Block]) -> list[float]:
        """The reward of each block: all turns with the person's in between, yields among them."""
        ...
