"""Stage 2: director and personas learn together from what whole blocks of turns are worth, by GRPO.

Who gets the credit (ours; the paper leaves it open):

- A block's return is the group reward model's word on it. Its advantage is taken within the group of blocks
  that began in the same place, and belongs to every act of the block: to each choice of the director and
  to each utterance.
- A choice of the director's is also worth something by itself (`rewards.directives`): by how much an expert
  would rather make it than another that was legal, weighted by `directing`. It belongs to that choice alone.
- An utterance is also worth something by itself (`shaping`). That advantage is taken among the utterances of
  the same persona in the same group of blocks, weighted by `own`, and belongs to that utterance alone.
- Each agent's loss is over its own tokens. What others said stands in the context, which has no gradient.
- Director and personas stay near where they began by a divergence each, the director by a heavier one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from math import log
from statistics import fmean, pstdev

import torch

from mascot.alignment.grpo import advantages
from mascot.alignment.persona_stage import apart, summary
from mascot.alignment.places import TalkStart
from mascot.alignment.policy_learner import Played, PolicyLearner, Weights
from mascot.alignment.policy_recipe import GroupRecipe
from mascot.alignment.policy_run import OBJECTIVE, Row
from mascot.alignment.rewards.directives import DirectiveReward
from mascot.alignment.rewards.model import GroupRewardModel, RewardModel
from mascot.alignment.rollouts import Made, Rollouts, Talk
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.shaping import PersonaReward, Worth
from mascot.alignment.table import Table
from mascot.corpora.dialogues import YIELD

_STEADY = 1e-4


class GroupStage:
    """GRPO of a table.

    Args:
        start: the adapters' weights to begin with, the director's and every persona's; the references.
        group: what rewards a block.
        directives: what rewards a choice of the director's.
        own: what rewards an utterance.
    """

    def __init__(
        self,
        table: Table,
        start: dict[str, Weights],
        group: GroupRewardModel,
        directives: DirectiveReward,
        own: RewardModel,
        train: Sequence[TalkStart],
        dev: Sequence[TalkStart],
        recipe: GroupRecipe,
    ) -> None:
        self._table, self._recipe, self._group, self._train = table, recipe, group, train
        self._directives = directives
        self._dev = random.Random(recipe.seed).sample(list(dev), min(len(dev), recipe.dev_places))
        rates = {DIRECTOR: (recipe.director_rate, recipe.director_beta)}
        usual = (recipe.learning_rate, recipe.beta)
        self._learners = {
            name: PolicyLearner(name, table.student, weights, recipe, *rates.get(name, usual))
            for name, weights in start.items()
        }
        self._rollouts = Rollouts(table, self._learners)
        self._own = PersonaReward(own, table.cast, recipe)
        first = self._rollouts.play([train[0]] * recipe.group, recipe.turns, "scale")
        said = [m.spoken for talk in first for m in talk.made if m.spoken]
        self._own = self._own.scaled([said]) if said else self._own

    @property
    def learners(self) -> Sequence[PolicyLearner]:
        return list(self._learners.values())

    def step(self, number: int) -> Row:
        recipe = self._recipe
        lot = random.Random(f"{recipe.seed}/{number}")
        starts = lot.sample(list(self._train), min(len(self._train), recipe.places))
        talks = self._rollouts.play(
            [start for start in starts for _ in range(recipe.group)], recipe.turns, f"step-{number}"
        )
        returns, worth = self._rewards(talks)
        block = advantages(torch.tensor(returns).view(len(starts), recipe.group)).flatten().tolist()
        credit = self._credit(talks, block, worth)
        row = self._summary(talks, returns, worth)
        for name, learner in self._learners.items():
            for figure, value in learner.update(played_by(name, credit)).items():
                row[f"{name}_{figure}"] = value
        return row

    def measure(self) -> Row:
        talks = self._rollouts.play([s for s in self._dev for _ in range(2)], self._recipe.turns, "dev")
        returns, worth = self._rewards(talks)
        row = self._summary(talks, returns, worth)
        for name, learner in self._learners.items():
            made = [m for talk in talks for m in talk.made if m.learner == name]
            row[f"{name}_kl"] = fmean(
                [apart(self._table, learner, p.acts, p.contexts, self._recipe) for p in _by_contexts(made)]
                or [0.0]
            )
        own = fmean([one.reward for some in worth for one in some] or [0.0])
        earned = row["group"] + self._recipe.own * own + self._recipe.directing * row["directives"]
        return {OBJECTIVE: earned, **row}

    def _rewards(self, talks: Sequence[Talk]) -> tuple[list[float], list[list[Worth]]]:
        """Each talk's return, and what each of its utterances is worth."""
        returns = self._group.score([tuple(talk.turns) for talk in talks])
        spoken = [m.spoken for talk in talks for m in talk.made if m.spoken]
        worth = iter(self._own(spoken) if spoken else [])
        return returns, [[next(worth) for m in talk.made if m.spoken] for talk in talks]

    def _credit(
        self, talks: Sequence[Talk], block: Sequence[float], worth: Sequence[Sequence[Worth]]
    ) -> list[tuple[Made, float]]:
        """Every act with its advantage."""
        among: dict[tuple[str, str], list[float]] = {}
        for talk, some in zip(talks, worth, strict=True):
            speakers = (m.learner for m in talk.made if m.spoken)
            for persona, one in zip(speakers, some, strict=True):
                among.setdefault((talk.start.id, persona), []).append(one.reward)
        found = []
        for talk, gain, some in zip(talks, block, worth, strict=True):
            own = iter(some)
            for made in talk.made:
                if made.choice is not None:
                    extra = self._recipe.directing * self._directives.ahead(made.choice, made.option)
                else:
                    others = among[talk.start.id, made.learner]
                    better = (next(own).reward - fmean(others)) / (pstdev(others) + _STEADY)
                    extra = self._recipe.own * better
                found.append((made, gain + extra))
        return found

    def _summary(
        self, talks: Sequence[Talk], returns: Sequence[float], worth: Sequence[Sequence[Worth]]
    ) -> Row:
        spoken = [m.spoken for talk in talks for m in talk.made if m.spoken]
        all_worth = [one for some in worth for one in some]
        choices = [(m.choice, m.option) for talk in talks for m in talk.made if m.choice]
        moves = [t.speaker for talk in talks for t in talk.turns[len(talk.start.turns) :]]
        shares = Counter(move for move in moves if move in self._table.cast)
        total = max(1, shares.total())
        return {
            "group": fmean(returns),
            "directives": fmean([self._directives.ahead(*one) for one in choices] or [0.0]),
            **(summary(spoken, all_worth) if spoken else {}),
            "yields": moves.count(YIELD) / len(talks),
            "entropy": -sum(n / total * log(n / total) for n in shares.values()),
            **{f"share_{persona}": shares[persona] / total for persona in self._table.cast.ids},
        }


def played_by(name: str, credit: Sequence[tuple[Made, float]]) -> list[Played]:
    """A learner's own acts, those over the same contexts together."""
    own = [(made, gain) for made, gain in credit if made.learner == name]
    found = []
    for some in _by_contexts([made for made, _ in own]):
        gains = [gain for made, gain in own if made.contexts is some.contexts]
        found.append(Played(some.acts, gains, some.contexts))
    return found


def _by_contexts(made: Sequence[Made]) -> list[Played]:
    by: dict[int, list[Made]] = {}
    for one in made:
        by.setdefault(id(one.contexts), []).append(one)
    return [Played([m.act for m in some], [0.0] * len(some), some[0].contexts) for some in by.values()]
