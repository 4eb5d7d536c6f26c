"""The command line: mistakes are one line and exit code 2; `chat --json` prints events and nothing else."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest

from mascot import cli
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import ModelError
from mascot.live import pacing
from mascot.live.journal import Journal
from mascot.live.service import Defaults
from mascot.settings import Settings
from mascot.studio import Studio
from tests.unit.live.support import CRISIS, all_different, open_live

LISTED = {"user", "directive", "utterance", "yield", "crisis", "interrupted", "summary"}
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is set."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASCOT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> None:
    """`chat` finds a scripted model."""

    def scripted(settings: Settings, defaults: Defaults) -> Studio:
        engine = ScriptedEngine(all_different)
        journal = Journal(settings.store_url)
        live = open_live(journal, engine, policy=defaults.policy, max_turns=defaults.max_turns)
        return Studio(live, engine, journal, "a word for the person at the machine")

    monkeypatch.setattr(pacing, "_AT_ONCE", 0.0)
    monkeypatch.setattr(cli, "open_studio", scripted)


def refused(arguments: list[str], captured: Captured) -> str:
    """The one line on standard error with which the command ended."""
    assert cli.main(arguments) == 2
    output = captured.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "99999"), ("POLICY", "oracle"), ("ENGINE", "steam"), ("MAX_TURNS", "0")]
)
def test_a_wrong_setting_is_one_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(f"MASCOT_{name}", value)
    line = refused(["personas"], capsys)
    assert f"MASCOT_{name}=" in line
    assert value in line


def test_a_wrong_card_is_one_line_that_names_file_line_and_field(home: Path, capsys: Captured) -> None:
    (home / "personas").mkdir(parents=True)
    card = home / "personas" / "piper.yaml"
    card.write_text("name: 7\n")
    assert f"{card}, line 1: name: " in refused(["personas"], capsys)
    assert f"{card}, line 1: name: " in refused(["personas", "--check", str(card)], capsys)
    assert "cannot be read" in refused(["personas", "--check", str(home / "none.yaml")], capsys)


@pytest.mark.parametrize(
    "arguments",
    [["chat", "--policy", "oracle"], ["chat", "--turns", "0"], ["chat", "--turns", "many"], ["dance"], []],
    ids=" ".join,
)
def test_a_wrong_argument_ends_with_code_2_and_says_what_would_be_right(
    arguments: list[str], capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("mascot: ")
    assert output.err.count("\n") == 1
    assert "Traceback" not in output.err


def test_a_missing_model_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def missing(*_: object) -> Studio:
        raise ModelError("the model is missing: run `make setup`")

    monkeypatch.setattr(cli, "open_studio", missing)
    assert refused(["chat", "--say", "Hi"], capsys) == "mascot: the model is missing: run `make setup`\n"


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("policy", ["model", "round-robin", "random", "mention"])
def test_chat_prints_only_events_and_exactly_so_many_utterances(policy: str, capsys: Captured) -> None:
    arguments = ["chat", "--say", "Hello", "--say", "Go on", "--turns", "3", "--seed", "7"]
    assert cli.main([*arguments, "--policy", policy, "--json"]) == 0
    output = capsys.readouterr()
    printed = [json.loads(line) for line in output.out.splitlines()]
    kinds = Counter(event["type"] for event in printed)
    assert set(kinds) <= LISTED
    assert kinds["utterance"] == 6
    assert [event["text"] for event in printed if event["type"] == "user"] == ["Hello", "Go on"]
    assert printed[-1]["type"] == "summary"
    assert output.err == "mascot: a word for the person at the machine\n"


@pytest.mark.usefixtures("studio")
def test_the_same_seed_is_the_same_conversation(capsys: Captured) -> None:
    talks = []
    for seed in ("1", "1", "2"):
        assert cli.main(["chat", "--say", "Hello", "--turns", "4", "--seed", seed, "--json"]) == 0
        printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        talks.append([event["text"] for event in printed if event["type"] == "utterance"])
    assert talks[0] == talks[1] != talks[2]


@pytest.mark.usefixtures("studio")
def test_what_is_typed_is_said_line_by_line(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Hello\n\n  \nAnd bye\n"))
    assert cli.main(["chat", "--turns", "1", "--json"]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["text"] for event in printed if event["type"] == "user"] == ["Hello", "And bye"]


@pytest.mark.usefixtures("studio")
def test_a_message_that_cannot_be_accepted_ends_the_chat_in_one_line(capsys: Captured) -> None:
    assert cli.main(["chat", "--say", "x" * 50_000, "--json"]) == 2
    output = capsys.readouterr()
    assert [json.loads(line)["type"] for line in output.out.splitlines()] == ["summary"]
    assert "at most 4,000 are possible" in output.err.splitlines()[-1]


@pytest.mark.usefixtures("studio")
def test_in_a_crisis_the_chat_prints_the_event_and_ends(capsys: Captured) -> None:
    assert cli.main(["chat", "--say", CRISIS, "--say", "More", "--json"]) == 0
    printed = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["user", "crisis", "summary"]


def test_the_personas_are_listed_and_a_right_card_can_be_used(tmp_path: Path, capsys: Captured) -> None:
    assert cli.main(["personas"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("Anchor", "Catalyst", "Beacon", "Action Guide", "home"))
    source = Path(cli.__file__).parent / "conversation" / "cards" / "beacon.yaml"
    card = tmp_path / "lantern.yaml"
    card.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    assert cli.main(["personas", "--check", str(card)]) == 0
    assert "this card can be used" in capsys.readouterr().out


def test_the_help_names_every_setting(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    helped = "".join(capsys.readouterr().out.split())
    assert all(f"MASCOT_{name.upper()}" in helped for name in Settings.model_fields)
