"""What a directive is worth by itself: an expert's choice, beside what else could have been chosen.

The group reward reads what was said, and nothing in it holds what the director asked for. This looks at
nothing else: each choice in a preferred talk (who is next, to do what, in which tone) is a preference over
its other legal options, and a few counts of what went before are weighed linearly. Normalised over the
options that is a conditional logit (McFadden 1974), fitted to pairs. Ours: the paper has one group reward.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Literal

import numpy as np
from scipy import sparse

from mascot.alignment.preferences import Block, BlockPreference
from mascot.alignment.rewards import bradley_terry
from mascot.alignment.rewards.bradley_terry import Pairs
from mascot.alignment.samples import heard
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import YIELD, DialogueTurn
from mascot.director.rules import legal
from mascot.errors import ModelError
from mascot.evaluation import style

Question = Literal["who", "task", "tone"]
QUESTIONS: tuple[Question, ...] = ("who", "task", "tone")
_LATE = 3
"""From the fourth turn of a round, and the third round, on they are counted alike."""


@dataclass(frozen=True)
class Choice:
    """A question that a director is asked, and what it may answer."""

    question: Question
    context: Block
    """Everything before, with its directives and yields."""
    options: tuple[str, ...]
    """Ids and `YIELD`, or phrases of the persona's card."""
    persona: str = ""
    """Who is to do it; nobody yet where the question is who."""


@dataclass(frozen=True)
class Chosen:
    """What was chosen in a talk that is preferred."""

    choice: Choice
    option: str
    theme: str
    weight: float
    """Of the preference that it comes from, 0 to 1."""


def movers(context: Sequence[DialogueTurn], cast: Cast) -> tuple[str, ...]:
    """Who may be next by the rules of the table; `YIELD` is the person."""
    moves = legal(heard(context, cast), cast)
    return (*moves.agents, *([YIELD] if moves.may_yield else []))


def chosen_in(row: BlockPreference, cast: Cast) -> list[Chosen]:
    """Every choice in the preferred talk of a pair that had more than one option."""
    talk, _ = row.blocks
    found = []
    for i, turn in enumerate(talk):
        if turn.speaker == PERSON:
            continue
        found.append((Choice("who", talk[:i], movers(talk[:i], cast)), turn.speaker))
        if turn.speaker in cast:
            card = cast[turn.speaker]
            found.append((Choice("task", talk[:i], card.repertoire, card.id), turn.action))
            found.append((Choice("tone", talk[:i], card.tones, card.id), turn.tone))
    return [
        Chosen(choice, option, row.theme, row.weight)
        for choice, option in found
        if len(choice.options) > 1 and option in choice.options
    ]


class DirectiveReward:
    """The model.

    Args:
        weights: of what can be counted of an option, by name; what they do not name weighs nothing.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)

    def likelihoods(self, choice: Choice) -> list[float]:
        """Log-probability, in nats, that each option is the one that is preferred; shape (options,)."""
        worth = [
            sum(self.weights.get(name, 0.0) * value for name, value in _counts(choice, option).items())
            for option in choice.options
        ]
        best = max(worth)
        total = best + log(sum(exp(one - best) for one in worth))
        return [one - total for one in worth]

    def ahead(self, choice: Choice, option: str) -> float:
        """By how much an option is likelier than what is preferred is in the mean; nats.

        0 in the mean for who chooses as the experts do, so it can stand as an advantage.
        """
        likely = self.likelihoods(choice)
        return likely[choice.options.index(option)] - sum(exp(one) * one for one in likely)

    @classmethod
    def load(cls, weights: Mapping[str, float]) -> DirectiveReward:
        """The model of these weights, as a record has them.

        Raises:
            ModelError: there are none.
        """
        if not weights:
            raise ModelError(
                "this group reward knows nothing of directives: train it anew, from talks that have some"
            )
        return cls(weights)


def fit_directives(rows: Iterable[Chosen], ridge: float) -> DirectiveReward:
    """The model of these choices, of none if there are none; each counts once, whatever number of options it
    was taken over."""
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    shares: list[float] = []
    for row in rows:
        choice, better = row.choice, _counts(row.choice, row.option)
        others = [option for option in choice.options if option != row.option]
        pairs += [(better, _counts(choice, other)) for other in others]
        shares += [row.weight / len(others)] * len(others)
    if not pairs:
        return DirectiveReward({})
    names = sorted({name for pair in pairs for one in pair for name in one})
    column = {name: i for i, name in enumerate(names)}
    differences = np.zeros((len(pairs), len(names)))
    for i, (better, worse) in enumerate(pairs):
        for sign, one in ((1.0, better), (-1.0, worse)):
            for name, value in one.items():
                differences[i, column[name]] += sign * value
    found = Pairs(sparse.csr_matrix(differences), np.zeros(len(pairs)), np.array(shares))
    weights = bradley_terry.fit(found, ridge)
    return DirectiveReward(dict(zip(names, weights.tolist(), strict=True)))


def told_right(model: DirectiveReward, rows: Sequence[Chosen], question: Question) -> dict[str, float]:
    """By theme, the share of choices of which the likeliest option is the one that was taken."""
    by: dict[str, list[bool]] = {}
    for row in rows:
        if row.choice.question == question:
            likely = model.likelihoods(row.choice)
            by.setdefault(row.theme, []).append(row.choice.options[int(np.argmax(likely))] == row.option)
    return {theme: sum(right) / len(right) for theme, right in by.items()}


def _counts(choice: Choice, option: str) -> dict[str, float]:
    """What can be counted of an option, by name."""
    if choice.question == "who":
        return _of_mover(choice.context, option)
    done = [turn for turn in choice.context if turn.speaker == choice.persona]
    before = [turn.action if choice.question == "task" else turn.tone for turn in done]
    who = f"{choice.persona}: {option}"
    return {
        who: 1.0,
        f"{who}, at first": float(not done),
        f"{who}, after {_last(choice.context).speaker}": 1.0,
        f"{choice.question} again": float(option in before),
        f"{choice.question} again at once": float(before[-1:] == [option]),
    }


def _of_mover(context: Block, option: str) -> dict[str, float]:
    last, asked = _last(context), [i for i, turn in enumerate(context) if turn.speaker == PERSON]
    spoken = [turn.speaker for turn in context if turn.speaker not in (PERSON, YIELD)]
    turns = context[asked[-1] + 1 :] if asked else context
    return {
        option: 1.0,
        f"{option} after {min(len(turns), _LATE)} turns": 1.0,
        f"{option} after {last.speaker}": 1.0,
        f"{option} in round {min(len(asked), _LATE)}": 1.0,
        f"{option} after a question": float(style.asks(last.says)),
        f"{option} after advice": float(style.advises(last.says)),
        "again in a round": float(option in [turn.speaker for turn in turns]),
        "for the first time": float(option != YIELD and option not in spoken),
    }


def _last(context: Block) -> DialogueTurn:
    """What was said last; nobody's, before anything was."""
    return next((turn for turn in reversed(context) if turn.speaker != YIELD), DialogueTurn(speaker=""))
