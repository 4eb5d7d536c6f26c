"""What goes wrong at a study's page, or is done there that nobody thought of: nothing is lost, and nothing is
said that is not so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.ui.conftest import eventually
from tests.ui.rater import Rater
from tests.ui.study_process import StudyProcess
from tests.ui.study_server import TOKEN

Joins = Callable[..., Rater]


@pytest.mark.parametrize("kind", ["choice", "slider"])
def test_an_answer_that_need_not_be_given_can_be_taken_back(join: Joins, kind: str) -> None:
    rater = join()
    rater.walk("task")
    question = rater.page.locator(f"fieldset.{kind}:has(.tag)")
    name = question.get_attribute("data-question") or ""
    take_back = question.get_by_role("button", name="Take this answer back")
    expect(take_back).to_be_hidden()
    rater.answer(question)
    expect(rater.saved).to_have_attribute("data-state", "saved")
    rater.page.reload()
    expect(question).to_be_visible()
    assert rater.given()[name]
    take_back.click()
    expect(rater.saved).to_have_attribute("data-state", "saved")
    expect(take_back).to_be_hidden()
    expect(question.locator("input").first).to_be_focused()
    rater.page.reload()
    expect(question).to_be_visible()
    assert rater.given()[name] == []


WITHOUT_CLIPBOARD = """
window.real = navigator.clipboard;
Object.defineProperty(navigator, "clipboard", { value: undefined });
"""
"""A page that came without https."""


def test_without_https_copying_works_and_where_it_cannot_the_page_does_not_say_that_it_did(
    join: Joins,
) -> None:
    rater = join(permissions=["clipboard-read", "clipboard-write"])
    page = rater.page
    page.context.add_init_script(WITHOUT_CLIPBOARD)
    page.reload()
    rater.walk()
    code = page.locator(".code output").inner_text()
    copy = page.locator(".code").get_by_role("button", name="Copy")
    copy.click()
    expect(page.locator(".code .saved")).to_have_text("copied")
    expect(copy).to_be_focused()
    assert page.evaluate("real.readText()") == code
    page.evaluate("document.execCommand = () => false")
    copy.click()
    expect(page.locator(".code .saved")).to_contain_text("please select the text")


def test_in_a_talk_whoever_reads_above_is_left_there_and_the_box_keeps_what_is_being_typed(
    join: Joins,
) -> None:
    rater = join("live", viewport={"width": 360, "height": 480})
    page, box = rater.page, rater.page.get_by_role("textbox", name="What you write")
    rater.walk("talk")
    for number in (1, 2):
        box.fill("I lost my keys again. " * 12)
        box.press("Enter")
        expect(page.locator(".log .group")).to_have_count(2 * number, timeout=15_000)
    scroller = page.locator(".body")
    expect(page.locator(".log article").last).to_be_in_viewport()
    scroller.evaluate("e => e.scrollTo(0, 0)")
    for _ in range(2):
        with page.expect_response("**/talk"):
            pass
    page.wait_for_timeout(100)
    assert scroller.evaluate("e => e.scrollTop") == 0

    def considering(route: Route) -> None:
        talk = route.fetch().json()
        route.fulfill(json={**talk, "yours": False, "speaking": ""})

    page.route("**/talk", considering)
    box.press_sequentially("And ")
    with page.expect_response("**/talk"):
        pass
    page.wait_for_timeout(100)
    page.keyboard.type("now?")
    expect(box).to_have_value("And now?")


def test_words_that_did_not_come_at_the_first_tries_are_asked_for_again(join: Joins) -> None:
    rater = join()
    lost: list[Route] = []

    def lose(route: Route) -> None:
        lost.append(route)
        route.abort() if len(lost) <= 3 else route.continue_()

    rater.page.route("**/words.en.json", lose)
    rater.page.reload()
    expect(rater.onward).to_have_text("I agree and take part")


def test_a_late_answer_about_where_one_stood_does_not_lead_back_to_a_finished_step(join: Joins) -> None:
    rater = join()
    page = rater.page
    rater.walk("instructions")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/step", hold)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    eventually(lambda: page.wait_for_timeout(20) or held)
    answer = held[0].fetch()
    rater.go_on()
    assert rater.step == "comprehension-0"
    with page.expect_response("**/step"):
        held[0].fulfill(response=answer)
    page.wait_for_timeout(100)
    assert rater.step == "comprehension-0"
    expect(rater.notice).to_be_hidden()


def test_words_written_just_before_somebody_stops_are_saved(join: Joins) -> None:
    rater = join()
    page = rater.page
    rater.walk("task")
    sent: list[tuple[str, int]] = []
    page.on("response", lambda response: sent.append((response.url.rsplit("/", 1)[1], response.status)))
    page.locator("textarea").fill("I cannot read on.")
    page.evaluate(
        """() => { document.querySelector(".stop-here").click();
        document.querySelector("dialog .deeds button:last-child").click(); }"""
    )
    expect(page.get_by_role("heading", name="You stopped here")).to_be_visible()
    assert sent[:2] == [("answer", 200), ("exit", 200)]


def test_of_a_refused_answer_the_page_does_not_say_that_it_is_being_saved(join: Joins) -> None:
    rater = join()
    rater.page.route("**/answer", lambda route: route.fulfill(status=400, json={"error": "not on the scale"}))
    rater.page.locator(".option").first.click()
    expect(rater.notice).to_have_text("This answer could not be saved: not on the scale")
    expect(rater.saved).to_have_text("")


def test_a_pause_takes_nothing_of_what_was_being_written_and_says_nothing_of_another_tab(
    join: Joins,
) -> None:
    rater, desk = join("closely"), join(f"closely/desk#{TOKEN}").page
    rater.walk("questionnaire")
    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("The study is paused")).to_be_visible()
    rater.page.locator("textarea").fill("It was long.")
    expect(rater.saved).to_have_attribute("data-state", "saved")
    rater.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(rater.page.get_by_role("heading", level=1)).to_have_text("A short break")
    expect(rater.notice).to_be_hidden()
    desk.get_by_role("button", name="Resume").click()
    expect(desk.get_by_text("The study is open")).to_be_visible()
    rater.page.reload()
    expect(rater.page.locator("textarea")).to_have_value("It was long.")


def test_answers_are_taken_back_also_when_the_server_answers_late_and_the_link_came_in_two_pieces(
    join: Joins,
) -> None:
    rater = join()
    rater.walk()
    page = rater.page
    address, secret = (page.locator(".keep a").get_attribute("href") or "").split("#")
    page.goto(address)
    expect(page.get_by_text("This link is not complete.")).to_be_visible()
    page.goto(f"{address}#{secret}")
    lost: list[Route] = []

    def lose(route: Route) -> None:
        lost.append(route)
        route.abort() if len(lost) == 1 else route.continue_()

    page.route("**/withdraw", lose)
    page.get_by_role("button", name="Take my answers back").click()
    expect(page.get_by_role("status")).to_contain_text("Your answers are taken out of this study.")
    assert len(lost) == 2


def test_the_desk_keeps_asking_keeps_what_went_wrong_in_sight_and_leaves_the_focus_where_it_is(
    join: Joins,
) -> None:
    rater = join("whole")
    rater.walk("task")
    desk = join(f"whole/desk#{TOKEN}").page
    lost: list[Route] = []

    def lose(route: Route) -> None:
        lost.append(route)
        route.abort() if len(lost) == 1 else route.continue_()

    desk.route("**/desk/status", lose)
    desk.route("**/export/*", lambda route: route.abort())
    desk.reload()
    expect(desk.get_by_role("heading", level=1)).to_have_text("How do groups of companions talk?")
    expect(desk.locator(".found:empty")).to_have_count(0)
    desk.get_by_role("button", name="ratings", exact=True).click()
    expect(desk.locator(".notice")).to_contain_text("The export did not arrive")
    copy = desk.get_by_role("button", name="Copy People as CSV")
    copy.focus()
    before = desk.locator(".now").inner_text()
    rater.answer_all()
    rater.go_on()
    expect(desk.locator(".now")).not_to_have_text(before, use_inner_text=True)
    expect(copy).to_be_focused()
    expect(desk.locator(".notice")).to_contain_text("The export did not arrive")


def test_a_desk_that_was_opened_by_a_wrong_token_takes_the_right_one_pasted_over_it(
    join: Joins, study: StudyProcess
) -> None:
    desk = join("whole/desk#wrong").page
    expect(desk.get_by_role("status").first).to_contain_text("there is nothing here")
    desk.goto(f"{study.address}/study/whole/desk#{TOKEN}")
    expect(desk.get_by_role("heading", level=1)).to_have_text("How do groups of companions talk?")


def test_what_is_chosen_can_be_told_apart_in_the_reader_s_own_colours(join: Joins) -> None:
    rater = join(forced_colors="active")
    rater.page.locator(".option").first.click()
    grounds = rater.page.locator(".option .face-of").evaluate_all(
        "all => all.map((e) => getComputedStyle(e).backgroundColor)"
    )
    assert len(set(grounds)) == 2


def test_names_and_words_in_any_script_are_shown_whole_and_read_in_their_language(join: Joins) -> None:
    rater = join("closely")
    rater.walk("task")

    def foreign(route: Route) -> None:
        step = route.fetch().json()
        for line in step["dialogues"][0]["lines"]:
            line |= {"speaker": "🦊 Renard", "text": "J’ai pleuré 🌱" + "🌱" * 139}
        route.fulfill(json={**step, "language": "fr"})

    rater.page.route("**/step", foreign)
    rater.page.reload()
    expect(rater.page.locator(".disc").first).to_have_text("🦊")
    assert "\ufffd" not in (rater.page.locator("blockquote").first.text_content() or "").encode(
        "utf-16", "surrogatepass"
    ).decode("utf-16", "replace")
    assert rater.page.locator("html").get_attribute("lang") == "fr"
    expect(rater.page.get_by_role("button", name="I want to stop")).to_be_visible()


def test_marks_in_several_conversations_are_shown_together_and_can_be_removed_by_keyboard(
    join: Joins,
) -> None:
    rater = join()
    page = rater.page
    rater.walk("task")

    def twice(route: Route) -> None:
        step = route.fetch().json()
        step["dialogues"] = [{**step["dialogues"][0], "label": label} for label in "AB"]
        (marks,) = (question for question in step["questions"] if question["kind"] == "spans")
        step["questions"].append({**marks, "id": "other", "where": {**marks["where"], "dialogue": 1}})
        route.fulfill(json=step)

    page.route("**/step", twice)
    page.route("**/answer", lambda route: route.fulfill(json={}))
    page.reload()
    shown = "[...CSS.highlights.get('marks')].map((range) => range.toString().trim())"
    for column in (0, 1):
        page.locator(".dialogue").nth(column).locator(".group .sentence").nth(column).click()
    assert len(page.evaluate(shown)) == 2
    remove = page.locator("[data-question=other]").get_by_role("button", name="Take this mark away")
    remove.press("Enter")
    assert len(page.evaluate(shown)) == 1
    expect(page.locator("[data-question=other] .spans")).to_be_focused()


def test_what_is_answered_in_one_tab_is_answered_in_the_other(join: Joins) -> None:
    rater = join()
    rater.walk("task")
    other = join("closely", rater.page.url.rsplit("=", 1)[1], rater.page.context)
    assert other.given() != (rater.answer_all() or rater.given())
    expect(other.page.locator(".marks q")).to_have_count(1)
    assert other.given() == rater.given()
    other.go_on()
    assert other.kind == "questionnaire"
