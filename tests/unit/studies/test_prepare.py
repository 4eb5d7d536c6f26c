"""The dialogues of all arms: held once, resumed after a kill, made into items, compared at a glance."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from annotations.records import Item, ItemKind
from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import fold
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, InputError
from mascot.evaluation.systems import System, make_system
from mascot.live.speaker import INSTRUCTED
from mascot.settings import Settings
from studies.cli import main
from studies.design.reading import read_design
from studies.design.study import Arm
from studies.prepare.arms import without_personas
from studies.prepare.differences import lines, looks
from studies.prepare.run import Prepared, prepare
from studies.web.serving import Place, open_served
from tests.fixtures.studies import write_study

WORDS = (
    "That sounds tiring, and so soon.",
    "Which pocket did you search first?",
    "You kept calm and wrote it down.",
    "Put a bowl beside the door tonight.",
    "Losing hold can feel like falling.",
    "Who could lend you another one?",
)
"""Guards let nobody say the same thing twice."""
SITUATIONS = ["My cat is ill.", "I got the job.", "My brother does not call."]


class Engines:
    """Opens arms with scripted engines that can break, and counts what was asked of them."""

    def __init__(self, breaks_after: int = 10**6) -> None:
        self.left = breaks_after
        self.opened: Counter[str] = Counter()

    def open(self, name: str, arm: Arm) -> System:
        self.opened[name] += 1

        def say(request: Request) -> str:
            self.left -= 1
            if self.left < 0:
                raise EngineError("the engine is gone")
            at = len(request.prompt.messages)
            return " ".join(
                WORDS[(at + 2 * more) % len(WORDS)] for more in range(3 if name == "velour" else 1)
            )

        return make_system(name, ScriptedEngine(say), load_cast(), INSTRUCTED, arm.policy)


def run(path: Path, home: Path, engines: Engines, ticks: list[str] | None = None) -> Prepared:
    design, settings = read_design(path), Settings(home=home)
    place = Place.of(design, settings)
    with Store.open(place.url) as store:
        ticked = [] if ticks is None else ticks
        return prepare(design, store, place.dialogues, settings, engines.open, ticked.append)


def study(folder: Path) -> Path:
    dialogues = {"situations": SITUATIONS, "turns": 2}
    return write_study(
        folder,
        dialogues=dialogues,
        arms={a: {"policy": "round-robin"} for a in ("quartz", "umbra", "velour")},
    )


def test_a_run_that_broke_off_goes_on_where_it_was_and_makes_the_same_items(tmp_path: Path) -> None:
    path, ticks = study(tmp_path), []
    with pytest.raises(EngineError):
        run(path, tmp_path / "one", Engines(breaks_after=10), ticks)
    assert 0 < len(ticks) < 9
    engines = Engines()
    found = run(path, tmp_path / "one", engines)
    assert engines.opened["quartz"] == 0
    whole = run(path, tmp_path / "two", Engines())
    assert (found.items, found.looks) == (whole.items, whole.looks)
    kept = [
        (tmp_path / home / "studies/which-group/dialogues/velour.jsonl").read_text()
        for home in ("one", "two")
    ]
    assert kept[0] == kept[1]
    again = Engines()
    assert run(path, tmp_path / "one", again) == found
    assert not again.opened


def test_every_situation_becomes_singles_pairs_and_triples_of_the_same_words(tmp_path: Path) -> None:
    path = study(tmp_path)
    run(path, tmp_path / "home", Engines())
    design = read_design(path)
    with Store.open(Place.of(design, Settings(home=tmp_path / "home")).url) as store:
        items = list(store.items(design.study.id, transcripts=True))
    kinds: Counter[ItemKind] = Counter(item.kind for item in items)
    assert kinds == {"dialogue": 9, "pair": 9, "triple": 3}
    assert Counter(item.dialogue for item in items) == dict.fromkeys(
        (f"study/own-00{i}" for i in (1, 2, 3)), 7
    )
    for item in items:
        for candidate in item.candidates:
            turns = fold(candidate.events).turns
            assert turns[0].text in SITUATIONS
            assert [turn.speaker == "user" for turn in turns] == [True, False, False]
    assert all(item.expected == {"attention.reads": "two"} for item in items)


def test_arms_that_differ_in_length_are_reported(tmp_path: Path) -> None:
    found = run(study(tmp_path), tmp_path / "home", Engines())
    assert found.looks["velour"].words > 2 * found.looks["quartz"].words
    assert any("times the words of the shortest" in line for line in lines(found.looks))
    assert looks({}) == {}


def test_a_study_that_was_changed_after_it_was_prepared_is_refused(tmp_path: Path) -> None:
    path = study(tmp_path)
    run(path, tmp_path / "home", Engines())
    path.write_text(path.read_text().replace("pair: 2", "pair: 6"))
    with pytest.raises(InputError):
        run(path, tmp_path / "home", Engines())
    design, settings = read_design(path), Settings(home=tmp_path / "home")
    with pytest.raises(InputError, match="another id"):
        open_served(design, Place.of(design, settings), settings)


def ready(folder: Path, **changed: Any) -> str:
    """The path of a study of finished dialogues, prepared by the command."""
    path = str(write_study(folder, **changed))
    assert main(["prepare", path]) == 0
    return path


def test_dialogues_that_were_changed_after_they_became_items_are_refused_and_nothing_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    path, dialogues = ready(tmp_path), tmp_path / "dialogues/umbra.jsonl"
    before, held = kept_items(tmp_path, path), dialogues.read_text()
    capsys.readouterr()
    dialogues.write_text(held.replace("Answer 22 to it", "Something else"))
    assert main(["prepare", path]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "4 of 28 items" in line
    assert "which-group/dialogue/s1/1" in line
    assert "another id" in line
    assert kept_items(tmp_path, path) == before
    dialogues.write_text(held)
    assert main(["prepare", path]) == 0


def test_first_messages_that_were_added_or_taken_away_since_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    path = ready(tmp_path)
    for situations, said in ((5, "7 more items"), (3, "7 items fewer")):
        write_study(tmp_path, situations)
        assert main(["prepare", path]) == 2
        assert said in capsys.readouterr().err


def test_a_changed_design_is_refused_in_a_line_that_says_in_what_before_any_dialogue_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    path, engines = study(tmp_path), Engines()
    run(path, tmp_path / "home", engines)
    folder = tmp_path / "home/studies/which-group/dialogues"
    before = {file: file.read_bytes() for file in folder.iterdir()}
    file = path.read_text()
    for old, new, said in (
        ("policy: round-robin", "policy: random", "arms"),
        ("id: better", "id: best", "tasks"),
        ("My cat is ill", "My dog is ill", "dialogues, overlap"),
    ):
        path.write_text(file.replace(old, new))
        with pytest.raises(InputError, match=f"other {said}.*another id"):
            run(path, tmp_path / "home", engines)
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_texts_and_times_can_change_and_the_questionnaire_after_another_prepare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    ready(tmp_path, questionnaire=[])
    asked = [{"id": "age", "text": "How old are you?"}]
    for questions in (asked, [*asked, {"id": "more", "text": "Anything else?"}]):
        path = ready(tmp_path, questionnaire=questions, title="Another title", session={"resume_hours": 1})
        assert main(["status", path]) == 0


def kept_items(folder: Path, path: str) -> list[Item]:
    design = read_design(Path(path))
    with Store.open(Place.of(design, Settings(home=folder / "home")).url) as store:
        return list(store.items(design.study.id, transcripts=True))


def test_without_personas_all_are_alike_but_for_their_names() -> None:
    cast = without_personas(load_cast())
    assert cast.ids == load_cast().ids
    assert len({persona.model_dump_json(exclude={"id", "name", "colour", "face"}) for persona in cast}) == 1


def test_status_close_and_simulate_need_a_prepared_study_and_then_say_how_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    path = str(study(tmp_path))
    for command in ("status", "simulate"):
        assert main([command, path]) == 2
        assert "is not prepared: run `python -m studies prepare" in capsys.readouterr().err
    run(Path(path), tmp_path / "home", Engines())
    assert main(["status", path]) == 0
    assert "0 of" in capsys.readouterr().out
    assert main(["close", path, "--json"]) == 0
    assert '"state": "closed"' in capsys.readouterr().out
