"""What an utterance is worth: the reward model's word, its form, and its length.

    reward = model / scale + format_weight * format + length_weight * length

`format` is 1 for what the guards of a live conversation let through as it is, ended by itself in one to
three sentences, a half with one fault, 0 with more. `length` is 0 within the bounds and falls linearly to -1
outside. `scale` is how much the reward model's word varies among drawn utterances of one place, so that a
deviation of it weighs as much as a whole fault of form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev

from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.preferences import Candidate
from mascot.alignment.rewards.model import RewardModel
from mascot.conversation.events import Directive
from mascot.conversation.guards import Guards
from mascot.conversation.layout import secrets
from mascot.conversation.personas import Cast
from mascot.conversation.text import words


@dataclass(frozen=True)
class Spoken:
    """An utterance as it was drawn."""

    place: Candidate
    """Its words are whatever the expert said there, or none."""
    text: str
    ended: bool
    """Whether it came to an end by itself."""


@dataclass(frozen=True)
class Worth:
    """What an utterance is worth, and what of that is what."""

    shown: str
    """What the guards leave of it."""
    model: float
    format: float
    length: float
    reward: float
    words: int


class PersonaReward:
    """Rewards of utterances."""

    def __init__(self, model: RewardModel, cast: Cast, recipe: PolicyRecipe, scale: float = 1.0) -> None:
        self._model, self._cast, self._recipe, self._scale = model, cast, recipe, scale

    def scaled(self, groups: Sequence[Sequence[Spoken]]) -> PersonaReward:
        """The same with its scale taken from utterances of one place each."""
        spreads = [pstdev(worth.model for worth in self(group)) for group in groups]
        return PersonaReward(self._model, self._cast, self._recipe, max(fmean(spreads), 1e-3))

    def __call__(self, spoken: Sequence[Spoken]) -> list[Worth]:
        """What each is worth; the reward model reads what would be shown, or else what was said."""
        passed = [passed_guards(one, self._cast) for one in spoken]
        heard = [
            replace(one.place, says=shown or one.text or "…")
            for one, (shown, _) in zip(spoken, passed, strict=True)
        ]
        recipe = self._recipe
        found = []
        for one, (shown, form), model in zip(spoken, passed, self._model.score(heard), strict=True):
            count = len(words(one.text))
            length = length_term(count, recipe.shortest, recipe.longest)
            reward = model / self._scale + recipe.format_weight * form + recipe.length_weight * length
            found.append(Worth(shown, model, form, length, reward, count))
        return found


def passed_guards(spoken: Spoken, cast: Cast) -> tuple[str, float]:
    """What the guards leave, and how well it was formed, 0 to 1."""
    place = spoken.place
    directive = Directive(agent=place.persona, action=place.action, tone=place.tone, score=1.0)
    persona = cast[place.persona]
    earlier = [turn.says for turn in place.context if turn.says]
    guards = Guards(persona, cast, earlier, secrets(persona, directive))
    guards.feed(spoken.text)
    guards.finish(spoken.ended)
    faults = guards.caught.total() + (0 if spoken.ended else 1)
    return guards.said, max(0.0, 1 - faults / 2) if guards.said else 0.0


def length_term(count: int, shortest: int, longest: int) -> float:
    """0 for `shortest` to `longest` words, falling linearly to -1 at none and at twice `longest`."""
    return -min(1.0, max(0.0, 1 - count / shortest, count / longest - 1))
