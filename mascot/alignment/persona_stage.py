"""Stage 1: one persona learns from the reward of what it says, by GRPO.

In each step a few places of the corpus are taken, a group of utterances is drawn for each, and what did
better than its group becomes likelier. What stands before an utterance is read once under the base model
and kept, so a step is drawing, and a pass over tails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.grpo import advantages, divergence
from mascot.alignment.policy import Act, log_probabilities
from mascot.alignment.policy_learner import Played, PolicyLearner, Weights
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.policy_run import OBJECTIVE, Row
from mascot.alignment.preferences import Candidate
from mascot.alignment.rewards.model import RewardModel
from mascot.alignment.shaping import PersonaReward, Spoken, Worth
from mascot.alignment.table import Table
from mascot.evaluation import redundancy

Unseen = Callable[[Sequence[Candidate]], Row]
"""Figures of somebody who trained nothing and is never learned from; they are watched."""


class PersonaStage:
    """GRPO of one persona.

    Args:
        start: the adapter's weights to begin with; the reference.
        model: what rewards, before form and length.
        train, dev: places of this persona.
        unseen: who else looks at what is said on dev.
    """

    def __init__(
        self,
        table: Table,
        persona: str,
        start: Weights,
        model: RewardModel,
        train: Sequence[Candidate],
        dev: Sequence[Candidate],
        recipe: PolicyRecipe,
        unseen: Unseen | None = None,
    ) -> None:
        self._table, self._recipe, self._unseen = table, recipe, unseen
        self._train = train
        self._dev = random.Random(recipe.seed).sample(list(dev), min(len(dev), recipe.dev_places))
        taken = [place for number in range(recipe.steps) for place in self._taken(number)]
        self._contexts = table.read(table.start(place).context for place in (*taken, *self._dev))
        self._learner = PolicyLearner(
            persona, table.student, start, recipe, recipe.learning_rate, recipe.beta
        )
        self._reward = PersonaReward(model, table.cast, recipe).scaled(self._first_words())

    @property
    def learners(self) -> Sequence[PolicyLearner]:
        return [self._learner]

    def step(self, number: int) -> Row:
        recipe = self._recipe
        places = self._taken(number)
        acts, spoken = self._speak([p for p in places for _ in range(recipe.group)], f"step-{number}")
        worth = self._reward(spoken)
        rewards = torch.tensor([one.reward for one in worth]).view(len(places), recipe.group)
        learned = self._learner.update([Played(acts, advantages(rewards).flatten().tolist(), self._contexts)])
        spread = float(rewards.std(1).mean())
        return {**learned, **summary(spoken, worth), "spread": spread}

    def measure(self) -> Row:
        acts, spoken = self._speak([place for place in self._dev for _ in range(2)], "dev")
        worth = self._reward(spoken)
        row = summary(spoken, worth)
        said = [replace(p.place, says=w.shown) for p, w in zip(spoken, worth, strict=True)]
        unseen = self._unseen(said) if self._unseen else {}
        return {OBJECTIVE: row["reward"], "kl": self._apart(acts), **row, **unseen}

    def _taken(self, number: int) -> list[Candidate]:
        """The places of a step, by lot."""
        lot = random.Random(f"{self._recipe.seed}/{number}")
        return lot.sample(list(self._train), min(len(self._train), self._recipe.places))

    def _first_words(self) -> list[list[Spoken]]:
        """Utterances of the persona before it learned anything, those of a place together."""
        places = self._dev[:8]
        _, spoken = self._speak([place for place in places for _ in range(self._recipe.group)], "scale")
        return [list(spoken[i : i + self._recipe.group]) for i in range(0, len(spoken), self._recipe.group)]

    def _speak(self, places: Sequence[Candidate], what: str) -> tuple[list[Act], list[Spoken]]:
        starts = [self._table.start(place) for place in places]
        acts = self._table.draw(
            self._learner, starts, self._contexts, self._table.lot(self._learner.name, what)
        )
        return acts, [self._table.spoken(place, act) for place, act in zip(places, acts, strict=True)]

    def _apart(self, acts: Sequence[Act]) -> float:
        return apart(self._table, self._learner, acts, self._contexts, self._recipe)


@torch.no_grad()
def apart(
    table: Table, learner: PolicyLearner, acts: Sequence[Act], contexts: Contexts, recipe: PolicyRecipe
) -> float:
    """How far the learner is from where it began, on its own acts; nats per token."""
    pieces = Played(acts, [0.0] * len(acts), contexts).cut(recipe.micro_batch)
    known = []
    for weights in (learner.weights, learner.reference):
        table.student.take(weights)
        found = [log_probabilities(table.student, p.acts, contexts, recipe.temperature)[0] for p in pieces]
        known.append(torch.cat(found) if found else torch.zeros(1))
    return float(divergence(*known).mean())


def summary(spoken: Sequence[Spoken], worth: Sequence[Worth]) -> Row:
    """Rewards, and what shows a reward got by a trick: length, the same phrase in many places."""
    texts = [one.text for one in spoken]
    by_place: dict[int, list[str]] = {}
    for one in spoken:
        by_place.setdefault(id(one.place), []).append(one.text)
    return {
        "reward": fmean(one.reward for one in worth),
        "model": fmean(one.model for one in worth),
        "format": fmean(one.format for one in worth),
        "length": fmean(one.length for one in worth),
        "words": fmean(one.words for one in worth),
        "ended": fmean(one.ended for one in spoken),
        "distinct_2": redundancy.distinct(texts, 2) or 0.0,
        "reuse_4": redundancy.reuse(list(by_place.values()), 4) or 0.0,
    }
