"""Stage 1 of the director: by itself it learns to choose as experts do, by GRPO on what each choice is worth.

Places of preferred talks are taken as they stand, so nobody has to speak: a choice is a few tokens behind a
context that is read once, and a step is over in a fraction of the time that a talk of the group would take.
Stage 2 then begins with a director that knows its table.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean

import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.grpo import advantages
from mascot.alignment.persona_stage import apart
from mascot.alignment.policy import Act
from mascot.alignment.policy_learner import Played, PolicyLearner, Weights
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.policy_run import OBJECTIVE, Row
from mascot.alignment.preferences import Block
from mascot.alignment.rewards.directives import QUESTIONS, Chosen, DirectiveReward
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.table import Table

_Place = Sequence[Chosen]
"""The questions of one decision: who, and unless that is the person, what and in which tone."""


class DirectorStage:
    """GRPO of the director.

    Args:
        start: the adapter's weights to begin with; the reference.
        model: what rewards a choice.
        train, dev: choices of preferred talks; what was chosen there is watched on dev, and never learned.
    """

    def __init__(
        self,
        table: Table,
        start: Weights,
        model: DirectiveReward,
        train: Sequence[Chosen],
        dev: Sequence[Chosen],
        recipe: PolicyRecipe,
    ) -> None:
        self._table, self._model, self._recipe, self._train = table, model, recipe, _by_place(train)
        places = _by_place(dev)
        self._dev = random.Random(recipe.seed).sample(places, min(len(places), recipe.dev_places))
        taken = [place for number in range(recipe.steps) for place in self._taken(number)]
        self._contexts: Contexts = table.read(
            table.asked(place[0].choice).context for place in (*taken, *self._dev)
        )
        self._learner = PolicyLearner(
            DIRECTOR, table.student, start, recipe, recipe.learning_rate, recipe.beta
        )

    @property
    def learners(self) -> Sequence[PolicyLearner]:
        return [self._learner]

    def step(self, number: int) -> Row:
        group = self._recipe.group
        questions = [one for place in self._taken(number) for one in place for _ in range(group)]
        acts = self._choose(questions, f"step-{number}")
        rewards = torch.tensor(self._rewards(questions, acts)).view(-1, group)
        learned = self._learner.update([Played(acts, advantages(rewards).flatten().tolist(), self._contexts)])
        return {**learned, "reward": float(rewards.mean()), "spread": float(rewards.std(1).mean())}

    def measure(self) -> Row:
        questions = [one for place in self._dev for one in place for _ in range(self._recipe.group)]
        acts = self._choose(questions, "dev")
        rewards = self._rewards(questions, acts)
        right = [
            (one.choice.question, _option(one, act) == one.option)
            for one, act in zip(questions, acts, strict=True)
        ]
        alike = {
            f"as_experts_{q}": fmean([same for of, same in right if of == q] or [0.0]) for q in QUESTIONS
        }
        kl = apart(self._table, self._learner, acts, self._contexts, self._recipe)
        return {OBJECTIVE: fmean(rewards), "kl": kl, "reward": fmean(rewards), **alike}

    def _taken(self, number: int) -> list[_Place]:
        """The places of a step, by lot."""
        lot = random.Random(f"{self._recipe.seed}/{number}")
        return lot.sample(self._train, min(len(self._train), self._recipe.places))

    def _choose(self, questions: Sequence[Chosen], what: str) -> list[Act]:
        starts = [self._table.asked(one.choice) for one in questions]
        return self._table.draw(self._learner, starts, self._contexts, self._table.lot(DIRECTOR, what))

    def _rewards(self, questions: Sequence[Chosen], acts: Sequence[Act]) -> list[float]:
        return [
            self._model.ahead(one.choice, _option(one, act)) for one, act in zip(questions, acts, strict=True)
        ]


def _option(one: Chosen, act: Act) -> str:
    """What an act chooses."""
    assert act.choice is not None
    return one.choice.options[act.choice]


def _by_place(choices: Sequence[Chosen]) -> list[_Place]:
    places: dict[Block, list[Chosen]] = {}
    for one in choices:
        places.setdefault(one.choice.context, []).append(one)
    return list(places.values())
