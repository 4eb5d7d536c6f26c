"""What a person takes back is gone wherever it was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.live import pacing
from studies.flow.flow import Flow
from studies.flow.steps import Say, Withdraw
from studies.web.serving import close_served, open_served
from tests.fixtures.participants import Person, opened
from tests.fixtures.ratings import Clock
from tests.fixtures.studies import prepared
from tests.unit.studies.test_live_study import answered, live_study

SESSION = "5e55104e5e55104e5e55104e"
PROLIFIC = {"kind": "prolific", "completion_code": "DONE1"}


def link(session: str = SESSION) -> dict[str, str]:
    return {"PROLIFIC_PID": "a" * 24, "STUDY_ID": "b" * 24, "SESSION_ID": session}


def kept(folder: Path) -> bytes:
    """Everything the databases have on disk now, while they are open."""
    return b"".join(path.read_bytes() for path in folder.rglob("*.db*"))


def take_back(flow: Flow, person: Person, erase: bool) -> None:
    who = flow.served.journal.participant(flow.study.id, person.key)
    flow.withdraw(Withdraw(secret=who.secret, key="withdraw-key", erase=erase))


@pytest.mark.parametrize("until", ["talk", "complete"])
def test_a_talk_is_deleted_with_what_was_written_in_it(
    tmp_path: Path, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "WORDS_PER_SECOND", 1000.0)
    with live_study(tmp_path) as flow:
        person, other = Person(flow), Person(flow, "c2")
        for each, words in ((person, "an unmistakable worry"), (other, "somebody else's words")):
            each.until("talk")
            for number in range(2):
                flow.talking(each.key, Say(text=f"{words} {number}", key=f"say-number-{number}"))
                answered(flow, each)
        person.until(until)
        take_back(flow, person, erase=True)
        assert person.step.kind == "gone"
        assert b"unmistakable" not in kept(tmp_path)
        assert b"somebody else's words" in kept(tmp_path)
        take_back(flow, person, erase=True)


def remarking(flow: Flow) -> Person:
    """Somebody who has written a remark into the questionnaire."""
    person = Person(flow)
    person.until("questionnaire")
    person.say("remarks", {"kind": "text", "text": "an unmistakable remark"})
    return person


def test_what_was_written_outside_of_the_items_is_overwritten_before_the_person_is_told(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (flow, _):
        person = remarking(flow)
        take_back(flow, person, erase=True)
        assert b"unmistakable" not in kept(tmp_path)


def test_answers_to_a_questionnaire_that_was_since_taken_out_of_the_file_are_deleted_too(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as (flow, _):
        person = remarking(flow)
        person.until("complete")
    design, place, settings = prepared(tmp_path, questionnaire=[])
    served = open_served(design, place, settings, Clock())
    try:
        take_back(Flow(served), person, erase=True)
        assert list(served.store.answers()) == []
        assert b"unmistakable" not in kept(tmp_path)
    finally:
        close_served(served)


@pytest.mark.parametrize("erase", [False, True])
def test_the_recruiters_name_of_the_submission_goes_with_a_withdrawal_and_does_not_come_back(
    tmp_path: Path, erase: bool
) -> None:
    with opened(tmp_path, recruitment=PROLIFIC) as (flow, _):
        person = Person(flow, **link())
        person.until("complete")
        assert SESSION.encode() in kept(tmp_path)
        take_back(flow, person, erase)
        assert SESSION.encode() not in kept(tmp_path)
        assert Person(flow, **link()).step.kind == "gone"
        assert SESSION.encode() not in kept(tmp_path)


def test_who_declines_leaves_no_answer_and_no_submission(tmp_path: Path) -> None:
    with opened(tmp_path, recruitment=PROLIFIC) as (flow, _):
        person = Person(flow, **link())
        person.answer_all()
        assert person.leave().kind == "declined"
        moves = flow.served.journal.moves(flow.served.journal.participant(flow.study.id, person.key))
        assert [each.move.type for each in moves] == ["entered", "left"]
        assert SESSION.encode() not in kept(tmp_path)
        assert Person(flow, **link()).step.kind == "declined"


def test_whose_time_is_over_can_still_take_everything_back(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        person.until("task")
        clock.at += 49 * 3600
        step = person.step
        assert (step.kind, bool(step.withdraw)) == ("gone", True)
        flow.withdraw(Withdraw(secret=step.withdraw, key="withdraw-key"))
        assert (person.step.kind, person.step.withdraw) == ("gone", "")
