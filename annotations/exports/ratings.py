"""The answers themselves, one row each, and what they add up to for each question.

This comes before every other format: whoever doubts an aggregate can count again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from statistics import fmean, stdev
from typing import Any

import pyarrow as pa

from annotations.exports.comparisons import Judged
from annotations.exports.format import Format, Source, evidence_of_values, row_name
from annotations.exports.survey import Survey
from annotations.exports.tables import Row, column
from annotations.records import Choice, Pairwise, Ranking, Rated, Scale, Spans, Text, Value

_TIME = pa.string()
_SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("label", pa.string())])


def _rating_rows(items: Iterable[Judged], _: Source) -> Iterator[Row]:
    for judged in items:
        for rated in judged.rated:
            yield _rating_row(rated)


def _rating_row(rated: Rated) -> Row:
    answer, item = rated.answer, rated.item
    return {
        "row": row_name("ratings", answer.id),
        "answer": answer.id,
        "study": answer.study,
        "item": item.id,
        "item_kind": item.kind,
        "dialogue": item.dialogue,
        "domain": item.domain,
        "condition": item.condition,
        "arms": list(item.arms),
        "rater": rated.rater.id,
        "rater_kind": rated.rater.kind,
        "criterion": answer.criterion,
        "candidate": answer.target.candidate,
        "turn": item.turn if answer.target.turn is None else answer.target.turn,
        "agent": answer.target.agent,
        **_values(answer.value),
        "order": list(answer.order),
        "position": answer.position,
        "ordinal": answer.ordinal,
        "seconds": answer.seconds,
        "client_at": answer.client_at and answer.client_at.isoformat(),
        "at": answer.at.isoformat(),
        "supersedes": answer.supersedes,
    }


def _values(value: Value) -> dict[str, Any]:
    """The answer spread over columns, one set for each kind of question."""
    row: dict[str, Any] = {
        "kind": value.kind,
        **dict.fromkeys(("value", "winner", "both_bad", "strength", "ranks", "options", "spans", "text")),
    }
    match value:
        case Scale():
            row["value"] = value.value
        case Pairwise():
            row |= {"winner": value.winner, "both_bad": value.both_bad, "strength": value.strength}
        case Ranking():
            row["ranks"] = list(value.ranks)
        case Choice():
            row["options"] = list(value.options)
        case Spans():
            row["spans"] = [span.model_dump() for span in value.spans]
        case Text():
            row["text"] = value.text
    return row


def _aggregate_rows(items: Iterable[Judged], source: Source) -> Iterator[Row]:
    """One row per item, target and criterion; free text and spans do not add up."""
    for judged in items:
        found: dict[tuple[str, str, int | None, int | None, str], list[Rated]] = defaultdict(list)
        for rated in judged.rated:
            answer, target = rated.answer, rated.answer.target
            if not isinstance(answer.value, Text | Spans):
                key = (answer.criterion, answer.value.kind, target.candidate, target.turn, target.agent)
                found[key].append(rated)
        for (criterion, kind, candidate, turn, agent), answers in found.items():
            yield _aggregate_row(criterion, kind, candidate, turn, agent, answers, source)


def _aggregate_row(
    criterion: str,
    kind: str,
    candidate: int | None,
    turn: int | None,
    agent: str,
    answers: list[Rated],
    source: Source,
) -> Row:
    item = answers[0].item
    values = [_label(each) for each in answers]
    numbers = [each.answer.value.value for each in answers if isinstance(each.answer.value, Scale)]
    at = f"turn-{turn}" if turn is not None else ""
    name = row_name("aggregates", item.id, criterion, kind, candidate, at, agent)
    return {
        "kind": kind,
        "candidate": candidate,
        "arm": None if candidate is None else item.arms[candidate],
        "turn": item.turn if turn is None else turn,
        "agent": agent,
        "mean": fmean(numbers) if numbers else None,
        "deviation": stdev(numbers) if len(numbers) > 1 else None,
        "values": [{"value": value, "raters": n} for value, n in Counter(values).most_common()],
        **evidence_of_values(name, answers, values, source, agent, criterion, values.count("tie")),
    }


def _label(rated: Rated) -> str:
    """An answer in one word; candidates by their arm."""
    match rated.answer.value:
        case Scale(value=value):
            return f"{value:g}"
        case Pairwise(winner=None, both_bad=bad):
            return "both bad" if bad else "tie"
        case Pairwise(winner=int(winner)):
            return rated.item.arms[winner]
        case Ranking(ranks=ranks):
            order = sorted(zip(ranks, rated.item.arms, strict=True))
            return " > ".join(" = ".join(arm for r, arm in order if r == rank) for rank in dict(order))
        case Choice(options=options):
            return " + ".join(sorted(options))
        case _:
            return ""


def _rating_columns(_: Survey) -> list[pa.Field]:
    return [
        column("row", pa.string(), "Name of the row; `annotations lineage ROW` shows the answer."),
        column("answer", pa.int64(), "Id of the answer; grows in the order of saving."),
        column("study", pa.string(), "The study."),
        column("item", pa.string(), "What was judged."),
        column("item_kind", pa.string(), "dialogue, turn, pair or triple."),
        column("dialogue", pa.string(), "The source dialogue or situation; splits are made by it."),
        column("domain", pa.string(), "Where the dialogue is from, as the study names it."),
        column("condition", pa.string(), "Items of one condition are counterbalanced together."),
        column("arms", pa.list_(pa.string()), "The system behind each candidate; raters did not see it."),
        column("rater", pa.string(), "Pseudonym of the rater."),
        column("rater_kind", pa.string(), "participant, crowd, expert, model, simulated or unknown."),
        column("criterion", pa.string(), "What was asked."),
        column("candidate", pa.int64(), "Index of the candidate meant; null: the item as a whole."),
        column("turn", pa.int64(), "Index of the turn meant; null: not a single turn."),
        column("agent", pa.string(), "Id of the persona meant; empty: nobody in particular."),
        column(
            "kind", pa.string(), "scale, pairwise, ranking, choice, spans or text: which columns are filled."
        ),
        column("value", pa.float64(), "scale: the number."),
        column("winner", pa.int64(), "pairwise: index of the better candidate; null: a tie."),
        column("both_bad", pa.bool_(), "pairwise: a tie because neither will do."),
        column("strength", pa.int64(), "pairwise: how much better, on the study's scale."),
        column("ranks", pa.list_(pa.int64()), "ranking: rank of each candidate, 1 the best; ties share one."),
        column("options", pa.list_(pa.string()), "choice: what was chosen."),
        column("spans", pa.list_(_SPAN), "spans: marked stretches of the turn, in characters."),
        column("text", pa.string(), "text: the rater's words; empty after they were erased."),
        column("order", pa.list_(pa.int64()), "Candidates as shown, from left to right."),
        column(
            "position", pa.int64(), "Place of the criterion among those asked, from 0; −1: not one of them."
        ),
        column("ordinal", pa.int64(), "How many items the rater had before this one."),
        column("seconds", pa.float64(), "Time on task as the page measured it."),
        column("client_at", _TIME, "The rater's own clock, ISO 8601."),
        column("at", _TIME, "When the store had it on disk, ISO 8601, UTC."),
        column("supersedes", pa.int64(), "The earlier answer this one replaced."),
    ]


def _aggregate_columns(_: Survey) -> list[pa.Field]:
    values = pa.struct([("value", pa.string()), ("raters", pa.int64())])
    return [
        column("kind", pa.string(), "scale, pairwise, ranking or choice."),
        column("candidate", pa.int64(), "Index of the candidate meant; null: the item as a whole."),
        column("arm", pa.string(), "The system behind that candidate."),
        column("turn", pa.int64(), "Index of the turn meant; null: not a single turn."),
        column("agent", pa.string(), "Id of the persona meant; empty: nobody in particular."),
        column("mean", pa.float64(), "scale: mean over raters."),
        column("deviation", pa.float64(), "scale: standard deviation between raters."),
        column(
            "values", pa.list_(values), "Every answer given, with how many raters gave it; candidates by arm."
        ),
    ]


RATINGS = Format(
    "ratings", "Every answer, one row each.", "", _rating_columns, _rating_rows, words=False, evidence=False
)
AGGREGATES = Format(
    "aggregates",
    "What the answers to each question add up to.",
    "",
    _aggregate_columns,
    _aggregate_rows,
    words=False,
)
