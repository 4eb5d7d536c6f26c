from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from annotations.imports.argilla import read_argilla
from annotations.imports.batch import Batch, Found, Rules, gather
from annotations.imports.label_studio import read_label_studio
from annotations.imports.potato import read_potato
from annotations.imports.table import Columns, read_csv
from annotations.records import Choice, Pairwise, Ranking, Scale, Spans, Text
from annotations.store import Store
from mascot.errors import InputError

PAIR = Rules("pilot", ("mascot", "base"), frozenset({"why"}))
COLUMNS = Columns("what", "who", "score", "asked")


def values(found: Iterator[Found]) -> dict[tuple[str, str, str], Any]:
    return {(each.item, each.rater, each.question): each.value for each in found}


def csv(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "ratings.csv"
    file.write_text(text, encoding="utf-8")
    return file


def saved(tmp_path: Path, content: object, name: str = "export.json") -> Path:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return file


def test_a_table_brings_numbers_votes_choices_and_texts(tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "who,what,asked,score,other\nann,a,empathy,4,x\nann,a,better,base,\nbob,a,better,both bad,\n"
        'bob,a,why,"Two\nlines",\nbob,a,speaker,beacon,\nbob,a,empathy,,\n',
    )
    assert values(read_csv(file, COLUMNS, PAIR)) == {
        ("a", "ann", "empathy"): Scale(value=4),
        ("a", "ann", "better"): Pairwise(winner=1),
        ("a", "bob", "better"): Pairwise(winner=None, both_bad=True),
        ("a", "bob", "why"): Text(text="Two\nlines"),
        ("a", "bob", "speaker"): Choice(options=("beacon",)),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,what,asked\n", "line 1: no column 'score' (--value); there are: who, what, asked"),
        ("who,what,asked,score\nann,a,q,1\n,a,q,1\n", "line 3, column who: empty"),
        ('who,what,asked,score\nann,a,q,"1\n2"\nbob,a,q\n', "line 4: 3 cells under 4 columns"),
        ('who,what,asked,score\nann,a,q,"1"x\n', "line 2: not CSV"),
        (
            "who,what,asked,score\nann,a,q,1\nann,a,q,2\n",
            "line 3, column score: ann answers 'q' on a a second",
        ),
        ("who,what,asked,score\nann,ä,q,1\n", "line 2, column score: 'ä' cannot be a name here"),
        ("who,what,asked,score\n", "there is no answer in it"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_line_and_column(
    tmp_path: Path, text: str, said: str
) -> None:
    file = csv(tmp_path, text)
    with pytest.raises(InputError) as refused:
        gather(read_csv(file, COLUMNS, PAIR), PAIR, str(file))
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


ARGILLA = [
    {
        "id": "rec-1",
        "fields": {"text": "…"},
        "metadata": {"dialogue": "situation-1"},
        "responses": {
            "quality": [{"value": 4, "user_id": "u1"}, {"value": 2, "user_id": "u2"}],
            "order": [{"value": ["base", "mascot"], "user_id": "u1"}],
            "marks": [{"value": [{"start": 0, "end": 4, "label": "warm"}], "user_id": "u2"}],
        },
        "suggestions": {},
        "vectors": {},
        "status": "completed",
        "_server_id": None,
    }
]


def test_argilla_brings_every_response(tmp_path: Path) -> None:
    found = list(read_argilla(saved(tmp_path, ARGILLA), PAIR))
    assert {each.dialogue for each in found} == {"situation-1"}
    told = values(iter(found))
    assert told["rec-1", "u1", "quality"] == Scale(value=4)
    assert told["rec-1", "u1", "order"] == Ranking(ranks=(2, 1))
    assert isinstance(told["rec-1", "u2", "marks"], Spans)
    assert len(told) == 4


def test_a_wrong_response_is_refused_with_its_line_and_field(tmp_path: Path) -> None:
    file = saved(tmp_path, [ARGILLA[0], {"id": "rec-2", "responses": {"quality": [{"value": 3}]}}])
    line = file.read_text().splitlines().index('    "id": "rec-2",')
    with pytest.raises(InputError) as refused:
        list(read_argilla(file, PAIR))
    assert str(refused.value) == (
        f"{file}, line {line}, responses.quality[0].user_id: missing, or not a text"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"id": "a", "responses": {}},\n {"id" "b"}]', "line 2, column 8: Expecting ':' delimiter"),
        ('[{"id": "a", "responses": {}}\n {"id": "b"}]', "line 2: the list breaks off"),
        ('[{"id": "a", "responses": {}},\n', "line 2: the list breaks off"),
        ("[1]", "line 1: an object was expected, not int"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "export.json"
    file.write_text(text)
    with pytest.raises(InputError, match="line") as refused:
        list(read_argilla(file, PAIR))
    assert said in str(refused.value)


def task(number: int, *results: dict[str, Any], **annotation: Any) -> dict[str, Any]:
    answered = {"completed_by": 7, "lead_time": 12.5, "result": list(results), **annotation}
    return {"id": number, "data": {"text": "…"}, "annotations": [answered]}


def result(question: str, type: str, **value: Any) -> dict[str, Any]:
    return {"from_name": question, "to_name": "text", "type": type, "value": value}


def test_label_studio_brings_every_kind_of_answer(tmp_path: Path) -> None:
    file = saved(
        tmp_path,
        [
            task(
                1,
                result("stars", "rating", rating=5),
                result("tone", "choices", choices=["warm", "calm"]),
                result("note", "textarea", text=["one", "two"]),
                result("best", "pairwise", selected="right"),
                result("marks", "labels", start=1, end=3, labels=["good"]),
                result("marks", "labels", start=5, end=9, labels=["good"]),
            ),
            task(2, result("stars", "rating", rating=1), was_cancelled=True),
        ],
    )
    told = values(read_label_studio(file, PAIR))
    assert told["task-1", "label-studio-7", "stars"] == Scale(value=5)
    assert told["task-1", "label-studio-7", "tone"] == Choice(options=("warm", "calm"))
    assert told["task-1", "label-studio-7", "note"] == Text(text="one\ntwo")
    assert told["task-1", "label-studio-7", "best"] == Pairwise(winner=1)
    assert len(told["task-1", "label-studio-7", "marks"].spans) == 2
    assert len(told) == 5


def test_label_studio_without_a_person_or_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    nobody = saved(tmp_path, [task(1, completed_by=None)], "nobody.json")
    with pytest.raises(InputError, match=r"line 2, annotations\[0\]\.completed_by: missing"):
        list(read_label_studio(nobody, PAIR))
    boxes = saved(tmp_path, [task(1, result("box", "rectanglelabels", x=1))], "boxes.json")
    with pytest.raises(InputError, match=r"result\[0\]\.value: answers of type 'rectanglelabels'"):
        list(read_label_studio(boxes, PAIR))


def test_potato_brings_every_rater_of_a_folder_in_either_shape(tmp_path: Path) -> None:
    lists = {
        "i1": [[{"schema": "empathy", "name": "empathy"}, "3"], [{"schema": "tone", "name": "warm"}, True]]
    }
    nested = {"i1": {"tone": {"warm": "true", "calm": "true"}, "why": {"text_box": "Because."}}}
    for rater, labels in (("ann", lists), ("bob", nested)):
        state = {"user_id": rater, "instance_id_to_label_to_value": labels}
        saved(tmp_path, state, f"{rater}/user_state.json")
    assert values(read_potato(tmp_path, PAIR)) == {
        ("i1", "ann", "empathy"): Scale(value=3),
        ("i1", "ann", "tone"): Choice(options=("warm",)),
        ("i1", "bob", "tone"): Choice(options=("warm", "calm")),
        ("i1", "bob", "why"): Text(text="Because."),
    }


def test_an_address_as_a_rater_s_name_is_not_kept() -> None:
    found = [Found("here", "a", "ann@example.org", "q", Scale(value=1))]
    (rater,) = gather(found, PAIR, "file").raters
    assert "example" not in rater.id
    assert rater.id.startswith("rater-")


def batch(*answers: tuple[str, str, float]) -> Batch:
    found = [
        Found(f"line {n}", item, rater, "q", Scale(value=v)) for n, (item, rater, v) in enumerate(answers)
    ]
    return gather(found, Rules("pilot"), "file")


def taken(store: Store, found: Batch) -> int:
    receipt = store.take_over(found.study, found.items, found.raters, found.ratings, found.key)
    return len(receipt.answers)


def test_an_import_is_there_once_however_often_it_is_sent(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        found = batch(("a", "ann", 1), ("a", "bob", 2), ("b", "ann", 3))
        assert taken(store, found) == taken(store, found) == 3
        assert [rated.answer.value for rated in store.answers()] == [Scale(value=v) for v in (1, 2, 3)]
        assert store.verify() == []


def test_of_an_import_that_is_refused_nothing_is_there(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        taken(store, batch(("a", "ann", 1)))
        before = store.head()
        with pytest.raises(InputError, match="rates an item once"):
            taken(store, batch(("new", "newcomer", 1), ("a", "ann", 2)))
        assert store.head() == before
        assert [item.id for item in store.items()] == ["a"]
        assert [rater.id for rater in store.raters()] == ["ann"]
