"""Rounds are held as asked, survive a kill, and are never mixed with others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mascot.conversation.personas import load_cast
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError, InputError
from mascot.evaluation.dialogue import Dialogue, Said
from mascot.evaluation.kept import finish_all
from mascot.evaluation.rounds import hold, hold_all, kept, read
from mascot.evaluation.starts import held_out_starts
from mascot.evaluation.systems import System, load_adapters, make_system
from mascot.live.speaker import INSTRUCTED

CAST = load_cast()
STARTS = held_out_starts()[:3]
HEADER = {"policy": "round-robin", "turns": 4}
WORDS = (
    "apple",
    "boat",
    "cloud",
    "door",
    "engine",
    "field",
    "glass",
    "hill",
    "island",
    "jar",
    "kite",
    "lamp",
)


def differently(request: Request) -> str:
    """Sentences that no guard finds alike."""
    seed = request.sampling.seed or 0
    return f"The {WORDS[seed % 12]} and {WORDS[seed // 12 % 12]} near {WORDS[seed // 144 % 12]} stay {seed}."


def system(policy: str = "round-robin", say=differently) -> System:
    return make_system("scripted", ScriptedEngine(say), CAST, INSTRUCTED, policy)


def words_of(dialogues: Mapping[str, Dialogue]) -> dict[str, tuple[str, ...]]:
    """Everything but what the clock says."""
    return {id: dialogue.texts for id, dialogue in dialogues.items()}


def test_everyone_speaks_once_and_every_system_has_the_same_directives() -> None:
    one, other = (
        hold(system(), STARTS[0], 4),
        hold(system(say=lambda r: "No. " + differently(r)), STARTS[0], 4),
    )
    assert sorted(said.agent for said in one.said) == sorted(CAST.ids)
    assert [(s.agent, s.action, s.tone) for s in one.said] == [
        (s.agent, s.action, s.tone) for s in other.said
    ]
    assert one.texts != other.texts


def test_no_persona_always_comes_first() -> None:
    first = {hold(system(), start, 4).said[0].agent for start in held_out_starts()[:12]}
    assert len(first) > 2


def test_a_director_that_yields_early_is_told_to_go_on() -> None:
    assert len(hold(system("mention"), STARTS[0], 6).said) == 6


def test_a_persona_that_says_nothing_loses_its_turn_and_is_counted() -> None:
    dialogue = hold(system(say=lambda request: "As an AI language model."), STARTS[0], 4)
    assert (dialogue.said, dialogue.empty) == ((), 4)


def test_what_was_finished_before_a_failure_is_kept_and_not_held_again(tmp_path: Path) -> None:
    file = tmp_path / "scripted.jsonl"
    calls: list[Request] = []

    def fails(request: Request) -> str:
        calls.append(request)
        if len(calls) > 5:
            raise EngineError("the engine is gone")
        return differently(request)

    with pytest.raises(EngineError, match="gone"):
        hold_all(system(say=fails), STARTS, 4, file, HEADER)
    assert len(kept(file, HEADER)) == 1
    calls.clear()
    whole = hold_all(system(), STARTS, 4, file, HEADER)
    assert set(whole) == {start.id for start in STARTS}
    assert words_of(whole) == words_of(hold_all(system(), STARTS, 4, tmp_path / "fresh.jsonl", HEADER))


def test_a_line_that_a_kill_has_torn_is_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "scripted.jsonl"
    before = hold_all(system(), STARTS[:2], 4, file, HEADER)
    file.write_bytes(file.read_bytes()[:-30])
    assert list(kept(file, HEADER)) == [STARTS[0].id]
    assert words_of(hold_all(system(), STARTS[:2], 4, file, HEADER)) == words_of(before)
    assert words_of(read(file)) == words_of(before)


def test_a_reader_leaves_a_torn_line_out_and_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "scripted.jsonl"
    hold_all(system(), STARTS[:2], 4, file, HEADER)
    torn = file.read_bytes()[:-30]
    file.write_bytes(torn)
    assert list(read(file)) == [STARTS[0].id]
    assert file.read_bytes() == torn


def test_a_line_break_of_another_kind_in_an_utterance_is_no_end_of_a_line(tmp_path: Path) -> None:
    file = tmp_path / "scripted.jsonl"
    said = Said(agent="anchor", text="One\u2028two\u2029three\x85four.")
    dialogues = {s.id: Dialogue(id=s.id, source=s.source, said=(said,)) for s in STARTS}
    held = finish_all(lambda start: dialogues[start.id], STARTS, file, HEADER)
    assert words_of(read(file)) == words_of(held) == words_of(dialogues)
    finish_all(lambda start: dialogues[start.id], STARTS[::-1], file, HEADER)
    assert list(read(file)) == [start.id for start in STARTS[::-1]]


@pytest.mark.parametrize("clock", ["{}", '{"id": "ID", "said": [], "answers": []}', "[1]", "{"])
def test_seconds_of_something_else_are_refused_in_one_line(tmp_path: Path, clock: str) -> None:
    file = tmp_path / "scripted.jsonl"
    hold_all(system(), STARTS[:1], 4, file, HEADER)
    file.with_suffix(".seconds.jsonl").write_text(clock.replace("ID", STARTS[0].id) + "\n")
    with pytest.raises(InputError, match=r"seconds\.jsonl"):
        read(file)


def test_rounds_held_otherwise_are_not_mixed(tmp_path: Path) -> None:
    file = tmp_path / "scripted.jsonl"
    hold_all(system(), STARTS[:1], 4, file, HEADER)
    with pytest.raises(InputError, match="begun with turns 4, now it is 6"):
        kept(file, HEADER | {"turns": 6})


@pytest.mark.parametrize(
    "text", ["no json\n", '{"run": {}}\n{"not": "a dialogue"}\n', "my notes", "my\nnotes", '{\n "run": 1\n}']
)
def test_a_file_of_something_else_is_refused_in_one_line_and_left_as_it_was(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        kept(file, {})
    assert "\n" not in str(caught.value)
    assert file.read_text() == text


def test_adapters_are_loaded_under_the_names_of_their_files(tmp_path: Path) -> None:
    engine = ScriptedEngine()
    (tmp_path / "anchor.gguf").touch()
    (tmp_path / "director").mkdir()
    (tmp_path / "director" / "adapter_config.json").write_text("{}")
    (tmp_path / "notes.txt").touch()
    load_adapters(engine, tmp_path)
    assert engine.adapters == ("anchor", "director")
    with pytest.raises(InputError, match="no adapters"):
        load_adapters(engine, tmp_path / "nowhere")
