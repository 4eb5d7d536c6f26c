"""Answers between page and store: the page speaks of places, the store of candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from annotations.records import (
    Answer,
    Choice,
    Draft,
    Pairwise,
    Ranking,
    Scale,
    Span,
    Spans,
    Target,
    Text,
)
from mascot.errors import InputError
from studies.flow.questions import Asked
from studies.flow.steps import Mark, Marks, Question, Value
from studies.flow.view import Shown

_KINDS: dict[str, type[Value]] = {  # pyright: ignore[reportInvalidTypeForm]
    "scale": Scale,
    "slider": Scale,
    "pairwise": Pairwise,
    "ranking": Ranking,
    "choice": Choice,
    "choices": Choice,
    "spans": Marks,
    "text": Text,
}


def refuse_misfit(question: Question, value: Value, places: int) -> None:
    """Refuse what the question does not ask for.

    Raises:
        InputError: it is of another kind, not on the scale, or none of the options.
    """
    name = question.id
    if not isinstance(value, _KINDS[question.kind]):
        raise InputError(f"{name}: a {question.kind} is asked, not a {value.kind}")
    match value:
        case Scale(value=number):
            steps = (number - question.low) / question.step
            if not question.low <= number <= question.high or abs(steps - round(steps)) > 1e-9:
                raise InputError(f"{name}: {number:g} is not on the scale {question.low:g}–{question.high:g}")
        case Choice(options=options):
            known = {option.value for option in question.options}
            if not set(options) <= known or len(set(options)) < len(options):
                raise InputError(f"{name}: choose among {', '.join(sorted(known))}")
            if question.kind == "choice" and len(options) != 1:
                raise InputError(f"{name}: choose one")
        case Pairwise():
            _refuse_vote(question, value)
        case Ranking(ranks=ranks) if len(ranks) != places:
            raise InputError(f"{name}: {len(ranks)} ranks for {places} dialogues")
        case Text(text=text) if len(text) > question.max_characters:
            raise InputError(f"{name}: at most {question.max_characters} characters, please")


def _refuse_vote(question: Question, vote: Pairwise) -> None:
    if vote.both_bad and not question.both_bad:
        raise InputError(f"{question.id}: that both are bad cannot be said here")
    if vote.strength is not None and (vote.winner is None or vote.strength > question.strength):
        raise InputError(f"{question.id}: a strength from 1 to {question.strength}, and only with a winner")


def drafts(
    asked: Asked,
    value: Value | None,
    shown: Sequence[Shown],
    seconds: float | None,
    at: datetime | None,
    before: Iterable[Answer] = (),
) -> list[Draft]:
    """What the store is to save: one draft, or for marks one for each turn that has or had some.

    Args:
        value: None takes back what was answered; of marks that is no mark at all.
        before: current answers of the assignment.

    Raises:
        InputError: the value does not fit the question, or a mark the text.
    """
    if value is None and asked.question.kind == "spans":
        value = Marks(marks=())
    if value is not None:
        refuse_misfit(asked.question, value, len(shown))
    if isinstance(value, Marks):
        return _marks(asked, value, shown, seconds, at, before)
    order = [each.candidate for each in shown]
    match value:
        case Pairwise(winner=int(place)):
            value = value.model_copy(update={"winner": order[place]})
        case Ranking(ranks=ranks):
            value = Ranking(ranks=tuple(rank for _, rank in sorted(zip(order, ranks, strict=True))))
        case Choice(options=options) if asked.options:
            value = Choice(options=tuple(asked.options[option] for option in options))
    return [
        Draft(
            criterion=asked.criterion,
            value=value,  # pyright: ignore[reportArgumentType]
            target=asked.target,
            seconds=seconds,
            client_at=at,
        )
    ]


def _marks(
    asked: Asked,
    marks: Marks,
    shown: Sequence[Shown],
    seconds: float | None,
    at: datetime | None,
    before: Iterable[Answer],
) -> list[Draft]:
    here = shown[asked.question.where.dialogue or 0]
    labels = {option.value for option in asked.question.options}
    spans: dict[int, list[Span]] = {
        answer.target.turn: []
        for answer in before
        if answer.criterion == asked.criterion
        and answer.target.candidate == here.candidate
        and answer.target.turn is not None
    }
    for mark in marks.marks:
        if mark.line >= len(here.turns):
            raise InputError(f"{asked.question.id}: there is no line {mark.line}")
        if (mark.label not in labels) if labels else mark.label:
            raise InputError(f"{asked.question.id}: {mark.label!r} is none of the labels")
        spans.setdefault(mark.line, []).append(_span(mark, here.turns[mark.line].text, asked.question.id))
    target = asked.target
    turns = spans or {0: []}  # that nothing was marked is an answer, too
    return [
        Draft(
            criterion=asked.criterion,
            value=Spans(spans=tuple(sorted(found, key=lambda span: (span.start, span.end)))),
            target=Target(candidate=target.candidate, turn=turn),
            seconds=seconds,
            client_at=at,
        )
        for turn, found in sorted(turns.items())
    ]


def _span(mark: Mark, text: str, question: str) -> Span:
    """In characters, where the browser counts UTF-16 units."""
    units = text.encode("utf-16-le")
    if not mark.start < mark.end <= len(units) // 2:
        raise InputError(f"{question}: a mark must lie within its line")
    start, end = (len(units[: 2 * at].decode("utf-16-le", "ignore")) for at in (mark.start, mark.end))
    return Span(start=start, end=max(end, start + 1), label=mark.label)


def given(questions: Sequence[Asked], answers: Sequence[Answer], shown: Sequence[Shown]) -> dict[str, Value]:
    """Saved answers as the page gave them, by question."""
    by_target = {(answer.criterion, answer.target): answer.value for answer in answers}
    found: dict[str, Value] = {}
    for asked in questions:
        if asked.question.kind == "spans":
            marks = _marked(asked, answers, shown)
            if marks is not None:
                found[asked.question.id] = marks
        elif (value := by_target.get((asked.criterion, asked.target))) is not None:
            found[asked.question.id] = _as_shown(asked, value, [each.candidate for each in shown])
    return found


def answered(given: Mapping[str, Value | None]) -> set[str]:
    """The questions that have an answer; blanks are none, and what was taken back is none."""
    return {
        name
        for name, value in given.items()
        if value is not None and (not isinstance(value, Text) or value.text.strip())
    }


def _as_shown(asked: Asked, value: object, order: Sequence[int]) -> Value:
    match value:
        case Pairwise(winner=int(candidate)):
            return value.model_copy(update={"winner": order.index(candidate)})
        case Ranking(ranks=ranks):
            return Ranking(ranks=tuple(ranks[candidate] for candidate in order))
        case Choice(options=options) if asked.options:
            back = {name: option for option, name in asked.options.items()}
            return Choice(options=tuple(back[name] for name in options))
    return value  # pyright: ignore[reportReturnType]


def _marked(asked: Asked, answers: Sequence[Answer], shown: Sequence[Shown]) -> Marks | None:
    here = shown[asked.question.where.dialogue or 0]
    mine = [
        answer
        for answer in answers
        if answer.criterion == asked.criterion and answer.target.candidate == here.candidate
    ]
    marks = [
        _mark(span, answer.target.turn, here.turns[answer.target.turn].text)
        for answer in mine
        if isinstance(answer.value, Spans) and answer.target.turn is not None
        for span in answer.value.spans
    ]
    return Marks(marks=tuple(marks)) if mine else None


def _mark(span: Span, line: int, text: str) -> Mark:
    start, end = (len(text[:at].encode("utf-16-le")) // 2 for at in (span.start, span.end))
    return Mark(line=line, start=start, end=end, label=span.label)
