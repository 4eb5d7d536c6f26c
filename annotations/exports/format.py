"""What a format is, and the columns that travel with every row of every one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from annotations.exports.comparisons import Comparison, Judged
from annotations.exports.speech import Told, told
from annotations.exports.survey import Survey, pairwise_agreement, wrong_label_rate
from annotations.exports.tables import Row, column
from annotations.records import Item, Rated
from mascot.conversation.personas import Cast
from mascot.errors import InputError, PersonaError

SEPARATOR: Final = "~"
"""Between the parts of a row's name; no id of the store contains it."""
MESSAGES: Final = pa.list_(
    pa.struct([("role", pa.string()), ("name", pa.string()), ("content", pa.string())])
)


@dataclass
class Source:
    """What rows are made with."""

    survey: Survey
    cast: Cast
    skipped: Counter[str] = field(default_factory=Counter)
    """What could not become a row, by reason."""

    def turns(self, item: Item, candidate: int) -> tuple[Told, ...]:
        """What was said in a candidate; nothing where its text was erased or never known.

        Raises:
            InputError: somebody speaks in it for whom there is no persona card.
        """
        turns = told(item.candidates[candidate].events)
        try:
            for each in turns:
                if each.by_persona:
                    self.cast[each.turn.speaker]
        except PersonaError as error:
            raise InputError(f"item {item.id}: {error}: give their cards with --personas FOLDER") from None
        return turns


Rows = Callable[[Iterable[Judged], Source], Iterator[Row]]


@dataclass(frozen=True)
class Format:
    """One kind of dataset."""

    name: str
    summary: str
    """One sentence for the dataset card."""
    reader: str
    """What reads it, as one would import it; empty where people do."""
    columns: Callable[[Survey], list[pa.Field]]
    """The columns before those of `EVIDENCE`; some depend on the criteria."""
    rows: Rows
    words: bool = True
    """Whether conversations are needed."""
    evidence: bool = True
    """Whether `EVIDENCE` follows."""

    def schema(self, survey: Survey) -> pa.Schema:
        """All columns, in order."""
        return pa.schema([*self.columns(survey), *(EVIDENCE if self.evidence else [])])


EVIDENCE: Final = [
    column("row", pa.string(), "Name of the row; `annotations lineage ROW` tells what it was made of."),
    column("answers", pa.list_(pa.int64()), "Ids of the raw answers the row rests on."),
    column("study", pa.string(), "The study the answers were given in."),
    column("item", pa.string(), "What was judged; with several items, the first of them."),
    column("dialogue", pa.string(), "The source dialogue or situation; splits are made by it."),
    column("domain", pa.string(), "Where the dialogue is from, as the study names it."),
    column("persona", pa.string(), "Id of the persona who is the assistant; empty: the group as a whole."),
    column("criterion", pa.string(), "What was asked; empty where several criteria are in one row."),
    column("raters", pa.int64(), "How many raters the row rests on."),
    column("ties", pa.int64(), "How many of them saw no difference, or nothing either way."),
    column(
        "agreement",
        pa.float64(),
        "Share of the pairs of these raters who answered alike, 0 to 1; null for one rater.",
    ),
    column("alpha", pa.float64(), "Krippendorff's alpha of the criterion over the whole export."),
    column(
        "rater_flip_rate",
        pa.float64(),
        "Measured probability that one rater's vote on this criterion is the wrong way round, 0 to 0.5.",
    ),
    column(
        "flip_rate",
        pa.float64(),
        "Probability that this row's label is the wrong way round, given its votes, 0 to 0.5: the "
        "label smoothing of a robust loss.",
    ),
]


def row_name(format: str, *parts: object) -> str:
    """The name of a row; what is None or empty is left out."""
    return SEPARATOR.join(str(part) for part in (format, *parts) if part not in (None, ""))


def evidence(
    row: str,
    item: Item,
    answers: Iterable[int],
    source: Source,
    *,
    persona: str = "",
    criterion: str = "",
    raters: int,
    ties: int = 0,
    agreement: float | None = None,
    flip_rate: float | None = None,
) -> Mapping[str, Any]:
    """The columns of `EVIDENCE`."""
    return {
        "row": row,
        "answers": sorted(set(answers)),
        "study": item.study,
        "item": item.id,
        "dialogue": item.dialogue,
        "domain": item.domain,
        "persona": persona,
        "criterion": criterion,
        "raters": raters,
        "ties": ties,
        "agreement": agreement,
        "alpha": source.survey.alpha(criterion),
        "rater_flip_rate": source.survey.flip_rate(criterion),
        "flip_rate": flip_rate,
    }


def evidence_of_votes(row: str, comparison: Comparison, persona: str, source: Source) -> Mapping[str, Any]:
    """The same, of the votes on two candidates."""
    question = comparison.question
    first, second = question.pair
    wins, losses = comparison.wins(first), comparison.wins(second)
    return evidence(
        row,
        comparison.item,
        (answer for vote in comparison.votes for answer in vote.answers),
        source,
        persona=persona,
        criterion=question.criterion,
        raters=len(comparison.votes),
        ties=comparison.ties,
        agreement=pairwise_agreement(vote.winner for vote in comparison.votes),
        flip_rate=wrong_label_rate(wins, losses, source.survey.flip_rate(question.criterion)),
    )


def evidence_of_values(
    row: str,
    rated: Iterable[Rated],
    values: Iterable[object],
    source: Source,
    persona: str = "",
    criterion: str = "",
    ties: int = 0,
) -> Mapping[str, Any]:
    """The same, of answers to one question; `values` are what is compared between raters."""
    rated = list(rated)
    return evidence(
        row,
        rated[0].item,
        (each.answer.id for each in rated),
        source,
        persona=persona,
        criterion=criterion,
        raters=len({each.rater.id for each in rated}),
        ties=ties,
        agreement=pairwise_agreement(values),
    )
