"""Which split a row belongs to: decided by the dialogue it comes from, never by the row.

All rows of a dialogue, of every arm, rater, criterion and format, fall into the same split, so that nothing
a model is tested on was seen in training under another name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

SPLITS: Final = ("train", "validation", "test")


@dataclass(frozen=True)
class Shares:
    """Shares of the dialogues that go to validation and test, each 0 to 1; the rest trains."""

    validation: float = 0.1
    test: float = 0.1
    seed: int = 0

    def of(self, dialogue: str) -> str:
        """The split of a dialogue: the same on every machine, in every export with this seed."""
        digest = hashlib.sha256(f"{self.seed}/{dialogue}".encode()).digest()
        place = int.from_bytes(digest[:8]) / 2**64
        if place < self.test:
            return "test"
        return "validation" if place < self.test + self.validation else "train"
