"""A judge's report card: how well it agrees with experts, beside how well experts agree with one another.

It comes before every figure of that judge. `experts` is the median of three; expert with expert is the mean
over the three pairs of single experts, and therefore the harder comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean, median

from mascot.conversation.events import Record
from mascot.evaluation.judges.agreement import kappa_interval, quadratic_kappa, spearman
from mascot.evaluation.judges.base import Criterion
from mascot.evaluation.judges.rated import CONSENSUS, CROWD, EXPERT_NAMES, Rated

Scores = Mapping[tuple[str, str], float | None]
"""A judge's score by case and dimension, None where it failed."""

TOO_WEAK = 0.2
"""Below this median κ a judge is not believed ("slight" agreement, Landis and Koch 1977)."""

_FAILS = 0.2
"""Nor is one that gives no score to more than this share of the questions."""


class Line(Record):
    """One dimension of a card."""

    dimension: str
    title: str
    n: int
    """Conversations that have a score."""
    failed: int
    """Conversations for which the judge gave none."""
    kappa: float | None
    """Quadratic weighted, judge with the experts' median; None where neither varies."""
    low: float | None
    high: float | None
    """Its 95 % interval, bootstrapped over conversations."""
    rank: float | None
    """Spearman's correlation of the same; None where the judge never varies."""
    experts: float | None
    """κ of one expert with another, mean of the three pairs."""
    crowd: float | None
    """κ of the crowd's mean with the experts' median."""


class Card(Record):
    """What is known of a judge."""

    judge: str
    model: str
    """What answers, and how it is asked."""
    lines: tuple[Line, ...]
    made: Mapping[str, str] = {}
    """Command, date, machine, version."""
    notes: tuple[str, ...] = ()

    @property
    def kappa(self) -> float | None:
        """Median over the dimensions that have one."""
        return _median([line.kappa for line in self.lines])

    @property
    def rank(self) -> float | None:
        """Median Spearman over the dimensions."""
        return _median([line.rank for line in self.lines])

    @property
    def experts(self) -> float | None:
        """Median over the dimensions of one expert with another."""
        return _median([line.experts for line in self.lines])

    @property
    def crowd(self) -> float | None:
        """Median over the dimensions of the crowd with the experts."""
        return _median([line.crowd for line in self.lines])

    @property
    def asked(self) -> int:
        """Questions in all."""
        return sum(line.n + line.failed for line in self.lines)

    @property
    def failed(self) -> int:
        """Questions without a score."""
        return sum(line.failed for line in self.lines)

    @property
    def believable(self) -> bool:
        """Whether its scores say anything about quality."""
        return self.kappa is not None and self.kappa >= TOO_WEAK and self.failed <= _FAILS * self.asked

    @property
    def words(self) -> str:
        """What the card comes to, in a sentence or two."""
        said = f" It gave no score in {self.failed} of {self.asked} cases." if self.failed else ""
        if self.kappa is None or self.experts is None:
            return f"**{self.judge} cannot be measured: it never varies.** Its scores say nothing." + said
        figures = f"median κ {self.kappa:.2f}; expert with expert {self.experts:.2f}"
        if self.crowd is not None:
            figures += f", crowd with experts {self.crowd:.2f}"
        if not self.believable:
            return (
                f"**{self.judge} is too weak to be believed** ({figures}). Its scores show that the "
                "machinery works and say nothing about quality; do not rank systems by them." + said
            )
        beside = "crowd" if self.crowd is None or self.kappa >= self.crowd else ""
        if self.kappa >= self.experts:
            level = "agrees with the experts as well as one expert with another"
        elif beside:
            level = "agrees with the experts as well as a crowd, and less than an expert"
        else:
            level = "agrees with the experts less than a crowd does: read differences with care"
        return f"**{self.judge} {level}** ({figures})." + said


def make_card(
    judge: str,
    model: str,
    scores: Scores,
    rated: Sequence[Rated],
    dimensions: Sequence[Criterion],
    made: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Card:
    """The card of a judge from its scores of the rated conversations; cases it was not asked are left out."""
    lines = []
    for dimension in dimensions:
        asked = [r for r in rated if dimension.id in r.ratings and (r.case.id, dimension.id) in scores]
        if asked:
            lines.append(_line(dimension, scores, asked))
    return Card(judge=judge, model=model, lines=tuple(lines), made=made, notes=tuple(notes))


def _line(dimension: Criterion, scores: Scores, asked: Sequence[Rated]) -> Line:
    given = [(scores[r.case.id, dimension.id], r.ratings[dimension.id][CONSENSUS]) for r in asked]
    pairs = [(score, rating) for score, rating in given if score is not None]
    judged, expert = [score for score, _ in pairs], [rating for _, rating in pairs]
    interval = kappa_interval(judged, expert)
    between = [_of_raters(asked, dimension.id, one, other) for one, other in combinations(EXPERT_NAMES, 2)]
    known = [kappa for kappa in between if kappa is not None]
    return Line(
        dimension=dimension.id,
        title=dimension.title,
        n=len(pairs),
        failed=len(asked) - len(pairs),
        kappa=quadratic_kappa(judged, expert),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        rank=spearman(judged, expert),
        experts=fmean(known) if known else None,
        crowd=_of_raters(asked, dimension.id, CROWD, CONSENSUS),
    )


def _of_raters(rated: Sequence[Rated], dimension: str, one: str, other: str) -> float | None:
    both = [r.ratings[dimension] for r in rated if {one, other} <= r.ratings[dimension].keys()]
    return quadratic_kappa([row[one] for row in both], [row[other] for row in both])


def card_table(card: Card) -> str:
    """The card as Markdown: what it comes to in words, then dimension by dimension."""
    head = (
        "| dimension | n | no score | κ with experts (95 %) | Spearman | expert–expert κ | crowd–experts κ |"
    )
    rows = [head, "|---|---|---|---|---|---|---|"]
    for line in card.lines:
        interval = f" ({line.low:.2f} to {line.high:.2f})" if None not in (line.low, line.high) else ""
        cells = (line.title, str(line.n), str(line.failed), f"{_two(line.kappa)}{interval}")
        beside = (_two(line.rank), _two(line.experts), _two(line.crowd))
        rows.append("| " + " | ".join((*cells, *beside)) + " |")
    medians = (_two(card.kappa), _two(card.rank), _two(card.experts), _two(card.crowd))
    rows.append("| **median** | | | " + " | ".join(f"**{cell}**" for cell in medians) + " |")
    return "\n".join([card.words, "", *rows, *("", *card.notes) * bool(card.notes)])


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
