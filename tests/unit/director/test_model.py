"""A trained director is taken at its word; an untrained one is calibrated and weighed against turn-taking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mascot.conversation.events import Opened, UserSaid
from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import fold
from mascot.director.base import Decision
from mascot.director.model import ModelDirector
from mascot.director.rules import legal
from mascot.director.select import make_policy
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine

CAST = load_cast()
TALK = fold([Opened(cast=CAST.ids, policy="model", seed=1, max_turns=4), UserSaid(text="I lost my job.")])


def prefers_beacon(request: Request, options: Sequence[str]) -> list[float]:
    return [0.9 if option == " Beacon" else 0.025 for option in options]


def decided(engine: ScriptedEngine) -> Decision:
    return make_policy("model", engine).decide(TALK, CAST, legal(TALK, CAST), "talk")


def test_a_trained_directors_probabilities_are_the_moves() -> None:
    engine = ScriptedEngine(weigh=prefers_beacon)
    engine.load_adapter("director", Path("director"))
    beacon = next(move for move in decided(engine).weighed if move.agent == "beacon")
    assert beacon.probability == pytest.approx(
        0.9 / (0.9 + 0.025 * 3)
    )  # the person may not get the floor yet
    assert {request.adapter for request in engine.requests} == {"director"}


def test_an_untrained_one_that_always_prefers_the_same_is_heard_as_having_no_preference() -> None:
    engine = ScriptedEngine(weigh=prefers_beacon)
    for move in decided(engine).weighed:
        assert move.probability == pytest.approx(0.25)


def test_what_another_talk_forgets_in_between_is_no_error() -> None:
    class Forgetful(dict[Any, Any]):
        def __setitem__(self, key: Any, value: Any) -> None:
            """Another thread makes room at once."""

    director = ModelDirector(ScriptedEngine())
    director._neutral = Forgetful()
    assert director.decide(TALK, CAST, legal(TALK, CAST), "talk").agent in CAST
