"""Nothing is lost and no step comes twice: reload, back, offline, second tab, killed server, at each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.ui.rater import Rater
from tests.ui.study_process import StudyProcess

Joins = Callable[..., Rater]
KEPT = "No connection. Your answers are kept on this device and are sent as soon as it is back."


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[StudyProcess]:
    """A server of this test's own, which may be killed."""
    with StudyProcess(tmp_path) as process:
        yield process


@pytest.fixture
def person(browser: Browser, mortal: StudyProcess) -> Iterator[Rater]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield come(context, mortal)
    context.close()


def come(context: BrowserContext, process: StudyProcess, study: str = "closely") -> Rater:
    page = context.new_page()
    page.goto(f"{process.address}/study/{study}?code=one")
    page.locator("form.step").wait_for()
    return Rater(page)


def choose(rater: Rater, option: int) -> None:
    """Answers the first question that has buttons, if the step has one."""
    first = rater.page.locator("fieldset.question:has(.option)").first
    if first.count():
        first.locator(".option").nth(option).click()


def test_at_every_step_nothing_is_lost_and_no_step_comes_twice(person: Rater, mortal: StudyProcess) -> None:
    page, context, seen = person.page, person.page.context, []
    while person.kind != "complete":
        step = person.step
        assert step not in seen
        seen.append(step)
        asks = page.locator("fieldset.question").count() > 0
        person.answer_all()
        given = person.given()

        def stands(rater: Rater = person, given: dict[str, list[str]] = given, step: str = step) -> None:
            assert rater.step == step
            expect(rater.page.locator("h1")).to_be_visible()
            assert rater.given() == given

        page.reload()
        stands()

        page.goto("about:blank")
        page.go_back()
        stands()

        tab = come(context, mortal)
        stands(tab)
        tab.page.close()

        context.set_offline(True)
        if asks:
            choose(person, 1)
            expect(person.saved).to_have_text(KEPT)
        context.set_offline(False)
        if asks:
            expect(person.saved).to_have_text("saved")
            choose(person, 0)
            expect(person.saved).to_have_text("saved")

        mortal.kill()
        if asks:
            choose(person, 1)
            expect(person.saved).to_have_text(KEPT)
            choose(person, 0)
        person.onward.click()
        mortal.start()
        page.wait_for_function("(s) => document.querySelector('form.step')?.dataset.step !== s", arg=step)
    assert seen == ["consent", "instructions", "comprehension-0", "item-0", "questionnaire", "debrief"]
    code = page.locator(".code output").inner_text()
    page.reload()
    expect(page.locator(".code output")).to_have_text(code)


def test_whose_talk_is_lost_with_its_disk_is_told_so_at_the_open_page_and_has_another(
    browser: Browser, mortal: StudyProcess, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    context.set_default_timeout(15_000)
    rater = come(context, mortal, "live")
    page, box = rater.page, rater.page.get_by_role("textbox", name="What you write")
    rater.walk("talk")
    before = rater.step
    box.fill("I lost my keys again.")
    box.press("Enter")
    expect(page.locator(".log .person")).to_have_count(1)
    expect(rater.saved).to_have_text("saved")
    mortal.kill()
    for path in tmp_path.rglob("talks.db*"):
        path.unlink()
    mortal.start()
    expect(page.locator(".callout").first).to_contain_text("was lost on our side")
    assert (rater.kind, rater.step == before) == ("talk", False)
    expect(page.locator(".log .person")).to_have_count(0)
    box.fill("I lost my keys again, I said.")
    box.press("Enter")
    expect(page.locator(".log .group")).to_have_count(2)
    context.close()


def test_an_answer_that_was_given_before_a_crash_of_the_page_arrives_later(join: Joins) -> None:
    rater = join()
    rater.page.route("**/answer", lambda route: route.abort())
    rater.page.locator(".option").first.click()
    expect(rater.saved).to_have_text(KEPT)
    other = rater.page.context.new_page()
    rater.page.close()
    other.goto(rater.page.url)
    again = Rater(other)
    again.form.wait_for()
    expect(again.saved).to_have_text("saved")
    other.reload()
    expect(other.locator(".option input").first).to_be_checked()


def test_a_lost_reply_does_not_save_an_answer_twice(join: Joins) -> None:
    rater = join()
    keys: list[str] = []

    def lose(route) -> None:
        keys.append(route.request.post_data_json["key"])
        if len(keys) == 1:
            route.fetch()  # it is saved, but the page never learns
            route.abort()
        else:
            route.continue_()

    rater.page.route("**/answer", lose)
    rater.page.locator(".option").first.click()
    expect(rater.saved).to_have_text("saved")
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_tab_that_was_left_behind_goes_to_where_the_person_is(join: Joins) -> None:
    rater = join()
    query = rater.page.url.rsplit("=", 1)[1]
    other = join("closely", query, rater.page.context)
    other.walk("comprehension")
    rater.page.locator(".option").nth(1).click()
    expect(rater.page.locator("form.step")).to_have_attribute("data-step", "comprehension-0")
    expect(rater.notice).to_have_text("This page went on in another tab. Here is where you are now.")


def test_words_being_typed_survive_a_reload_in_the_middle_of_a_sentence(join: Joins) -> None:
    rater = join()
    rater.walk("task")
    rater.page.locator("textarea").press_sequentially("They let her cry", delay=5)
    rater.page.reload()
    expect(rater.page.locator("textarea")).to_have_value("They let her cry")
    expect(rater.saved).to_have_text("saved")
