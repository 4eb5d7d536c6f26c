"""Participants who talk with a blinded arm and then rate the talk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError
from mascot.evaluation.systems import make_system
from mascot.live import pacing
from mascot.live.speaker import INSTRUCTED
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings
from studies.design.reading import read_design
from studies.flow.flow import Flow
from studies.flow.steps import Say, Talk
from studies.flow.talks import Talks
from studies.prepare.run import prepare
from studies.web.live import room
from studies.web.serving import Place, close_served, open_served
from tests.fixtures.participants import Person
from tests.fixtures.studies import ARMS, write_study

WORDS = (
    "That sounds tiring, and so soon after the last time.",
    "Which pocket did you search first?",
    "You kept calm, and that is worth something.",
    "Put a bowl beside the door tonight.",
    "Losing things twice can feel like losing hold.",
    "Who could lend you a spare one?",
)
"""Guards let nobody say the same thing twice."""


@contextmanager
def live_study(folder: Path) -> Iterator[Flow]:
    """Three arms with scripted engines."""
    path = write_study(
        folder,
        dialogues={
            "live": {"messages": 2, "participants_per_arm": 2, "text": "Talk about your week."},
            "turns": 2,
        },
        tasks=[{"kind": "scales", "instrument": "mine.yaml"}],
        attention=[],
    )
    design, settings = read_design(path), Settings(home=folder / "home")
    place = Place.of(design, settings)
    with Store.open(place.url) as store:
        prepare(design, store, place.dialogues, settings, _no_model, lambda _arm: None)
    cast = load_cast()
    rooms = {
        arm: room(
            make_system(arm, ScriptedEngine(WORDS), cast, INSTRUCTED, "round-robin"),
            place,
            CrisisRecogniser(None),
            "round-robin",
            2,
        )
        for arm in ARMS
    }
    names = {persona.id: persona.name for persona in cast}
    served = open_served(
        design,
        place,
        settings,
        talks=lambda store, journal: Talks(design, store, journal, rooms, names, threading.Lock()),
    )
    try:
        yield Flow(served)
    finally:
        for each in rooms.values():
            each.close()
        close_served(served)


def _no_model(name: str, arm: object):
    raise AssertionError(f"no model may be loaded for {name} {arm}")


@pytest.fixture(autouse=True)
def _quick_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "WORDS_PER_SECOND", 1000.0)


def answered(flow: Flow, person: Person) -> Talk:
    """The talk once the group has given the floor back."""
    who = flow.served.journal.participant(flow.study.id, person.key)
    now = flow.standing(who)
    assert flow.served.talks is not None
    flow.served.talks.arms[now.arm].wait(now.conversation, 20)
    return flow.talking(person.key, None)


def test_a_person_talks_with_an_arm_and_then_rates_that_talk(tmp_path: Path) -> None:
    with live_study(tmp_path) as flow:
        person = Person(flow)
        step = person.until("talk")
        assert step.text == "Talk about your week."
        assert step.talk is not None
        assert (step.talk.messages, step.talk.wanted, step.talk.yours) == (0, 2, True)
        flow.talking(person.key, Say(text="I lost my keys again.", key="say-number-1"))
        flow.talking(person.key, Say(text="I lost my keys again.", key="say-number-1"))
        talk = answered(flow, person)
        assert [line.speaker for line in talk.lines] == ["Person", "Anchor", "Catalyst"]
        with pytest.raises(InputError, match="please write 1 more"):
            person.next()
        flow.talking(person.key, Say(text="And my phone.", key="say-number-2"))
        talk = answered(flow, person)
        assert person.step.talk == talk
        rating = person.next()
        assert rating.kind == "task"
        assert rating.dialogues[0].lines == talk.lines
        assert person.until("complete").code
        rated = list(flow.served.store.answers(flow.study.id))
        assert {each.item.owner for each in rated} == {each.rater.id for each in rated}
        page = f"{step.model_dump_json()} {talk.model_dump_json()} {rating.model_dump_json()}"
        assert not any(arm in page for arm in ARMS)
        assert "round-robin" not in page


def test_arms_are_given_out_evenly_and_nobody_gets_anothers_talk(tmp_path: Path) -> None:
    with live_study(tmp_path) as flow:
        people = [Person(flow, f"p{number}") for number in range(6)]
        arms = Counter[str]()
        for person in people:
            person.until("talk")
            who = flow.served.journal.participant(flow.study.id, person.key)
            arms[flow.standing(who).arm] += 1
            for number in range(2):
                flow.talking(person.key, Say(text="Hello there.", key=f"say-number-{number}"))
                answered(flow, person)
            person.until("complete")
        assert arms == dict.fromkeys(ARMS, 2)
        assert len({each.item.id for each in flow.served.store.answers(flow.study.id)}) == 6


def test_somebody_in_distress_is_asked_nothing_more_and_gets_help(tmp_path: Path) -> None:
    with live_study(tmp_path) as flow:
        person = Person(flow)
        person.until("talk")
        flow.talking(person.key, Say(text="I want to kill myself tonight.", key="say-number-1"))
        talk = answered(flow, person)
        assert talk.crisis
        assert person.step.help
        with pytest.raises(InputError, match="has ended"):
            flow.talking(person.key, Say(text="Hello?", key="say-number-2"))
        step = person.next()
        assert (step.kind, bool(step.help)) == ("exit", True)
        assert list(flow.served.store.items(flow.study.id)) == []
