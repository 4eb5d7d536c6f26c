"""What stays true of a participant's way where two things meet: tabs, languages, clocks, blanks."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotations.records import Choice
from mascot.errors import InputError
from studies.flow.moves import Instructed, RatedAll
from studies.flow.steps import Invitation, Withdraw
from tests.fixtures.participants import Person, answer_to, opened


def test_the_same_attention_check_failed_with_two_items_are_two_misses(tmp_path: Path) -> None:
    with opened(tmp_path, attention_misses=1) as (flow, _):
        person = Person(flow)
        assert person.until("screened", "complete", attention="one").kind == "screened"


def test_whoever_goes_back_to_their_first_language_is_answered_in_it(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        for language in ("en", "de", "en"):
            entered = flow.enter(Invitation(parameters={"code": "c1"}, language=language))
            assert (entered.language, flow.step(entered.key).language) == (language, language)


def test_a_required_question_is_not_answered_by_blanks(tmp_path: Path) -> None:
    asked = [{"id": "remarks", "text": "Anything else?", "required": True}]
    with opened(tmp_path, questionnaire=asked) as (flow, _):
        person = Person(flow)
        person.until("questionnaire")
        assert not person.say("remarks", {"kind": "text", "text": " \n "}).complete
        with pytest.raises(InputError, match="please answer first: Anything else"):
            person.next()
        assert person.say("remarks", {"kind": "text", "text": "no"}).complete


def test_a_required_question_about_an_item_is_not_answered_by_blanks(tmp_path: Path) -> None:
    asked = [{"kind": "text", "id": "why", "text": "Why?", "required": True}]
    with opened(tmp_path, tasks=asked, attention=[]) as (flow, _):
        person = Person(flow)
        question = person.until("task").questions[0].id
        assert not person.say(question, {"kind": "text", "text": " "}).complete
        with pytest.raises(InputError, match="please answer first: Why"):
            person.next()


WHERE = {"id": "where", "text": "Where?", "several": True, "options": {"home": "Home", "work": "Work"}}


@pytest.mark.parametrize("required", [False, True])
def test_unticking_every_option_takes_the_answer_back(tmp_path: Path, required: bool) -> None:
    with opened(tmp_path, questionnaire=[{**WHERE, "required": required}]) as (flow, _):
        person = Person(flow)
        person.until("questionnaire")
        assert person.say("where", {"kind": "choice", "options": ["home", "work"]}).complete
        for _ in range(2):
            assert person.say("where", None, key="taken-back").complete is not required
        assert person.step.given == {}
        if required:
            with pytest.raises(InputError, match="please answer first: Where"):
                person.next()
            return
        person.until("complete")
        assert list(flow.served.store.answers(f"{flow.study.id}.about")) == []


def test_an_answer_that_was_taken_back_can_be_given_again(tmp_path: Path) -> None:
    with opened(tmp_path, questionnaire=[WHERE]) as (flow, _):
        person = Person(flow)
        person.until("questionnaire")
        person.say("where", {"kind": "choice", "options": ["home"]})
        person.say("where", None)
        person.say("where", {"kind": "choice", "options": ["work"]})
        person.until("complete")
        (told,) = flow.served.store.answers(f"{flow.study.id}.about")
        assert told.answer.value == Choice(options=("work",))


@pytest.mark.parametrize("taken_back", [None, {"kind": "text", "text": "  "}])
def test_words_about_an_item_that_were_taken_back_are_in_no_dataset(
    tmp_path: Path, taken_back: dict[str, str] | None
) -> None:
    asked = [{"kind": "text", "id": "why", "text": "Why?"}]
    with opened(tmp_path, tasks=asked, attention=[]) as (flow, _):
        person = Person(flow)
        question = person.until("task").questions[0].id
        person.say(question, {"kind": "text", "text": "it was warm"})
        assert person.say(question, taken_back).complete
        assert person.step.given == {}
        person.next()
        assert list(flow.served.store.answers(flow.study.id)) == []
        assert flow.served.store.verify() == []


def test_remarks_that_were_emptied_are_in_no_dataset(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.until("questionnaire")
        for words in ("a remark", ""):
            person.say("remarks", {"kind": "text", "text": words})
        person.until("complete")
        assert list(flow.served.store.answers(f"{flow.study.id}.about")) == []


@pytest.mark.parametrize("where", ["consent", "task", "questionnaire"])
def test_what_was_being_answered_when_the_study_paused_is_kept(tmp_path: Path, where: str) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        step = person.until(where)
        question = step.questions[-1]
        flow.served.journal.set_state(flow.study.id, "paused")
        assert person.say(question.id, answer_to(question), step=step.id).at
        assert person.step.kind == "paused"
        flow.served.journal.set_state(flow.study.id, "open")
        assert (person.step.id, question.id in person.step.given) == (step.id, True)


def test_a_place_is_not_held_by_somebody_whose_time_is_over(tmp_path: Path) -> None:
    with opened(tmp_path, recruitment={"participants": 1}) as (flow, clock):
        gone = Person(flow)
        gone.until("task")
        flow._places._asked = -10.0
        assert Person(flow, "c2").step.kind == "full"
        clock.at += 49 * 3600
        flow._places._asked = -10.0
        assert Person(flow, "c3").step.kind == "consent"


def test_who_has_left_does_not_come_back_by_what_another_tab_was_about_to_do(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        person = Person(flow)
        person.until("instructions")
        who = flow.served.journal.participant(flow.study.id, person.key)
        person.leave()
        flow.served.journal.add(who, "instructed", Instructed())
        assert person.step.kind == "exit"
        flow.withdraw(Withdraw(secret=who.secret, key="withdraw-key"))
        flow.served.journal.add(who, "rated-all", RatedAll())
        assert person.step.kind == "gone"
