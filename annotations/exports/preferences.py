"""Which of two was better: rows for DPO, for reward models and for KTO.

    dpo      prompt, chosen, rejected
    reward   chosen and rejected with the prompt in front, and a margin
    kto      prompt, completion, and whether it is what one wants

Questions on which the votes are even give no pair; they do not vanish, they are counted in the card. Where
the texts of both candidates are the same, or were erased, there is nothing to learn either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from scipy.special import digamma

from annotations.exports.comparisons import Comparison, Judged, comparisons
from annotations.exports.format import (
    MESSAGES,
    Format,
    Source,
    evidence_of_values,
    evidence_of_votes,
    row_name,
)
from annotations.exports.scores import scored
from annotations.exports.speech import Passage, diverging
from annotations.exports.survey import Survey
from annotations.exports.tables import Row, column

_VOTES: Final = [
    column("chosen_arm", pa.string(), "The system that made the chosen one."),
    column("rejected_arm", pa.string(), "The system that made the rejected one."),
    column("votes_chosen", pa.int64(), "Raters who found the chosen one better."),
    column("votes_rejected", pa.int64(), "Raters who found the rejected one better."),
    column("both_bad", pa.int64(), "Raters who would have neither; counted among the ties."),
    column("chosen_first", pa.float64(), "Share of the raters who were shown the chosen one first."),
]


def margin(wins: float, losses: float) -> float:
    """How much stronger the chosen one is: posterior mean of its log-odds to win a vote.

    With Jeffreys' prior Beta(½, ½) the share of votes is Beta(wins + ½, losses + ½), and the mean of its
    logit is ψ(wins + ½) − ψ(losses + ½). A reward model's margin is in the same unit (a difference of
    rewards is the logit of a preference). That the strength is the item's own, not its arm's, and the
    prior, are our choice.
    """
    return float(digamma(wins + 0.5) - digamma(losses + 0.5))


@dataclass(frozen=True)
class Preference:
    """A comparison that was decided, with the words of both sides."""

    comparison: Comparison
    chosen: Passage
    rejected: Passage
    winner: int
    loser: int

    @property
    def votes(self) -> Row:
        """The columns `_VOTES`."""
        arms, votes = self.comparison.item.arms, self.comparison.votes
        return {
            "chosen_arm": arms[self.winner],
            "rejected_arm": arms[self.loser],
            "votes_chosen": self.comparison.wins(self.winner),
            "votes_rejected": self.comparison.wins(self.loser),
            "both_bad": self.comparison.both_bad,
            "chosen_first": sum(vote.left == self.winner for vote in votes) / len(votes),
        }

    def name(self, format: str) -> str:
        question = self.comparison.question
        pair = "-".join(map(str, question.pair))
        turn = "" if question.turn is None else f"turn-{question.turn}"
        return row_name(format, self.comparison.item.id, question.criterion, pair, turn, question.agent)


def _preferences(items: Iterable[Judged], source: Source) -> Iterator[Preference]:
    for judged in items:
        for comparison in comparisons(judged):
            if comparison.winner is None:
                source.skipped["comparison with as many votes for the one as for the other"] += 1
                continue
            texts = _texts(comparison, source)
            if texts is None:
                source.skipped["comparison of texts that are the same, erased or unknown"] += 1
                continue
            first, second = comparison.question.pair
            won = comparison.winner == first
            chosen, rejected = texts if won else texts[::-1]
            yield Preference(comparison, chosen, rejected, *((first, second) if won else (second, first)))


def _texts(comparison: Comparison, source: Source) -> tuple[Passage, Passage] | None:
    question = comparison.question
    stop = None if question.turn is None else question.turn + 1
    first, second = (source.turns(comparison.item, i)[:stop] for i in question.pair)
    return diverging(first, second, question.agent, source.cast)


def _dpo_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    for each in _preferences(items, source):
        yield {
            "prompt": each.chosen.prompt,
            "chosen": each.chosen.completion,
            "rejected": each.rejected.completion,
            **each.votes,
            **evidence_of_votes(each.name("dpo"), each.comparison, each.chosen.speaker, source),
        }


def _reward_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    for each in _preferences(items, source):
        wins, losses = each.comparison.wins(each.winner), each.comparison.wins(each.loser)
        yield {
            "chosen": each.chosen.prompt + each.chosen.completion,
            "rejected": each.rejected.prompt + each.rejected.completion,
            "margin": margin(wins, losses),
            **each.votes,
            **evidence_of_votes(each.name("reward"), each.comparison, each.chosen.speaker, source),
        }


def _kto_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """Winners are wanted and losers are not; what was rated alone is wanted if it is above the average.

    Above the average of all values on that criterion: where a scale's good half begins is not known here.
    """
    for judged in items:
        if len(judged.item.candidates) > 1:
            yield from _kto_of_votes(judged, source)
        else:
            yield from _kto_of_scales(judged, source)


def _kto_of_votes(judged: Judged, source: Source) -> Iterator[Row]:
    for each in _preferences([judged], source):
        # A winner that most raters would not have either is no example to follow.
        wanted = each.comparison.both_bad * 2 <= len(each.comparison.votes)
        for passage, arm, label in (
            (each.chosen, each.winner, wanted),
            (each.rejected, each.loser, False),
        ):
            name = row_name(each.name("kto"), "chosen" if passage is each.chosen else "rejected")
            yield {
                "prompt": passage.prompt,
                "completion": passage.completion,
                "label": label,
                "arm": judged.item.arms[arm],
                **evidence_of_votes(name, each.comparison, passage.speaker, source),
            }


def _kto_of_scales(judged: Judged, source: Source) -> Iterator[Row]:
    for each in scored(judged, source):
        average = source.survey.means[each.criterion].value
        if each.mean == average:
            source.skipped["rating that is exactly the average"] += 1
            continue
        yield {
            "prompt": each.passage.prompt,
            "completion": each.passage.completion,
            "label": each.mean > average,
            "arm": judged.item.arms[each.candidate],
            **evidence_of_values(
                each.name("kto"),
                each.rated,
                each.values,
                source,
                each.passage.speaker,
                each.criterion,
                ties=sum(value == average for value in each.values),
            ),
        }


def _columns(*own: pa.Field) -> list[pa.Field]:
    return [*own, *_VOTES]


def _dpo_columns(_: Survey) -> list[pa.Field]:
    return _columns(
        column("prompt", MESSAGES, "The talk up to where the two part, and what is asked for."),
        column("chosen", MESSAGES, "What was said in the one that raters preferred."),
        column("rejected", MESSAGES, "What was said in the other one."),
    )


def _reward_columns(_: Survey) -> list[pa.Field]:
    return _columns(
        column("chosen", MESSAGES, "The whole talk that raters preferred."),
        column("rejected", MESSAGES, "The other one."),
        column(
            "margin", pa.float64(), "Posterior mean of the log-odds that the chosen one wins a vote; above 0."
        ),
    )


def _kto_columns(_: Survey) -> list[pa.Field]:
    return [
        column("prompt", MESSAGES, "The talk so far, and what is asked for."),
        column("completion", MESSAGES, "What was said."),
        column("label", pa.bool_(), "Whether it is what one wants."),
        column("arm", pa.string(), "The system that made it."),
    ]


DPO = Format(
    "dpo", "Pairs of a preferred and a rejected continuation.", "trl.DPOTrainer", _dpo_columns, _dpo_rows
)
REWARD = Format(
    "reward",
    "Pairs of whole talks with the strength of the preference as a margin.",
    "trl.RewardTrainer",
    _reward_columns,
    _reward_rows,
)
KTO = Format("kto", "Single continuations, wanted or not.", "trl.KTOTrainer", _kto_columns, _kto_rows)
