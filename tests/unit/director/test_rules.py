"""The rules of the table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.events import Asked, Event, Interrupted, Muted, Opened, UserSaid, WentOn, Yielded
from mascot.conversation.personas import load_cast
from mascot.conversation.transcript import Transcript, fold
from mascot.director.rules import Legal, legal
from tests.unit.conversation.test_transcript import history, spoken

CAST = load_cast()
OPENED = Opened(cast=("anchor", "catalyst", "beacon"), policy="random", seed=1, max_turns=3)
HELLO = UserSaid(text="Hello")


def after(*events: Event) -> Legal:
    return legal(fold([OPENED, *events]), CAST)


@given(st.integers(0, 10**6), st.integers(0, 40))
def test_there_is_always_a_legal_move(seed: int, length: int) -> None:
    transcript = fold(history(seed, length))
    moves = legal(transcript, CAST)
    assert moves.agents or moves.may_yield
    assert moves.agents or moves.reason in ("bound", "nobody")
    assert set(moves.agents) <= set(transcript.cast) - transcript.muted
    assert len(set(moves.agents)) == len(moves.agents)
    if not set(transcript.asked) - transcript.muted:
        assert transcript.last is None or transcript.last.speaker not in moves.agents
        assert not moves.agents or len(transcript.round) < transcript.max_turns


def test_after_a_message_somebody_must_speak() -> None:
    assert after(HELLO) == Legal(("anchor", "catalyst", "beacon"), may_yield=False)


def test_nobody_speaks_twice_in_a_row_unless_asked() -> None:
    assert after(HELLO, *spoken("anchor", "Hi.")) == Legal(("catalyst", "beacon"), may_yield=True)
    assert after(HELLO, *spoken("anchor", "Hi."), Asked(agent="anchor")) == Legal(
        ("anchor",), may_yield=False
    )


def test_an_asked_persona_answers_before_anyone_else_and_the_second_after_the_first() -> None:
    said = UserSaid(text="@beacon @anchor", addressed=("beacon", "anchor"))
    assert after(said) == Legal(("beacon",), may_yield=False)
    assert after(said, *spoken("beacon", "Hi.")) == Legal(("anchor",), may_yield=False)


def test_a_persona_that_was_just_spoken_to_answers() -> None:
    assert after(HELLO, *spoken("anchor", "What do you think, Beacon?")) == Legal(
        ("beacon",), may_yield=False
    )
    assert len(after(HELLO, *spoken("anchor", "You are a beacon of hope, and dear.")).agents) == 2


def test_told_to_go_on_the_group_says_more_than_one_thing() -> None:
    talk = (HELLO, *spoken("anchor", "Hi."), Yielded(reason="director"), WentOn())
    assert not after(*talk, *spoken("beacon", "Yes.")).may_yield
    assert after(*talk, *spoken("beacon", "Yes."), *spoken("anchor", "No.")).may_yield
    assert after(*talk, HELLO, *spoken("beacon", "Yes.")).may_yield


def test_a_persona_that_speaks_to_itself_is_not_asked_again() -> None:
    assert "anchor" not in after(HELLO, *spoken("anchor", "Anchor, be calm.")).agents


def test_what_the_person_said_hails_nobody_by_itself() -> None:
    assert len(after(UserSaid(text="Beacon, hello")).agents) == 3


def test_a_muted_persona_is_silent_even_when_asked_or_spoken_to() -> None:
    muted = Muted(agent="beacon", muted=True)
    assert after(muted, HELLO).agents == ("anchor", "catalyst")
    assert after(muted, UserSaid(text="@beacon", addressed=("beacon",))).agents == ("anchor", "catalyst")
    assert "beacon" not in after(muted, HELLO, *spoken("anchor", "What now, Beacon?")).agents


def test_a_round_is_bounded_but_the_asked_may_still_answer() -> None:
    full = [HELLO, *spoken("anchor", "A."), *spoken("beacon", "B."), *spoken("anchor", "C.")]
    assert after(*full) == Legal((), may_yield=True, reason="bound")
    assert after(*full, Asked(agent="beacon")).agents == ("beacon",)
    assert after(*full, WentOn()).agents == ("catalyst", "beacon")


def test_being_spoken_to_does_not_break_the_bound() -> None:
    full = [HELLO, *spoken("anchor", "A."), *spoken("beacon", "B."), *spoken("anchor", "And you, Beacon?")]
    assert after(*full) == Legal((), may_yield=True, reason="bound")


def test_a_turn_that_came_to_nothing_counts_for_the_bound() -> None:
    failed = Interrupted(agent="anchor", text="", reason="failure")
    talk = [HELLO] + 3 * [spoken("anchor", "")[0], failed]
    assert after(*talk) == Legal((), may_yield=True, reason="bound")


def test_with_nobody_present_the_person_has_the_floor() -> None:
    everyone = [Muted(agent=agent, muted=True) for agent in OPENED.cast]
    assert after(*everyone, HELLO) == Legal((), may_yield=True, reason="nobody")


def test_one_persona_alone_speaks_once() -> None:
    others = [Muted(agent=agent, muted=True) for agent in ("catalyst", "beacon")]
    assert after(*others, HELLO).agents == ("anchor",)
    assert after(*others, HELLO, *spoken("anchor", "Hi.")) == Legal((), may_yield=True, reason="nobody")


def test_the_empty_table_yields() -> None:
    assert legal(Transcript(), CAST) == Legal((), may_yield=True, reason="nobody")
    assert after(HELLO, Yielded(reason="bound")).agents
