"""How a study stands, as its researcher is told."""

from __future__ import annotations

from pathlib import Path

from studies.desk.status import status
from tests.fixtures.participants import Person, opened


def test_an_item_that_is_being_answered_is_not_called_stuck(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        person.until("task")
        clock.at += 25 * 60
        person.answer_all()
        clock.at += 25 * 60
        (held,) = status(flow.served).held
        assert not held.stuck
        clock.at += 6 * 60
        (held,) = status(flow.served).held
        assert held.stuck


def test_nine_in_ten_took_no_longer_than_the_longest(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, clock):
        person = Person(flow)
        for seconds in (60, 120, 120):
            person.until("task")
            clock.at += seconds
            person.answer_all()
            person.next()
        for each in status(flow.served).times:
            assert each.p90 <= 120


def test_who_has_answered_a_question_of_a_step_has_not_left_there(tmp_path: Path) -> None:
    with opened(tmp_path) as (flow, _):
        here, left = Person(flow), Person(flow, "c2")
        for each in (here, left):
            each.until("questionnaire")
            each.say("remarks", {"kind": "text", "text": "a remark"})
        left.leave()
        stages = {stage.step: stage for stage in status(flow.served).stages}
        assert (stages["questionnaire"].here, stages["questionnaire"].left) == (1, 1)
