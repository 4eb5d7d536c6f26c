"""The same loop in a terminal: exactly as many turns as asked for, one event per line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mascot.engines.base import Piece, Request
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError
from mascot.live.terminal import converse
from tests.unit.live.support import CRISIS, all_different, open_live

LISTED = {"user", "directive", "utterance", "yield", "crisis", "interrupted", "summary"}


def chat(tmp_path: Path, messages: list[str], turns: int | None, **choices: Any) -> list[dict[str, Any]]:
    """The events of a talk, as printed."""
    engine = choices.pop("engine", None)
    live = open_live(tmp_path / "chat.db", engine, max_turns=turns or 4, **choices)
    lines: list[str] = []
    converse(live, live.open("me", seed=3), messages, turns, lines.append, as_json=True)
    live.close()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("policy", ["model", "round-robin", "random", "mention"])
@pytest.mark.parametrize("turns", [1, 3, 6])
def test_n_turns_give_exactly_n_utterances_per_message(tmp_path: Path, policy: str, turns: int) -> None:
    printed = chat(tmp_path, ["Hello", "And now?"], turns, policy=policy)
    kinds = Counter(event["type"] for event in printed)
    assert set(kinds) <= LISTED
    assert kinds["utterance"] == 2 * turns
    between = printed[next(i for i, e in enumerate(printed) if e.get("text") == "And now?") :]
    assert Counter(event["type"] for event in between)["utterance"] == turns


def test_every_line_has_what_the_documentation_lists(tmp_path: Path) -> None:
    printed = chat(tmp_path, ["Hello"], None)
    by_type = {event["type"]: event for event in printed}
    assert {"agent", "action", "tone", "score"} <= set(by_type["directive"])
    assert {"agent", "text", "tokens", "seconds", "first_token_seconds"} <= set(by_type["utterance"])
    assert {"utterances", "agents", "tokens", "guards", "crisis"} <= set(by_type["summary"])
    assert printed[0]["type"] == "user"
    assert "key" not in printed[0]
    assert printed[-1]["type"] == "summary"


def test_what_the_guards_caught_is_summed_up(tmp_path: Path) -> None:
    engine = ScriptedEngine(lambda request: f"Anchor: {all_different(request)} User: Hi!")
    *_, summary = chat(tmp_path, ["@anchor Hello"], 1, engine=engine)
    assert summary["guards"] == {"name": 1, "other_voice": 1}


def test_a_crisis_ends_the_chat(tmp_path: Path) -> None:
    printed = chat(tmp_path, ["Hello", CRISIS, "More"], 1)
    assert [event["type"] for event in printed][-3:] == ["user", "crisis", "summary"]
    assert printed[-1]["crisis"] is True
    assert "More" not in json.dumps(printed)


def test_an_engine_that_fails_is_not_asked_again_and_again(tmp_path: Path) -> None:
    class Failing(ScriptedEngine):
        def stream(self, request: Request, cancel: object = None) -> Iterator[Piece]:
            raise EngineError("the server is away")

    printed = chat(tmp_path, ["Hello"], 5, engine=Failing())
    assert [e["type"] for e in printed] == ["user", "directive", "interrupted", "yield", "summary"]
    assert printed[-2]["line"] == "the server is away"


def test_a_person_reads_names_and_not_ids(tmp_path: Path) -> None:
    live = open_live(tmp_path / "chat.db", max_turns=1)
    lines: list[str] = []
    assert converse(live, live.open("me"), ["@action guide Hello"], 1, lines.append, as_json=False)
    live.close()
    assert any(line.startswith("Action Guide: ") for line in lines)
    assert "You: @action guide Hello" in lines
