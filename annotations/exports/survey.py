"""One look over all answers before anything is written: how many, how well they agree, how often one flips.

The counters stay as small as the study's design (raters, criteria, values), however many answers there are.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from annotations.exports.comparisons import Judged, comparisons
from annotations.records import Choice, Rated, Scale


@dataclass
class Agreement:
    """Krippendorff's α of one criterion, from sums over items.

    The streaming form of `annotations.statistics.alpha` (see there for the formula): interval α for
    numbers, nominal α for everything else.
    """

    numbers: bool
    answers: int = 0
    observed: float = 0.0
    """Σ over items of disagreeing ordered pairs / (m − 1); squared distances for numbers."""
    values: Counter[object] = field(default_factory=Counter)
    """Of items with two answers or more. Not used for numbers."""
    paired: int = 0
    first: float = 0.0
    second: float = 0.0

    def add(self, values: list[float] | list[str]) -> None:
        """The answers to one item."""
        self.answers += len(values)
        m = len(values)
        if m < 2:
            return
        self.paired += m
        if self.numbers:
            numbers = [float(value) for value in values]
            total, squares = sum(numbers), sum(value * value for value in numbers)
            self.observed += (m * squares - total * total) / (m - 1)
            self.first += total
            self.second += squares
        else:
            same = Counter(values)
            self.observed += (m * m - sum(n * n for n in same.values())) / (m - 1)
            self.values.update(same)

    @property
    def alpha(self) -> float | None:
        """−1 to 1; None where it is not defined (no two answers to an item, or no two that differ)."""
        n = self.paired
        if n < 2:
            return None
        if self.numbers:
            expected = (n * self.second - self.first**2) / (n - 1)
        else:
            expected = (n * n - sum(count * count for count in self.values.values())) / (n - 1)
        return 1 - self.observed / expected if expected > 1e-9 else None


@dataclass
class Flips:
    """How often a single rater's vote is the wrong way round.

    If each vote is flipped independently with probability e, two raters of one question disagree with
    probability d = 2e(1 − e), so e = (1 − √(1 − 2d)) / 2; d is measured, ties left out. That the flips are
    independent and equally likely everywhere is our assumption: raters who really see it differently count
    as flips too.
    """

    pairs: int = 0
    disagreeing: int = 0

    def add(self, wins: int, losses: int) -> None:
        """The votes on one question."""
        n = wins + losses
        self.pairs += n * (n - 1) // 2
        self.disagreeing += wins * losses

    @property
    def rate(self) -> float | None:
        """0 to 0.5; None where no two raters answered the same question."""
        if self.pairs == 0:
            return None
        return (1 - math.sqrt(max(0.0, 1 - 2 * self.disagreeing / self.pairs))) / 2


@dataclass
class Mean:
    """A running mean."""

    n: int = 0
    total: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value

    @property
    def value(self) -> float:
        return self.total / self.n


@dataclass
class Survey:
    """What the answers are like as a whole."""

    answers: int = 0
    items: int = 0
    dialogues: int = 0
    last: int = 0
    """Highest answer id seen."""
    raters: dict[str, str] = field(default_factory=dict)
    """Each rater's kind."""
    studies: set[str] = field(default_factory=set)
    raters_per_item: Counter[int] = field(default_factory=Counter)
    agreement: dict[str, Agreement] = field(default_factory=dict)
    """By criterion; of one that was answered in numbers and in words, of what there is more of."""
    flips: dict[str, Flips] = field(default_factory=lambda: defaultdict(Flips))
    """By criterion."""
    means: dict[str, Mean] = field(default_factory=lambda: defaultdict(Mean))
    """Of scale values, by criterion."""
    began: datetime | None = None
    ended: datetime | None = None

    @property
    def scales(self) -> tuple[str, ...]:
        """The criteria that were rated on scales, in alphabetical order."""
        return tuple(sorted(self.means))

    def alpha(self, criterion: str) -> float | None:
        found = self.agreement.get(criterion)
        return found.alpha if found else None

    def flip_rate(self, criterion: str) -> float | None:
        return self.flips[criterion].rate if criterion in self.flips else None


def survey(items: Iterable[Judged]) -> Survey:
    """Read everything once, in the order of dialogues and items."""
    found = Survey()
    agreement: dict[tuple[str, bool], Agreement] = {}
    dialogue = None
    for judged in items:
        found.items += 1
        found.dialogues += judged.item.dialogue != dialogue
        dialogue = judged.item.dialogue
        found.raters_per_item[len({rated.rater.id for rated in judged.rated})] += 1
        for rated in judged.rated:
            _count(found, rated)
        for criterion, numbers, values in _units(judged):
            agreement.setdefault((criterion, numbers), Agreement(numbers)).add(values)
        for comparison in comparisons(judged):
            first, second = comparison.question.pair
            found.flips[comparison.question.criterion].add(comparison.wins(first), comparison.wins(second))
    fewest_first = sorted(agreement.items(), key=lambda pair: pair[1].answers)
    found.agreement = {criterion: each for (criterion, _), each in fewest_first}
    return found


def _count(found: Survey, rated: Rated) -> None:
    answer = rated.answer
    found.answers += 1
    found.last = max(found.last, answer.id)
    found.raters[rated.rater.id] = rated.rater.kind
    found.studies.add(answer.study)
    found.began = min(found.began or answer.at, answer.at)
    found.ended = max(found.ended or answer.at, answer.at)
    if isinstance(answer.value, Scale):
        found.means[answer.criterion].add(answer.value.value)


def _units(judged: Judged) -> Iterator[tuple[str, bool, list[float] | list[str]]]:
    """Everything that several raters may have answered: criterion, whether in numbers, the answers."""
    single: dict[tuple[object, ...], list[float] | list[str]] = defaultdict(list)
    scaled = set()
    for rated in judged.rated:
        answer, target = rated.answer, rated.answer.target
        key = (answer.criterion, target.candidate, target.turn, target.agent)
        if isinstance(answer.value, Scale):
            scaled.add(answer.criterion)
            single[*key, True].append(answer.value.value)  # type: ignore[arg-type]
        elif isinstance(answer.value, Choice):
            single[*key, False].append(" + ".join(sorted(answer.value.options)))  # type: ignore[arg-type]
    for key, values in single.items():
        yield str(key[0]), bool(key[-1]), values
    for comparison in comparisons(judged):
        if comparison.question.criterion not in scaled:
            # By arm, not by place in the item: which candidate stands first there means nothing.
            arms = judged.item.arms
            votes = ["" if v.winner is None else arms[v.winner] for v in comparison.votes]
            yield comparison.question.criterion, False, votes


def pairwise_agreement(values: Iterable[object]) -> float | None:
    """Share of the pairs of raters who gave the same answer, 0 to 1; None with fewer than two."""
    counts = Counter(values).values()
    n = sum(counts)
    if n < 2:
        return None
    return sum(count * (count - 1) for count in counts) / (n * (n - 1))


def wrong_label_rate(wins: int, losses: int, flip_rate: float | None) -> float | None:
    """Probability that the majority has it the wrong way round, 0 to 0.5.

    By Bayes' rule from the votes, each flipped with `flip_rate` e, and even odds before them:
    e^d / (e^d + (1 − e)^d) with d = wins − losses.
    """
    if flip_rate is None:
        return None
    d = abs(wins - losses)
    right, wrong = (1 - flip_rate) ** d, flip_rate**d
    return wrong / (right + wrong)
