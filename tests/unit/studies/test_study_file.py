"""What is wrong with a study file is said by line and field, and what it takes before anybody takes part."""

from __future__ import annotations

from pathlib import Path

import pytest

from studies.cli import main
from studies.design.plan import plan
from studies.design.reading import read_design
from studies.design.yaml_file import MistakesError
from studies.prepare.sources import starts
from tests.fixtures.studies import fields, write_study

EXAMPLE = Path(__file__).parents[3] / "studies" / "examples" / "which-group.yaml"


def mistakes(folder: Path, **changed: object) -> list[str]:
    """What is said of a study file with these fields."""
    with pytest.raises(MistakesError) as caught:
        read_design(write_study(folder, **changed))  # pyright: ignore[reportArgumentType]
    return [str(mistake) for mistake in caught.value.mistakes]


def test_every_mistake_is_named_with_its_line_and_field(tmp_path: Path, capsys) -> None:
    path = write_study(tmp_path)
    text = (
        path.read_text()
        .replace("items_per_person: 4", "items_per_persn: 4")
        .replace("version: '1'", "versin: '1'")
    )
    path.write_text(text.replace("at:\n  - 2", "at:\n  - two"))
    lines = path.read_text().splitlines()

    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()

    def line(beginning: str) -> int:
        return next(i for i, each in enumerate(lines, 1) if each.strip().startswith(beginning))

    assert f"{path}, line {line('versin')}: consent.versin: there is no such field" in said
    assert f"{path}, line {line('items_per_persn')}: items_per_persn: there is no such field" in said
    assert f"{path}, line {line('consent')}: consent.version: is missing" in said
    assert any(f"line {line('- two')}: attention.0.at.0" in each for each in said)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"id": "conversations"}, "ratings of its own conversations: choose another id"),
        ({"arms": {"one": {}, "two": {}}}, "a triple needs 3 arms, there are 2"),
        ({"overlap": {"pair": 0}}, "overlap.pair is 0: nobody would be asked this"),
        ({"dialogues": {"corpus": "expert", "folder": "dialogues"}}, "exactly one of corpus"),
        ({"dialogues": {"folder": "elsewhere"}}, "elsewhere has no file quartz.jsonl"),
        ({"arms": {"a": {"personas": ["anchor"]}, "b": {}, "c": {}}}, "use numbered"),
        ({"recruitment": {"kind": "prolific"}}, "Prolific's completion code is needed"),
        ({"tasks": [{"kind": "scales", "instrument": "nowhere"}]}, "there is no instrument 'nowhere'"),
        ({"tasks": [{"kind": "scales", "instrument": "mine.yaml", "items": ["sad"]}]}, "has no item 'sad'"),
        (
            {
                "tasks": [
                    {"kind": "scales", "instrument": "mine.yaml"},
                    {"kind": "text", "id": "calm", "text": "?"},
                ]
            },
            "the criterion 'calm' stands here and in another task",
        ),
        (
            {"tasks": [{"kind": "guess", "systems": {"quartz": "led", "velour": "not led"}}]},
            "must describe exactly the arms quartz, umbra, velour",
        ),
        ({"tasks": [{"kind": "riddle", "id": "x"}]}, "riddle"),
        ({"attention": [{**fields()["attention"][0], "at": [2, 5]}]}, "nobody gets item number 5"),
    ],
)
def test_fields_that_do_not_go_together_are_refused(tmp_path: Path, changed: dict, said: str) -> None:
    assert any(said in each for each in mistakes(tmp_path, **changed))


def test_a_key_that_stands_twice_is_not_silently_the_last(tmp_path: Path) -> None:
    path = write_study(tmp_path)
    path.write_text(path.read_text() + "\ndebrief: another\n")
    with pytest.raises(MistakesError, match="debrief: stands here twice"):
        read_design(path)


def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path, capsys) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("title: [")
    assert main(["check", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_shipped_example_can_be_used_and_its_plan_adds_up(capsys) -> None:
    design = read_design(EXAMPLE)
    found = plan(design, len(starts(design)))
    assert {part.kind: part.items for part in found.parts} == {"dialogue": 36, "pair": 36, "triple": 12}
    assert sum(part.ratings for part in found.parts) == found.participants * design.study.items_per_person
    assert found.power is not None
    assert 0 <= found.power.power <= 1


def test_situations_are_spread_over_what_the_filter_lets_through(tmp_path: Path) -> None:
    corpus = {"corpus": "expert", "where": {"domain": ["product"], "valence": ["negative"]}, "limit": 5}
    design = read_design(write_study(tmp_path, dialogues=corpus))
    found = starts(design)
    assert len({start.id for start in found}) == 5
    assert {start.domain for start in found} == {"product"}
    assert {start.valence for start in found} == {"negative"}
