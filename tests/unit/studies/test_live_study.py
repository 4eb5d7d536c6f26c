"""Participants who talk with a blinded arm and then rate the talk."""

from __future__ import annotations

import threading
import time
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
from studies.flow.rating import MovedOnError
from studies.flow.steps import Say, Talk
from studies.flow.talks import Talks
from studies.prepare.run import prepare
from studies.web.live import room
from studies.web.serving import Place, close_served, open_served
from tests.fixtures.participants import Person
from tests.fixtures.ratings import Clock
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
def live_study(folder: Path, clock: Clock | None = None, **live: int) -> Iterator[Flow]:
    """Three arms with scripted engines; again in the same folder, it is the server started again."""
    asked = {"messages": 2, "participants_per_arm": 2, "text": "Talk about your week."}
    path = write_study(
        folder,
        dialogues={"live": asked | live, "turns": 2},
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
        clock or time.time,
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


def talk_through(flow: Flow, person: Person) -> None:
    """The talk that is going on, to the questions about it."""
    for number in range(2):
        flow.talking(person.key, Say(text="Hello there.", key=f"say-number-{number}"))
        answered(flow, person)
    person.next()


def arm_of(flow: Flow, person: Person) -> str:
    """Which arm the person talks with."""
    person.until("talk")
    return flow.standing(flow.served.journal.participant(flow.study.id, person.key)).arm


def test_a_person_meets_every_arm_before_one_comes_again_and_arms_and_places_are_balanced(
    tmp_path: Path,
) -> None:
    with live_study(tmp_path, conversations=3) as flow:
        people = [Person(flow, f"p{number}") for number in range(6)]
        met: dict[Person, list[str]] = {person: [] for person in people}
        # One after the other, and in between: the third comes while the first two are at their second talk.
        for turn in (0, 1, 0, 1, 2, 3, 2, 4, 5, 0, 4, 3, 1, 2, 5, 4, 5, 3):
            met[people[turn]].append(arm_of(flow, people[turn]))
            talk_through(flow, people[turn])
            people[turn].answer_all()
            people[turn].next()
        assert all(sorted(arms) == sorted(ARMS) for arms in met.values())
        for place in range(3):
            assert Counter(arms[place] for arms in met.values()) == dict.fromkeys(ARMS, 2)


def test_the_order_of_arms_of_whoever_stops_goes_to_the_next(tmp_path: Path) -> None:
    clock = Clock()
    with live_study(tmp_path, clock, conversations=2) as flow:
        stops, stays = Person(flow, "stops"), Person(flow, "stays")
        first = [arm_of(flow, person) for person in (stops, stays)]
        stops.leave()
        assert arm_of(flow, Person(flow, "instead")) == first[0]
        clock.at += 49 * 3600  # the others have closed the page and did not come back in time
        again = [arm_of(flow, Person(flow, code)) for code in ("a", "b", "c")]
        assert again[:2] == first
        assert sorted(again) == sorted(ARMS)


def lose_the_disk_with_the_talks(folder: Path) -> None:
    """What an archive does not have is gone."""
    talks = list((folder / "home").rglob("talks.db*"))
    assert talks
    for path in talks:
        path.unlink()


def test_whose_talk_is_lost_with_its_disk_is_told_so_and_has_another_and_no_place_is_lost(
    tmp_path: Path,
) -> None:
    with live_study(tmp_path) as flow:
        before = Person(flow).until("talk")
        person = Person(flow)
        arm = arm_of(flow, person)
        flow.talking(person.key, Say(text="I lost my keys again.", key="say-number-1"))
        answered(flow, person)
    lose_the_disk_with_the_talks(tmp_path)
    with live_study(tmp_path) as flow:
        person = Person(flow)
        for sent in (None, Say(text="And my phone.", key="say-number-2")):
            with pytest.raises(MovedOnError, match="was lost on our side"):
                flow.talking(person.key, sent)
        step = person.next(before.id)
        assert (step.kind, step.id == before.id) == ("talk", False)
        assert step == person.step
        assert "was lost on our side" in step.remarks[0]
        assert (step.talk and step.talk.lines) == ()
        assert arm_of(flow, person) == arm
        talk_through(flow, person)
        assert person.until("complete").code
        (item,) = flow.served.store.items(flow.study.id)
        assert item.arms == (arm,)


def test_a_lost_talk_that_had_become_an_item_is_rated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with live_study(tmp_path) as flow:
        person = Person(flow)
        person.until("talk")
        with monkeypatch.context() as killed:
            killed.setattr(type(flow.served.journal), "add", _killed)
            with pytest.raises(KeyboardInterrupt):
                talk_through(flow, person)
    lose_the_disk_with_the_talks(tmp_path)
    with live_study(tmp_path) as flow:
        person = Person(flow)
        step = person.step
        assert (step.kind, step.remarks) == ("task", ())
        assert step.dialogues[0].lines[0].text == "Hello there."
        person.until("complete")


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


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
