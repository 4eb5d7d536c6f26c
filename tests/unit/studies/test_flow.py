"""A participant's way: every page is made from what is committed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from annotations.records import Scale, Text
from mascot.errors import InputError, NotFoundError
from studies.flow.flow import Flow
from studies.flow.rating import MovedOnError
from studies.flow.steps import Invitation, Withdraw
from studies.web.serving import close_served, open_served
from tests.fixtures.participants import Person, opened
from tests.fixtures.ratings import Clock
from tests.fixtures.studies import prepared


def test_from_the_invitation_to_the_code(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        seen = [person.step.kind]
        while person.step.kind != "complete":
            assert not person.step.code
            person.answer_all()
            seen.append(person.next().kind)
        assert seen == [
            "consent",
            "instructions",
            "comprehension",
            *["task"] * 4,
            "questionnaire",
            "debrief",
            "complete",
        ]
        assert len(person.step.code) == 8
        assert person.step.code == person.step.code
        assert person.step.withdraw


def test_the_same_invitation_is_the_same_person_on_every_device(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        one = Person(flow)
        one.until("task")
        first = one.step.questions[0].id
        one.say(first, {"kind": "scale", "value": 2}) if one.step.questions[
            0
        ].kind == "scale" else one.answer_all()
        other = Person(flow)
        assert other.key == one.key
        assert other.step == one.step
        assert first in other.step.given
        assert Person(flow, "c2").key != one.key


def test_a_restarted_server_continues_exactly_there(tmp_path: Path) -> None:
    design, place, settings = prepared(tmp_path)
    served = open_served(design, place, settings, Clock())
    person = Person(Flow(served))
    person.until("task")
    person.answer_all()
    before, key = person.step, person.key
    close_served(served)

    served = open_served(design, place, settings, Clock(1_000_060.0))
    try:
        after = Flow(served).step(key)
    finally:
        close_served(served)
    assert after == before


def test_an_answer_is_saved_once_for_each_key_and_the_last_one_counts(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        step = person.until("task")
        while not (scales := [each for each in step.questions if each.kind == "scale"]):
            person.answer_all()
            step = person.next()
        question = scales[0].id
        first = person.say(question, {"kind": "scale", "value": 2}, key="the-same-key")
        assert person.say(question, {"kind": "scale", "value": 2}, key="the-same-key") == first
        person.say(question, {"kind": "scale", "value": 4})
        assert person.step.given[question] == Scale(value=4)


def test_a_key_that_was_used_for_another_answer_is_refused_and_not_taken_for_saved(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.say("publish", {"kind": "choice", "options": ["yes"]}, key="the-same-key")
        with pytest.raises(InputError, match="already used"):
            person.say("publish", {"kind": "choice", "options": ["no"]}, key="the-same-key")


def test_an_old_tab_cannot_answer_a_newer_step_and_its_next_does_nothing_more(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        old = person.until("task")
        person.answer_all()
        new = person.next()
        assert person.next(step=old.id) == new
        with pytest.raises(MovedOnError):
            person.say(old.questions[0].id, {"kind": "scale", "value": 1}, step=old.id)


def test_a_required_question_is_asked_for_before_going_on(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        with pytest.raises(InputError, match="please answer first: May we publish"):
            person.next()
        person.until("task")
        with pytest.raises(InputError, match="please answer first"):
            person.next()


def test_two_failed_attempts_at_the_comprehension_check_end_it_kindly(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        step = person.until("comprehension")
        assert step.attempts_left == 2
        person.say("what", {"kind": "choice", "options": ["films"]})
        again = person.next()
        assert (again.kind, again.attempts_left, again.given) == ("comprehension", 1, {})
        assert "You rate conversations." in again.remarks
        person.say("what", {"kind": "choice", "options": ["films"]})
        assert person.next().kind == "screened"


def test_who_fails_the_attention_checks_is_screened_out_and_leaves_their_places_to_others(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        assert person.until("screened", attention="one").kind == "screened"
        assert list(flow.served.store.answers(flow.study.id)) == []
        assert flow.served.store.verify() == []


def test_after_the_resume_window_the_link_is_kindly_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        person.until("task")
        clock.at += 47 * 3600
        assert person.step.kind == "task"
        clock.at += 2 * 3600
        assert person.step.kind == "gone"
        assert person.step.text


def test_what_was_finished_shows_its_code_also_after_the_window(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        code = person.until("complete").code
        clock.at += 1000 * 3600
        assert person.step.code == code


def test_a_pause_keeps_everybody_where_they_are(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        before = person.until("task")
        flow.served.journal.set_state(flow.study.id, "paused")
        assert person.step.kind == "paused"
        assert person.step.wait
        flow.served.journal.set_state(flow.study.id, "open")
        assert person.step == before


def test_a_closed_study_takes_nobody_new_and_lets_the_others_finish(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.until("task")
        flow.served.journal.set_state(flow.study.id, "closed")
        assert Person(flow, "late").step.kind == "full"
        assert person.until("complete").code


def test_who_stops_gets_help_and_gives_back_what_they_have(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.until("task")
        step = person.leave()
        assert (step.kind, bool(step.help), bool(step.withdraw)) == ("exit", True, True)
        outcomes = [each.outcome for each in flow.served.store.assignments(flow.study.id)]
        assert outcomes == ["released"]
        assert person.step == step


def test_who_declines_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        assert Person(flow).leave().kind == "declined"
        assert list(flow.served.store.raters()) == []


def test_the_withdrawal_link_takes_everything_back_also_later(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        step = person.until("questionnaire")
        person.say("remarks", {"kind": "text", "text": "an unmistakable remark"})
        secret = person.until("complete").withdraw
        clock.at += 500 * 3600
        done = flow.withdraw(Withdraw(secret=secret, key="withdraw-key", erase=True))
        assert done.erased
        assert list(flow.served.store.answers()) == []
        assert person.step.kind == "gone"
        assert flow.withdraw(Withdraw(secret=secret, key="withdraw-key", erase=True)) == done
        with pytest.raises(NotFoundError):
            flow.withdraw(Withdraw(secret="x" * 32, key="withdraw-key"))
        del step
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("ratings.db*"))
    assert b"unmistakable" not in kept


def test_the_questionnaire_goes_to_the_store_and_texts_stay_apart(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.until("questionnaire")
        person.say("remarks", {"kind": "text", "text": "a remark"})
        person.next()
        told = list(flow.served.store.answers(f"{flow.study.id}.about"))
        assert [(each.answer.criterion, each.answer.value) for each in told] == [
            ("remarks", Text(text="a remark"))
        ]


def test_no_more_ratings_than_wanted_and_who_comes_after_that_is_told_so(tmp_path: Path) -> None:
    with opened(tmp_path, situations=1, items_per_person=7) as (flow, clock):
        ends = Counter[str]()
        for number in range(12):
            clock.at += 10
            ends[Person(flow, f"c{number}").until("complete", "full").kind] += 1
            flow._places._asked = -10.0
        done = Counter(each.item for each in flow.served.store.assignments() if each.outcome == "completed")
        assert all(done[item.id] == item.wanted for item in flow.served.store.items(flow.study.id))
        assert ends["full"]


def test_pages_speak_the_nearest_language(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        entered = flow.enter(Invitation(parameters={"code": "de"}, language="de-AT"))
        assert entered.language == "de"
        assert flow.step(entered.key).text == "Sie bewerten Gespräche."
        assert flow.enter(Invitation(parameters={"code": "fr"}, language="fr")).language == "en"


def test_an_unknown_key_is_refused_in_one_line(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _), pytest.raises(NotFoundError, match="open your invitation again"):
        flow.step("nobody-has-this-key")


def test_only_digests_of_people_are_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        Person(flow, "Margarete.Musterfrau").until("complete")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("ratings.db*"))
    assert b"Margarete" not in kept
