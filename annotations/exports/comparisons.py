"""What raters said about two candidates of an item, whichever way they were asked.

A pairwise answer is a vote; a ranking is one vote on every two of its candidates; and so are scale values
that one rater gave to both candidates on the same criterion. Where a rater was asked both ways, the direct
answer counts. Everybody has one vote.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from annotations.records import Item, Pairwise, Ranking, Rated, Scale


@dataclass(frozen=True)
class Judged:
    """An item with all answers that count."""

    item: Item
    rated: Sequence[Rated]


@dataclass(frozen=True)
class Vote:
    """One rater's judgement of two candidates."""

    rater: str
    answers: tuple[int, ...]
    winner: int | None
    """Index of the better candidate in the item; None is a tie."""
    left: int
    """Index of the candidate shown first of the two."""
    both_bad: bool = False


@dataclass(frozen=True)
class Question:
    """What was asked about two candidates: the criterion, and the turn or agent where one was meant."""

    criterion: str
    pair: tuple[int, int]
    turn: int | None = None
    agent: str = ""


@dataclass(frozen=True)
class Comparison:
    """All votes on one question."""

    item: Item
    question: Question
    votes: tuple[Vote, ...]

    def wins(self, candidate: int) -> int:
        """Votes for a candidate."""
        return sum(vote.winner == candidate for vote in self.votes)

    @cached_property
    def winner(self) -> int | None:
        """The candidate with more votes; None where they are even."""
        first, second = self.question.pair
        ahead = self.wins(first) - self.wins(second)
        return None if ahead == 0 else first if ahead > 0 else second

    @property
    def both_bad(self) -> int:
        return sum(vote.both_bad for vote in self.votes)

    @property
    def ties(self) -> int:
        """Votes for neither, those for "both bad" among them."""
        return sum(vote.winner is None for vote in self.votes)


def comparisons(judged: Judged) -> Iterator[Comparison]:
    """Every question about two candidates of the item, with its votes."""
    found: dict[Question, dict[str, Vote]] = {}
    for question, vote in itertools.chain(_direct(judged), _from_scales(judged)):
        found.setdefault(question, {}).setdefault(vote.rater, vote)
    for question, votes in found.items():
        yield Comparison(judged.item, question, tuple(votes.values()))


def _direct(judged: Judged) -> Iterator[tuple[Question, Vote]]:
    for rated in judged.rated:
        answer, target = rated.answer, rated.answer.target
        value = answer.value
        if isinstance(value, Pairwise):
            question = Question(answer.criterion, (0, 1), target.turn, target.agent)
            left = min((0, 1), key=rated.place)
            yield question, Vote(rated.rater.id, (answer.id,), value.winner, left, value.both_bad)
        elif isinstance(value, Ranking):
            for pair in itertools.combinations(range(len(value.ranks)), 2):
                winner = _better(pair, -value.ranks[pair[0]], -value.ranks[pair[1]])
                left = min(pair, key=rated.place)
                question = Question(answer.criterion, pair, target.turn, target.agent)
                yield question, Vote(rated.rater.id, (answer.id,), winner, left)


def _from_scales(judged: Judged) -> Iterator[tuple[Question, Vote]]:
    given: dict[tuple[str, str, str], dict[int, tuple[Rated, float]]] = {}
    for rated in judged.rated:
        answer, target = rated.answer, rated.answer.target
        if isinstance(answer.value, Scale) and target.candidate is not None and target.turn is None:
            key = (rated.rater.id, answer.criterion, target.agent)
            given.setdefault(key, {})[target.candidate] = (rated, answer.value.value)
    for (rater, criterion, agent), values in given.items():
        for pair in itertools.combinations(sorted(values), 2):
            (first, value), (second, other) = values[pair[0]], values[pair[1]]
            left = min(pair, key=first.place)
            answers = (first.answer.id, second.answer.id)
            vote = Vote(rater, answers, _better(pair, value, other), left)
            yield Question(criterion, pair, agent=agent), vote


def _better(pair: tuple[int, int], first: float, second: float) -> int | None:
    return None if first == second else pair[0] if first > second else pair[1]
