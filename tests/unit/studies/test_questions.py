"""Tasks as questions, and answers between page and store: the page names places, the store candidates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.records import Answer, Assignment, Candidate, Choice, Item, Pairwise, Ranking, Spans, Target
from mascot.conversation.events import Directive, Opened, UserSaid, Utterance
from mascot.errors import InputError
from studies.design.reading import Design, read_design
from studies.flow.questions import Asked, Sheet, asked, hides_names
from studies.flow.steps import VALUE, Value
from studies.flow.values import drafts
from studies.flow.values import given as given_again
from studies.flow.view import Naming, shown
from tests.fixtures.studies import ARMS, write_study

NAMES = {"anchor": "Anchor", "beacon": "Beacon", "catalyst": "Catalyst"}
TASKS: list[dict[str, Any]] = [
    {"kind": "scales", "instrument": "mine.yaml", "about": "agent"},
    {"kind": "contribution"},
    {"kind": "next-speaker", "turns": 2},
    {"kind": "spans", "id": "why", "text": "Mark it.", "labels": {"good": "good", "bad": "bad"}},
    {"kind": "guess", "systems": {"quartz": "led", "umbra": "random", "velour": "bare"}},
    {"kind": "text", "id": "note", "text": "Anything?"},
    {"kind": "pairwise", "id": "better", "text": "Which?"},
    {"kind": "ranking", "id": "order", "text": "Order."},
]
EVENTS = (
    Opened(cast=("anchor", "beacon", "catalyst"), policy="", seed=0, max_turns=3),
    UserSaid(text="My cat 🐈 is ill."),
    Directive(agent="beacon", action="answer", tone="calm", score=1),
    Utterance(agent="beacon", text="You noticed 🐈 early."),
    Directive(agent="anchor", action="answer", tone="calm", score=1),
    Utterance(agent="anchor", text="That is hard."),
)


def sheet(design: Design, kind: Any, order: tuple[int, ...], number: int = 1) -> Sheet:
    arms = ARMS[: len(order)]
    item = Item(
        id="i",
        study=design.study.id,
        kind=kind,
        dialogue="d",
        candidates=tuple(Candidate(arm=arm, events=EVENTS) for arm in arms),
    )
    assignment = Assignment(
        id=1,
        study=design.study.id,
        item="i",
        rater="r",
        order=order,
        criteria=design.criteria,
        ordinal=number - 1,
        at=datetime.now(UTC),
    )
    naming = Naming(NAMES, design.study.names == "numbered", "en")
    return Sheet(design, item, shown(item, order), assignment, naming, number)


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    return read_design(write_study(tmp_path_factory.mktemp("study"), tasks=TASKS))


def of(found: list[Asked], name: str) -> Asked:
    return next(each for each in found if each.question.id == name)


def saved(sheet: Sheet, asked: Asked, value: Value, before: list[Answer]) -> list[Answer]:
    """The answers as the store would have them now."""
    made = drafts(asked, value, sheet.shown, None, None, before)
    now = {(each.criterion, each.target): each for each in before}
    for draft in made:
        now[draft.criterion, draft.target] = Answer(
            **draft.model_dump(),
            id=1,
            study="s",
            item="i",
            rater="r",
            assignment=1,
            order=sheet.assignment.order,
            position=0,
            ordinal=0,
            supersedes=None,
            at=datetime.now(UTC),
        )
    return list(now.values())


def test_each_kind_of_item_gets_its_questions(design: Design) -> None:
    single = [each.question.id for each in asked(sheet(design, "dialogue", (0,)))]
    assert single == [
        *("understood@0.v1", "calm@0.v1", "understood@0.v2", "calm@0.v2"),
        *("contribution@0.1", "contribution@0.2"),
        *("next-speaker@0.1", "next-speaker@0.2", "why@0", "note@0"),
    ]
    assert [each.question.id for each in asked(sheet(design, "pair", (1, 0)))] == ["better"]
    assert [each.question.id for each in asked(sheet(design, "triple", (2, 0, 1)))] == ["order"]


def test_the_system_is_guessed_with_the_last_item_only(design: Design) -> None:
    last = asked(sheet(design, "dialogue", (0,), number=design.study.items_per_person))
    guess = of(last, "guess@0")
    assert [option.label for option in guess.question.options] == ["bare", "led", "random"]
    assert drafts(guess, Choice(options=("o1",)), sheet(design, "dialogue", (0,)).shown, None, None)[
        0
    ].value == Choice(options=("quartz",))


def test_an_attention_check_looks_like_any_question_and_comes_where_the_file_says(design: Design) -> None:
    for number, there in ((1, False), (2, True), (3, True), (4, False)):
        found = [each.criterion for each in asked(sheet(design, "pair", (0, 1), number))]
        assert ("attention.reads" in found) == there


@given(
    order=st.permutations(range(3)),
    ranks=st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
@settings(max_examples=60)
def test_rankings_come_back_as_they_were_given_whatever_the_order(design: Design, order, ranks) -> None:
    here = sheet(design, "triple", tuple(order))
    question = of(asked(here), "order")
    value = Ranking(ranks=tuple(1 + sum(other < one for other in ranks) for one in ranks))
    kept = saved(here, question, value, [])
    assert given_again([question], kept, here.shown) == {"order": value}
    assert isinstance(kept[0].value, Ranking)
    assert all(kept[0].value.ranks[candidate] == value.ranks[place] for place, candidate in enumerate(order))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_vote_for_a_place_is_kept_as_a_vote_for_what_stood_there(
    design: Design, order: tuple[int, int]
) -> None:
    here = sheet(design, "pair", order)
    question = of(asked(here), "better")
    kept = saved(here, question, Pairwise(winner=0, strength=2), [])
    assert kept[0].value == Pairwise(winner=order[0], strength=2)  # pyright: ignore[reportArgumentType]
    assert given_again([question], kept, here.shown) == {"better": Pairwise(winner=0, strength=2)}


def test_marks_are_kept_by_turn_in_characters_and_can_be_taken_back(design: Design) -> None:
    here = sheet(design, "dialogue", (0,))
    question = of(asked(here), "why@0")
    marks = VALUE.validate_python(
        {"kind": "marks", "marks": [{"line": 1, "start": 12, "end": 14, "label": "good"}]}
    )
    kept = saved(here, question, marks, [])
    spans = kept[0].value
    assert isinstance(spans, Spans)
    assert (kept[0].target.turn, EVENTS[3].text[spans.spans[0].start : spans.spans[0].end]) == (1, "🐈")
    assert given_again([question], kept, here.shown) == {"why@0": marks}

    none = VALUE.validate_python({"kind": "marks", "marks": []})
    kept = saved(here, question, none, kept)
    assert given_again([question], kept, here.shown) == {"why@0": none}


def test_who_should_have_spoken_is_kept_by_the_persona_and_silence_as_a_yield(design: Design) -> None:
    here = sheet(design, "dialogue", (0,))
    question = of(asked(here), "next-speaker@0.2")
    assert [option.label for option in question.question.options][:3] == ["Anchor", "Beacon", "Catalyst"]
    for option, meant in (("v2", "catalyst"), ("nobody", "yield")):
        draft = drafts(question, Choice(options=(option,)), here.shown, None, None)[0]
        assert (draft.value, draft.target) == (Choice(options=(meant,)), Target(candidate=0, turn=2))


@pytest.mark.parametrize(
    ("question", "value", "said"),
    [
        ("calm@0.v1", {"kind": "scale", "value": 6}, "6 is not on the scale 1–5"),
        ("calm@0.v1", {"kind": "scale", "value": 2.5}, "2.5 is not on the scale"),
        ("calm@0.v1", {"kind": "text", "text": "five"}, "a scale is asked, not a text"),
        ("contribution@0.1", {"kind": "choice", "options": ["perhaps"]}, "choose among"),
        ("contribution@0.1", {"kind": "choice", "options": ["helped", "hurt"]}, "choose one"),
        ("why@0", {"kind": "marks", "marks": [{"line": 9, "start": 0, "end": 1}]}, "there is no line 9"),
        (
            "why@0",
            {"kind": "marks", "marks": [{"line": 1, "start": 0, "end": 999, "label": "good"}]},
            "within",
        ),
        ("note@0", {"kind": "text", "text": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    design: Design, question: str, value: dict, said: str
) -> None:
    here = sheet(design, "dialogue", (0,))
    with pytest.raises(InputError, match=said) as refused:
        drafts(of(asked(here), question), VALUE.validate_python(value), here.shown, None, None)
    assert "\n" not in str(refused.value)


def test_where_personas_are_to_be_guessed_no_name_stands_on_the_page(tmp_path: Path) -> None:
    design = read_design(write_study(tmp_path, tasks=[{"kind": "attribution", "turns": 1}]))
    here = sheet(design, "dialogue", (0,))
    assert hides_names(design, "dialogue")
    page = here.shown[0].dialogue(here.naming, hidden=True)
    assert [(line.speaker, line.voice) for line in page.lines] == [("Person", 0), ("", -1), ("", -1)]
    question = of(asked(here), "attribution@0.1").question
    assert [option.label for option in question.options] == ["Anchor", "Beacon", "Catalyst"]


def test_numbered_voices_bear_no_names(tmp_path: Path) -> None:
    design = read_design(write_study(tmp_path, names="numbered"))
    here = sheet(design, "pair", (1, 0))
    pages = [each.dialogue(here.naming, hidden=False) for each in here.shown]
    assert [line.speaker for line in pages[0].lines] == ["Person", "Voice 1", "Voice 2"]
    assert [page.label for page in pages] == ["A", "B"]
