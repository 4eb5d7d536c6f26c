"""Recruiters: who a link belongs to, and Prolific end to end against a stand-in of its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mascot.errors import InputError, StoreError
from studies.design.study import Recruitment
from studies.flow.flow import Flow
from studies.recruit.base import recruiter
from studies.recruit.prolific import ProlificApi
from studies.recruit.sync import sync
from tests.fixtures.participants import Person, opened
from tests.fixtures.prolific import TOKEN, Prolific, prolific

STUDY, ANNE, BEN = "a" * 24, "1" * 24, "2" * 24


def link(person: str, session: str) -> dict[str, str]:
    return {"PROLIFIC_PID": person, "STUDY_ID": STUDY, "SESSION_ID": session * 24}


@contextmanager
def study(folder: Path) -> Iterator[tuple[Flow, Prolific, ProlificApi]]:
    """A small study of Prolific's."""
    recruitment = {
        "kind": "prolific",
        "completion_code": "DONE1",
        "screened_code": "OUT1",
        "prolific_study": STUDY,
    }
    with prolific(STUDY) as there, opened(folder, recruitment=recruitment) as (flow, _):
        api = ProlificApi(there.address, TOKEN)
        try:
            yield flow, there, api
        finally:
            api.close()


def test_prolific_people_join_rejoin_and_go_back_only_when_all_is_committed(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, there, api):
        there.submissions["b" * 24] = (ANNE, "ACTIVE")
        anne = Person(flow, **link(ANNE, "b"))
        while anne.step.kind != "complete":
            assert not anne.step.redirect
            assert Person(flow, **link(ANNE, "b")).key == anne.key
            anne.answer_all()
            anne.next()
        assert anne.step.redirect == "https://app.prolific.com/submissions/complete?cc=DONE1"
        there.submissions["b" * 24] = (ANNE, "AWAITING REVIEW")
        assert sync(flow, api.submissions(STUDY)) == 0
        assert len(list(flow.served.store.raters())) == 1
        assert len(flow.served.journal.everyone(flow.study.id)) == 1


def test_who_times_out_at_prolific_gives_their_item_to_others(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, there, api):
        ben = Person(flow, **link(BEN, "c"))
        ben.until("task")
        there.submissions["c" * 24] = (BEN, "TIMED-OUT")
        assert sync(flow, api.submissions(STUDY)) == 1
        assert ben.step.kind == "gone"
        assert [each.outcome for each in flow.served.store.assignments()] == ["released"]
        assert sync(flow, api.submissions(STUDY)) == 0


def test_who_returned_a_submission_and_came_back_with_a_new_one_goes_on(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, there, api):
        ben = Person(flow, **link(BEN, "c"))
        before = ben.until("task")
        again = Person(flow, **link(BEN, "d"))
        there.submissions |= {"c" * 24: (BEN, "RETURNED"), "d" * 24: (BEN, "ACTIVE")}
        assert sync(flow, api.submissions(STUDY)) == 0
        assert (again.key, again.step) == (ben.key, before)


def test_a_long_list_is_read_to_its_last_page(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, there, api):
        ben = Person(flow, **link(BEN, "c"))
        ben.until("task")
        there.page_size = 2
        there.submissions = {f"{number:024x}": (f"{number:024d}", "APPROVED") for number in range(4)}
        there.submissions["c" * 24] = (BEN, "TIMED-OUT")
        assert [each.id for each in api.submissions(STUDY)] == list(there.submissions)
        assert len(there.asked) == 3
        assert sync(flow, api.submissions(STUDY)) == 1


def test_the_token_goes_to_no_other_host_whatever_a_page_links_to() -> None:
    with prolific(STUDY) as there, prolific(STUDY) as stranger:
        there.page_size, there.host = 1, stranger.address
        there.submissions = {"c" * 24: (ANNE, "ACTIVE"), "d" * 24: (BEN, "ACTIVE")}
        api = ProlificApi(there.address, TOKEN)
        assert len(api.submissions(STUDY)) == 2
        assert stranger.asked == []
        api.close()


@pytest.mark.parametrize("href", ["/api/v1/studies/{}/submissions/", 7])
def test_a_list_without_an_end_or_of_another_shape_is_one_line(
    href: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    href = href.format(STUDY) if isinstance(href, str) else href
    monkeypatch.setattr(Prolific, "page", lambda *_: {"results": [], "_links": {"next": {"href": href}}})
    with prolific(STUDY) as there:
        api = ProlificApi(there.address, TOKEN)
        with pytest.raises(StoreError, match="Prolific's list"):
            api.submissions(STUDY)
        api.close()


def test_who_is_screened_out_goes_back_with_that_code(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, _, _api):
        anne = Person(flow, **link(ANNE, "b"))
        step = anne.until("screened", attention="three")
        assert step.redirect.endswith("cc=OUT1")


def test_no_id_of_prolific_is_kept_but_the_submission_and_that_goes_with_a_withdrawal(tmp_path: Path) -> None:
    with study(tmp_path) as (flow, _, _api):
        Person(flow, **link(ANNE, "b")).until("complete")
    assert ANNE.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("ratings.db*"))


def test_a_wrong_token_and_a_silent_prolific_are_one_line(tmp_path: Path) -> None:
    with prolific(STUDY) as there:
        api = ProlificApi(there.address, "another")
        with pytest.raises(InputError, match="401"):
            api.submissions(STUDY)
        api.close()
    api = ProlificApi("http://127.0.0.1:9", TOKEN)
    with pytest.raises(StoreError, match="does not answer"):
        api.submissions(STUDY)
    api.close()


@pytest.mark.parametrize(
    ("kind", "parameters", "said"),
    [
        ("prolific", {"PROLIFIC_PID": ANNE, "STUDY_ID": STUDY}, "no SESSION_ID"),
        ("prolific", link("{{%PROLIFIC_PID%}}", "b"), "no PROLIFIC_PID"),
        ("prolific", link("short", "b"), "not one of Prolific's"),
        ("mturk", {"workerId": "W", "assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"}, "accept the task first"),
        ("sona", {}, "no survey_code"),
        ("plain", {"code": "unknown"}, "not known"),
        ("plain", {"code": "<script>"}, "not known"),
    ],
)
def test_links_that_cannot_be_right_are_refused(kind, parameters: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recruiter(Recruitment(kind=kind, codes=("known",))).arrival(parameters)


def test_mturk_and_sona_know_their_people() -> None:
    worker = recruiter(Recruitment(kind="mturk")).arrival(
        {"workerId": "W1", "assignmentId": "A1", "hitId": "H"}
    )
    assert (worker.person, worker.submission) == ("W1", "A1")
    sona = recruiter(Recruitment(kind="sona", return_url="https://x.example/credit?survey_code={submission}"))
    assert sona.arrival({"survey_code": "77"}).submission == "77"
    assert sona.redirect("CODE", "77") == "https://x.example/credit?survey_code=77"


def test_an_open_link_is_somebody_new_each_time() -> None:
    open_link = recruiter(Recruitment())
    assert open_link.arrival({}) != open_link.arrival({})
    assert open_link.arrival({"code": "x"}) == open_link.arrival({"code": "x"})
