"""Which of two or three is better: asked in every place for each of them, so that no place is an advantage.

Two cases are asked in both orders, three in three rotations: each stands once in each place. What a judge
gives to a place whatever stands there is its order bias; what remains after averaging is its preference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Engine, Request
from mascot.errors import EngineError, EngineTimeoutError, InputError
from mascot.evaluation.judges.base import Case, Preference
from mascot.evaluation.judges.engine_judge import told

_LETTERS = ("A", "B", "C")
_EVEN = 1e-9
"""Probabilities no further apart are a tie."""
_TASK = "You compare answers to the same message. Their order means nothing."
QUESTION = "Which answer would help the person who wrote the message most?"
"""What is asked where nothing else is (our wording)."""


@dataclass(frozen=True)
class Compared:
    """What a judge made of cases beside one another, in all places."""

    asked: tuple[Preference, ...]
    """One for each order; those without probabilities failed."""

    @property
    def shares(self) -> dict[str, float] | None:
        """Probability of each case to be the best, mean over the orders.

        None unless every order was answered: half an answer would have the order bias in it.
        """
        if any(preference.failed for preference in self.asked):
            return None
        ids = self.asked[0].shown
        return {id: fmean(one.probabilities[one.shown.index(id)] for one in self.asked) for id in ids}

    @property
    def best(self) -> str | None:
        """The case with the largest share; None for a tie or a failure."""
        shares = self.shares
        if shares is None:
            return None
        ordered = sorted(shares.values(), reverse=True)
        return max(shares, key=lambda id: shares[id]) if ordered[0] - ordered[1] > _EVEN else None

    @property
    def steady(self) -> bool | None:
        """Whether the same case wins in every order, which nobody does by a tie; None where one failed."""
        if any(preference.failed for preference in self.asked):
            return None
        winners = {_winner(preference) for preference in self.asked}
        return len(winners) == 1 and None not in winners


def compare_cases(engine: Engine, judge: str, cases: Sequence[Case], question: str = QUESTION) -> Compared:
    """Ask in every order.

    Args:
        judge: the name that preferences carry.
        cases: two or three answers to the same talk (`heard` is the first one's).

    Raises:
        InputError: fewer or more.
    """
    if not 2 <= len(cases) <= len(_LETTERS):
        raise InputError(f"{len(cases)} cases cannot be compared: give two or three")
    orders = [[*cases[place:], *cases[:place]] for place in range(len(cases))]
    return Compared(tuple(_ask(engine, judge, order, question) for order in orders))


def order_bias(compared: Sequence[Compared]) -> float | None:
    """What standing first is worth: mean probability of the first place minus an equal share; 0 is none.

    Only cases that were asked about in every order count: else what stood first would be in it, too. None
    where there are none.
    """
    whole = [some for some in compared if some.shares is not None]
    first = [one.probabilities[0] - 1 / len(one.shown) for some in whole for one in some.asked]
    return fmean(first) if first else None


def comparison_prompt(cases: Sequence[Case], question: str = QUESTION) -> Prompt:
    """The talk, the answers under letters, and the question with its answer begun."""
    before = f"The message:\n{told(cases[0].heard)}"
    answers = [f"Answer {letter}:\n{told(case.said)}" for letter, case in zip(_LETTERS, cases, strict=False)]
    letters = " or ".join(_LETTERS[: len(cases)])
    ask = "\n\n".join([*answers, f"{question} Answer with one letter, {letters}."])
    return Prompt((Message("system", _TASK), Message("user", before)), (Message("user", ask),), "Answer:")


def _ask(engine: Engine, judge: str, cases: Sequence[Case], question: str) -> Preference:
    shown = tuple(case.id for case in cases)
    options = [f" {letter}" for letter in _LETTERS[: len(cases)]]
    request = Request(comparison_prompt(cases, question), session=f"compare:{min(shown)}")
    try:
        return Preference(judge=judge, shown=shown, probabilities=tuple(engine.choose(request, options)))
    except EngineTimeoutError:
        return Preference(judge=judge, shown=shown, failed="timed out")
    except EngineError as error:
        return Preference(judge=judge, shown=shown, failed=str(error) or "the engine failed")


def _winner(preference: Preference) -> str | None:
    """The likeliest; None where two are."""
    second, first = sorted(preference.probabilities)[-2:]
    return preference.shown[preference.probabilities.index(first)] if first - second > _EVEN else None
