"""The Python API: the group in a few lines, imported when it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mascot
from mascot import Cast, Conversation, Crisis, MascotError, ScriptedEngine, Settings, Utterance, load_cast
from mascot.errors import InputError
from mascot.live import pacing
from tests.unit.live.support import all_different


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(pacing, "_AT_ONCE", 0.0)
    return Settings(home=tmp_path / "home")


def open_talk(settings: Settings, **changed: object) -> Conversation:
    return Conversation(ScriptedEngine(all_different), settings=settings, **changed)  # pyright: ignore


def test_importing_mascot_imports_nothing_else() -> None:
    code = "import sys, mascot; print([m for m in sys.modules if m.startswith('mascot.') or m == 'pydantic'])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_conversation_loads_neither_torch_nor_gradio() -> None:
    heavy = "{'torch', 'gradio', 'transformers'}"
    code = f"import sys; from mascot import Conversation; print({heavy} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_every_name_is_there_and_no_other() -> None:
    assert len(mascot.__all__) <= 14
    for name in mascot.__all__:
        assert getattr(mascot, name).__name__ == name
    assert set(mascot.__all__) <= set(dir(mascot))
    with pytest.raises(AttributeError, match="has no attribute 'Oracle'"):
        mascot.Oracle  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_what_is_said_comes_back_as_events_and_stands_in_the_transcript(settings: Settings) -> None:
    with open_talk(settings, policy="round-robin", max_turns=2) as talk:
        events = talk.say("Hello")
        assert [event.type for event in events] == [
            "user", "directive", "utterance", "directive", "utterance", "yield",
        ]  # fmt: skip
        assert [turn.speaker for turn in talk.transcript.turns] == ["user", "anchor", "catalyst"]
        assert talk.events[1:] == events
        asked = [event.agent for event in talk.ask("beacon") if isinstance(event, Utterance)]
        assert asked[0] == "beacon"
        assert talk.go_on()[0].type == "continue"
        assert talk.transcript.floor == "user"
        assert "patterns alone" in talk.notice


def test_whoever_stops_reading_stops_the_group(settings: Settings) -> None:
    with open_talk(settings, policy="round-robin", max_turns=4) as talk:
        for event in talk.stream("Hello"):
            if isinstance(event, Utterance):
                break
        assert talk.transcript.floor == "user"
        said = [event for event in talk.events if isinstance(event, Utterance)]
        assert 1 <= len(said) < 4


def test_in_a_crisis_the_group_is_silent(settings: Settings) -> None:
    with open_talk(settings) as talk:
        events = talk.say("I want to kill myself")
        assert isinstance(events[-1], Crisis)
        assert not [event for event in talk.events if isinstance(event, Utterance)]


def test_the_same_seed_is_the_same_conversation(settings: Settings) -> None:
    said = []
    for seed in (1, 1, 2):
        with open_talk(settings, seed=seed) as talk:
            said.append([event.text for event in talk.say("Hello") if isinstance(event, Utterance)])
    assert said[0] == said[1] != said[2]


def test_a_store_keeps_the_conversation_and_a_temporary_one_leaves_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    with open_talk(settings, store=f"sqlite:///{tmp_path / 'talks.db'}") as talk:
        talk.say("Hello")
    assert (tmp_path / "talks.db").stat().st_size > 0
    with open_talk(settings) as talk:
        assert talk._folder is not None
        folder = Path(talk._folder.name)
        assert folder.is_dir()
    assert not folder.exists()


def test_a_mistake_is_one_line_and_leaves_nothing_open(settings: Settings) -> None:
    with pytest.raises(MascotError, match="max_turns=0 is not possible"):
        open_talk(settings, max_turns=0)
    with pytest.raises(MascotError, match="unknown policy 'oracle'"):
        open_talk(settings, policy="oracle")
    with open_talk(settings, cast=Cast([load_cast()["anchor"]])) as talk:
        with pytest.raises(MascotError):
            talk.say("")
        with pytest.raises(InputError):
            talk.ask("beacon")
        assert talk.cast.ids == ("anchor",)
