"""What events add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.events import (
    Acknowledged,
    Asked,
    Crisis,
    Cut,
    Directive,
    Event,
    Interrupted,
    Muted,
    Opened,
    PaceSet,
    Speech,
    UserSaid,
    Utterance,
    WentOn,
    Yielded,
)
from mascot.conversation.transcript import PERSON, Transcript, Turn, fold

CAST = ("anchor", "catalyst", "beacon")
OPENED = Opened(cast=CAST, policy="random", seed=1, max_turns=3)


def directive(agent: str) -> Directive:
    return Directive(agent=agent, action="listen", tone="warm", score=1)


def spoken(agent: str, text: str) -> list[Event]:
    return [directive(agent), Speech(agent=agent, text=text), Utterance(agent=agent, text=text)]


def history(seed: int, length: int) -> list[Event]:
    """A legal sequence of events, drawn by lot as a live conversation could write it."""
    chance = Random(seed)
    events: list[Event] = [OPENED]
    for i in range(length):
        events += chance.choice(_possible(fold(events), i, chance))
    return events


def _possible(t: Transcript, i: int, chance: Random) -> Sequence[Sequence[Event]]:
    agent = chance.choice(CAST)
    always: list[Sequence[Event]] = [
        [Muted(agent=agent, muted=chance.random() < 0.5)],
        [PaceSet(pace="immediate")],
    ]
    if t.floor == "crisis":
        return [*always, [Acknowledged()]]
    said = UserSaid(text=f"message {i}", addressed=(agent,) if chance.random() < 0.3 else ())
    cut: list[Event] = (
        [Interrupted(agent=t.speaking.agent, text=t.said, reason="barge-in")] if t.speaking else []
    )
    deeds: list[Sequence[Event]] = [*always, [*cut, said], [said.model_copy(update={"barge": "queue"})]]
    deeds += [[*cut, said, Crisis(kind="suicide", score=1)], [Asked(agent=agent)], [WentOn()]]
    if t.speaking:
        speaker = t.speaking.agent
        deeds += 3 * [[Speech(agent=speaker, text=f" word{i}")]]
        deeds += 3 * [[Utterance(agent=speaker, text=t.said)]] if t.said else []
        deeds += [[*cut, Yielded(reason="stop")], [Interrupted(agent=speaker, text=t.said, reason="restart")]]
    elif t.floor == "group":
        deeds += 4 * [[directive(agent)]]
    if t.floor == "group":
        deeds += [[Yielded(reason="enough")]]
    return deeds


@given(st.integers(0, 10**6), st.integers(0, 40))
def test_any_legal_history_leaves_a_consistent_state(seed: int, length: int) -> None:
    events = history(seed, length)
    t = fold(events)
    said = [event.text for event in events if isinstance(event, UserSaid)]
    heard = [e.text for e in events if isinstance(e, Utterance | Interrupted) and e.text]
    assert [turn.text for turn in t.turns if turn.speaker == PERSON] == said
    assert [turn.text for turn in t.turns if turn.speaker != PERSON] == heard
    assert len([turn for turn in t.turns if turn.withheld]) == sum(isinstance(e, Crisis) for e in events)
    assert (t.speaking is None) <= (t.said == "")
    assert 0 <= t.began <= len(t.turns)
    assert set(t.asked) <= set(CAST)
    assert len(set(t.asked)) == len(t.asked)
    assert t.muted <= set(CAST)
    assert set(t.round) <= set(CAST)
    assert not t.asked or t.floor == "group"


@given(st.integers(0, 10**6), st.integers(0, 30), st.integers(0, 30))
def test_folding_goes_on_where_it_stopped(seed: int, length: int, at: int) -> None:
    events = history(seed, length)
    state = fold(events[: at + 1])
    for event in events[at + 1 :]:
        state = state.after(event)
    assert state == fold(events)


@given(st.integers(0, 10**6), st.integers(0, 40))
def test_turns_are_only_ever_added_and_never_change_but_for_being_withheld(seed: int, length: int) -> None:
    events = history(seed, length)
    before: tuple[Turn, ...] = ()
    for i in range(len(events)):
        now = fold(events[: i + 1]).turns
        for turn in before:
            assert turn in now or replace(turn, withheld=True) in now
        before = now


def test_a_queued_message_stands_after_the_utterance_that_was_being_said() -> None:
    talk = [OPENED, UserSaid(text="hello"), directive("anchor"), Speech(agent="anchor", text="I")]
    talk += [UserSaid(text="wait", barge="queue"), Utterance(agent="anchor", text="I hear you.")]
    t = fold(talk)
    assert [turn.text for turn in t.turns] == ["hello", "I hear you.", "wait"]
    assert t.round == ()
    assert t.floor == "group"


def test_an_interrupted_utterance_stays_before_the_message_that_cut_it_short() -> None:
    talk = [OPENED, UserSaid(text="hello"), directive("anchor"), Speech(agent="anchor", text="I he")]
    talk += [Interrupted(agent="anchor", text="I he", reason="barge-in"), UserSaid(text="no")]
    t = fold(talk)
    assert [(turn.text, turn.interrupted) for turn in t.turns] == [
        ("hello", False),
        ("I he", True),
        ("no", False),
    ]
    assert (t.speaking, t.said) == (None, "")


def test_someone_cut_short_before_a_word_leaves_no_turn() -> None:
    talk = [OPENED, UserSaid(text="hello"), directive("anchor")]
    t = fold([*talk, Interrupted(agent="anchor", text="", reason="stop"), Yielded(reason="stop")])
    assert [turn.text for turn in t.turns] == ["hello"]
    assert t.floor == "user"


def test_a_crisis_message_is_withheld_and_what_was_said_before_is_not() -> None:
    talk = [OPENED, UserSaid(text="hello"), directive("anchor"), Speech(agent="anchor", text="I")]
    talk += [Interrupted(agent="anchor", text="I", reason="barge-in"), UserSaid(text="I want to die")]
    t = fold([*talk, Crisis(kind="suicide", score=1)])
    assert t.floor == "crisis"
    assert [turn.text for turn in t.heard] == ["hello", "I"]
    assert t.last is not None
    assert t.last.withheld
    assert t.after(Yielded(reason="failure")).floor == "crisis"
    assert t.after(Acknowledged()).floor == "user"
    assert [turn.text for turn in t.after(Acknowledged()).heard] == ["hello", "I"]


def test_the_asked_answer_and_are_then_no_longer_asked() -> None:
    t = fold([OPENED, UserSaid(text="hi", addressed=("beacon", "anchor"))])
    assert t.asked == ("beacon", "anchor")
    t = fold([OPENED, UserSaid(text="hi", addressed=("beacon", "anchor")), *spoken("beacon", "Hi.")])
    assert t.asked == ("anchor",)
    assert t.after(Yielded(reason="enough")).asked == ()


def test_who_is_asked_while_speaking_speaks_once_more() -> None:
    talk: list[Event] = [OPENED, UserSaid(text="hi", addressed=("anchor",)), directive("anchor")]
    assert fold(talk).asked == ()  # the one who answers is no longer waited for
    t = fold([*talk, Asked(agent="anchor"), Utterance(agent="anchor", text="Hi.")])
    assert t.asked == ("anchor",)
    assert fold([*talk, Asked(agent="anchor"), *spoken("anchor", "Hi.")]).asked == ()


def test_a_further_message_does_not_take_an_ask_back_and_whom_it_names_goes_first() -> None:
    talk: list[Event] = [OPENED, UserSaid(text="hi"), directive("anchor"), Asked(agent="beacon")]
    assert fold([*talk, UserSaid(text="and", barge="queue")]).asked == ("beacon",)
    named = UserSaid(text="Catalyst, Beacon?", addressed=("catalyst", "beacon"))
    assert fold([*talk, named]).asked == ("catalyst", "beacon")
    assert fold([*talk, UserSaid(text="Catalyst?", addressed=("catalyst",))]).asked == ("catalyst", "beacon")
    assert fold([*talk, UserSaid(text="I want to die"), Crisis(kind="suicide", score=1)]).asked == ()


@pytest.mark.parametrize(
    ("said", "reason", "left"),
    [
        ("", "barge-in", ("anchor", "beacon")),
        ("", "restart", ("anchor", "beacon")),
        ("", "failure", ("beacon",)),  # had nothing to say that may be heard: asking again would not end
        ("I he", "barge-in", ("beacon",)),
    ],
)
def test_who_was_asked_and_cut_short_before_a_word_is_still_asked(
    said: str, reason: Cut, left: tuple[str, ...]
) -> None:
    asked = UserSaid(text="hi", addressed=("anchor", "beacon"))
    cut = Interrupted(agent="anchor", text=said, reason=reason)
    assert fold([OPENED, asked, directive("anchor"), cut]).asked == left
    assert fold([OPENED, UserSaid(text="hi"), directive("anchor"), cut]).asked == ()  # nobody had asked
    assert fold([OPENED, asked, directive("anchor"), Yielded(reason="enough"), cut]).asked == ()


def test_going_on_and_asking_begin_a_new_round() -> None:
    talk = [OPENED, UserSaid(text="hi"), *spoken("anchor", "Hi."), Yielded(reason="bound")]
    assert fold(talk).round == ("anchor",)
    assert fold([*talk, WentOn()]).round == ()
    assert fold([*talk, Asked(agent="beacon")]).round == ()
    assert fold([*talk, WentOn(), *spoken("beacon", "Yes."), Asked(agent="anchor")]).round == ("beacon",)


def test_muting_and_unmuting_undo_each_other() -> None:
    t = fold([OPENED, Muted(agent="anchor", muted=True), Muted(agent="beacon", muted=True)])
    assert t.muted == {"anchor", "beacon"}
    assert t.after(Muted(agent="anchor", muted=False)).muted == {"beacon"}


def test_a_turn_that_failed_is_counted_until_somebody_says_something() -> None:
    silent = Interrupted(agent="anchor", text="", reason="failure")
    talk = [OPENED, UserSaid(text="hi"), directive("anchor"), silent, directive("anchor"), silent]
    assert fold(talk).failed == 2
    assert fold([*talk, Yielded(reason="enough"), WentOn()]).failed == 2
    assert fold([*talk, *spoken("beacon", "Yes.")]).failed == 0
    assert fold([*talk, UserSaid(text="hello?")]).failed == 0
    stopped = Interrupted(agent="anchor", text="", reason="barge-in")
    assert fold([OPENED, UserSaid(text="hi"), directive("anchor"), stopped]).failed == 0
