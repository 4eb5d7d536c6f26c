"""What a simulated rater answers: by a known truth, or without reading."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studies.flow.steps import Question

TIES = 0.5
"""Davidson's ν: a tie weighs so much against a win between equals."""
TASTE = 0.2
"""Standard deviation of a careful rater's own strengths around the true ones."""

Answer = dict[str, object]


@dataclass(frozen=True)
class Truth:
    """How strong the arms really are: log-odds, adding to zero."""

    strengths: Mapping[str, float]

    @classmethod
    def spread(cls, arms: Sequence[str], step: float = 0.7) -> Truth:
        """The first arm the strongest, each next one weaker by `step`."""
        middle = (len(arms) - 1) / 2
        return cls({arm: (middle - place) * step for place, arm in enumerate(arms)})


@dataclass(frozen=True)
class Rater:
    """One simulated person.

    Attributes:
        careful: Answers by the truth and their own taste; otherwise at random, checks included.
        strengths: What this rater finds, by arm.
    """

    careful: bool
    strengths: Mapping[str, float]
    dice: random.Random

    @classmethod
    def drawn(cls, truth: Truth, careful: bool, dice: random.Random) -> Rater:
        taste = {arm: value + dice.gauss(0, TASTE) for arm, value in truth.strengths.items()}
        return cls(careful, taste, dice)

    def answer(  # noqa: PLR0911 - one for each kind
        self, question: Question, arms: Sequence[str], right: str | None
    ) -> Answer:
        """What this rater says.

        Args:
            arms: of the dialogues from left to right; the rater "reads" them.
            right: the option that somebody who reads the question chooses, if there is one.
        """
        strengths = [self.strengths[arm] if self.careful else 0.0 for arm in arms]
        match question.kind:
            case "scale" | "slider":
                return self._scale(question, strengths[question.where.dialogue or 0])
            case "pairwise":
                return self._vote(question, strengths)
            case "ranking":
                return {"kind": "ranking", "ranks": self._ranks(strengths)}
            case "choice":
                options = [option.value for option in question.options]
                chosen = right if self.careful and right is not None else self.dice.choice(options)
                return {"kind": "choice", "options": [chosen]}
            case "choices":
                options = [option.value for option in question.options]
                return {"kind": "choice", "options": self.dice.sample(options, 1)}
            case "spans":
                label = self.dice.choice([option.value for option in question.options] or [""])
                mark = {"line": 0, "start": 0, "end": 3, "label": label}
                return {"kind": "marks", "marks": [mark]}
            case "text":
                return {"kind": "text", "text": f"because of reason {self.dice.randrange(1000)}"}

    def _scale(self, question: Question, strength: float) -> Answer:
        points = round((question.high - question.low) / question.step)
        point = round(points / 2 + strength * points / 4 + self.dice.gauss(0, points / 5))
        return {"kind": "scale", "value": question.low + question.step * min(max(point, 0), points)}

    def _vote(self, question: Question, strengths: Sequence[float]) -> Answer:
        edge = (strengths[0] - strengths[1]) / 2
        weights = (math.exp(edge), math.exp(-edge), TIES)
        winner = self.dice.choices((0, 1, None), weights)[0]
        strength = None
        if winner is not None and question.strength:
            strength = self.dice.randint(1, question.strength)
        return {"kind": "pairwise", "winner": winner, "both_bad": False, "strength": strength}

    def _ranks(self, strengths: Sequence[float]) -> list[int]:
        """Plackett–Luce, by Gumbel noise."""
        worth = [s - math.log(-math.log(self.dice.uniform(1e-12, 1 - 1e-12))) for s in strengths]
        return [1 + sum(other > own for other in worth) for own in worth]
