"""A whole study at the page: by mouse, by keyboard alone, on a phone; blind, kind, and in two languages."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from playwright.sync_api import Page, Route, expect

from tests.ui.rater import Rater
from tests.ui.study_files import ARMS
from tests.ui.study_process import StudyProcess
from tests.ui.study_server import TOKEN

Joins = Callable[..., Rater]
PHONE = {"width": 360, "height": 740}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
WAY = ["consent", "instructions", "comprehension-0"]


def sound(page: Page) -> None:
    """axe finds nothing serious, and nothing reaches beyond the screen's side."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    serious = [
        f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")
    ]
    assert not serious
    assert not page.evaluate(
        """() => [...document.querySelectorAll("html, .room, .body, .words-of, .dialogues, .actions, .bar")]
        .filter((e) => e.offsetParent || e === document.documentElement)
        .some((e) => e.scrollWidth > e.clientWidth)"""
    )


def test_a_study_is_completed_by_mouse_and_its_page_and_traffic_name_no_system(
    join: Joins, study: StudyProcess
) -> None:
    traffic: list[str] = []

    def heard(route: Route) -> None:
        response = route.fetch()
        traffic.append(f"{route.request.url} {route.request.post_data} {response.headers}")
        traffic.append(response.text())
        route.fulfill(response=response)

    rater = join("whole")
    rater.page.route("**/*", heard)
    rater.page.reload()
    kinds = set()
    seen = []
    while rater.kind != "complete":
        seen.append(rater.step)
        kinds |= set(rater.page.locator(".dialogues").evaluate_all("all => all.map((e) => e.dataset.count)"))
        sound(rater.page)
        rater.answer_all()
        rater.go_on()
        traffic.append(rater.page.content())
    assert seen == [*WAY, *(f"item-{i}" for i in range(7)), "questionnaire", "debrief"]
    assert kinds == {"1", "2", "3"}
    sound(rater.page)
    assert rater.page.locator(".code output").inner_text()
    everything = "\n".join(traffic).lower()
    assert everything.count("my best friend got engaged") >= 12
    for hint in (
        *ARMS,
        "adapter",
        "no-persona",
        "round-robin",
        "whole/pair",
        "s01",
        '"arm',
        "candidate",
        TOKEN,
    ):
        assert hint not in everything, hint


def test_the_keyboard_alone_is_enough(join: Joins) -> None:
    rater = join("whole")
    press = rater.page.keyboard.press
    steps = 0
    while rater.kind != "complete":
        before = rater.step
        for _ in range(60):
            where = rater.page.evaluate(
                """() => {
                  const at = document.activeElement, current = document.querySelector(".question.current");
                  const open = !current?.querySelector("input:checked, input[type=range]:not(.untouched)");
                  return {
                    onward: at.matches(".onward"), range: at.matches("input[type=range]"),
                    text: at.matches("textarea"), kind: current?.classList[1] ?? "", open,
                    green: current?.textContent.includes("green") ?? false,
                  };
                }"""
            )
            if where["onward"]:
                press("Enter")
                break
            kind = where["kind"]
            if where["range"] and where["open"]:
                press("ArrowRight")
            elif where["open"] and not where["text"] and kind in ("scale", "choice", "pairwise", "ranking"):
                keys = {
                    "scale": "4",
                    "choice": "2" if where["green"] else "1",
                    "pairwise": "b3",
                    "ranking": "212",
                }
                for key in keys[kind]:
                    press(key)
            else:
                press("Tab")
        rater.page.wait_for_function(
            "(before) => document.querySelector('form.step')?.dataset.step !== before", arg=before
        )
        steps += 1
    assert steps == 12


def test_a_phone_shows_one_group_at_a_time_and_the_conversation_is_one_tap_away(join: Joins) -> None:
    rater = join("closely", viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark")
    page = rater.page
    seen, parts = [], 0
    while rater.kind != "complete":
        seen.append(rater.step)
        while True:
            sound(page)
            assert page.locator(".group-of:visible").count() <= 1
            if not rater.more():
                break
            rater.answer_all()
            rater.onward.click()
            parts += 1
            if parts == 3:
                given = rater.given()
                page.get_by_role("button", name="Conversation", exact=True).click()
                expect(page.locator(".dialogues")).to_be_visible()
                page.go_back()
                expect(page.locator(".group-of:visible")).to_have_count(1)
                assert rater.given() == given
        rater.answer_all()
        rater.go_on()
    sound(page)
    assert seen == [*WAY, "item-0", "questionnaire", "debrief"]
    assert parts >= 8


def test_whoever_unticks_every_option_has_taken_the_answer_back(join: Joins) -> None:
    rater = join()
    rater.walk("questionnaire")
    question = rater.page.locator("[data-question=where]")
    for ticked in (["home", "way"], []):
        for option in question.locator(".option").all():
            option.click()
        expect(rater.saved).to_have_attribute("data-state", "saved")
        rater.page.reload()
        assert rater.kind == "questionnaire"
        assert rater.given()["where"] == ticked


def test_what_is_open_is_said_and_nothing_is_skipped(join: Joins) -> None:
    rater = join()
    rater.onward.click()
    expect(rater.notice).to_have_text("One question is still open.")
    expect(rater.page.locator(".question.open input").first).to_be_focused()
    assert rater.step == "consent"


def test_whoever_fails_the_check_twice_is_thanked(join: Joins) -> None:
    rater = join()
    rater.walk("comprehension")
    for left in ("comprehension-1", "screened"):
        rater.page.locator(".option").filter(has_text="A companion").click()
        expect(rater.saved).to_have_text("saved")
        rater.go_on()
        assert rater.step == left
        if left == "comprehension-1":
            expect(
                rater.page.get_by_text("The person speaks first, and the companions answer.")
            ).to_be_visible()
            expect(rater.page.get_by_text("You can try this one more time.")).to_be_visible()
    expect(rater.page.get_by_role("heading", name="Thank you for your time")).to_be_focused()


def test_at_every_step_there_is_a_way_out_with_people_to_call_and_answers_can_be_taken_back(
    join: Joins,
) -> None:
    rater = join()
    page = rater.page
    rater.walk("instructions")
    while rater.kind != "task":
        page.get_by_role("button", name="I want to stop").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("link", name="Call").first).to_be_visible()
        expect(dialog.get_by_role("button", name="Go on with the study")).to_be_focused()
        page.keyboard.press("Escape")
        rater.answer_all()
        rater.go_on()
    page.get_by_role("button", name="I want to stop").click()
    sound(page)
    page.get_by_role("button", name="Stop, this is too much for me").click()
    expect(page.get_by_role("heading", name="You stopped here")).to_be_focused()
    expect(page.get_by_role("link", name="Call").first).to_be_visible()
    page.goto(page.locator(".keep a").get_attribute("href") or "")
    sound(page)
    page.get_by_label("Also delete for good what I wrote").check(force=True)
    page.get_by_role("button", name="Take my answers back").click()
    expect(page.get_by_role("status")).to_contain_text("deleted for good")


def test_a_talk_is_had_at_the_page_and_then_rated(join: Joins) -> None:
    rater = join("live", viewport=PHONE)
    page = rater.page
    rater.walk("talk")
    expect(rater.onward).to_be_disabled()
    box = page.get_by_role("textbox", name="What you write")
    for number, text in enumerate(("I lost my keys again.", "They were in my coat."), 1):
        box.fill(text)
        box.press("Enter")
        expect(page.locator(".log .person")).to_have_count(number)
        expect(page.locator(".log .group")).to_have_count(2 * number, timeout=15_000)
        page.reload()
        expect(page.locator(".log .person").last).to_contain_text(text)
        expect(page.locator(".log .group")).to_have_count(2 * number)
    sound(page)
    expect(rater.onward).to_be_enabled()
    rater.go_on()
    assert rater.kind == "task"
    expect(page.locator(".dialogues .said-by")).to_have_count(6)
    rater.walk()


def test_the_page_speaks_the_participant_s_language(join: Joins) -> None:
    rater = join(locale="de-AT")
    expect(rater.page.get_by_role("heading", level=1)).to_have_text("Teilnahme")
    expect(rater.onward).to_have_text("Ich bin einverstanden und nehme teil")
    assert rater.page.locator("html").get_attribute("lang") == "de"
    rater.page.locator(".option").first.click()
    expect(rater.saved).to_have_text("gespeichert")
    sound(rater.page)


def test_somebody_who_does_not_agree_leaves_nothing_behind(join: Joins) -> None:
    rater = join()
    rater.page.get_by_role("button", name="I do not want to take part").click()
    expect(rater.page.get_by_role("heading", level=1)).to_have_text("You chose not to take part")
    expect(rater.onward).to_have_count(0)


def test_an_unknown_study_is_one_sentence(join: Joins, study: StudyProcess) -> None:
    page = join("closely").page
    assert page.request.get(f"{study.address}/study/nothing").status == 404
    assert page.request.get(f"{study.address}/study/static/nothing.js").status == 404


def test_the_desk_shows_how_it_stands_pauses_and_resumes_and_copies_figures(
    join: Joins, study: StudyProcess
) -> None:
    rater = join("whole")
    rater.walk("task")
    rater.answer_all()
    rater.go_on()
    desk = join(f"whole/desk#{TOKEN}", permissions=["clipboard-read", "clipboard-write"]).page
    expect(desk.get_by_role("heading", level=1)).to_have_text("How do groups of companions talk?")
    assert TOKEN not in desk.url
    expect(desk.locator(".found:empty")).to_have_count(0)
    sound(desk)
    desk.get_by_role("button", name="Copy Quotas as CSV").click()
    copied = desk.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[0].startswith("condition,completed,wanted,open")
    assert len(copied) == 8
    desk.get_by_role("button", name="Pause").click()
    expect(desk.get_by_text("The study is paused")).to_be_visible()
    rater.page.reload()
    expect(rater.page.get_by_role("heading", level=1)).to_have_text("A short break")
    desk.get_by_role("button", name="Resume").click()
    expect(desk.get_by_text("The study is open")).to_be_visible()
    rater.page.reload()
    assert rater.kind == "task"
    before = desk.get_by_role("button", name="Release").count()
    desk.get_by_role("button", name="Release").first.click()
    expect(desk.get_by_role("button", name="Release")).to_have_count(before - 1)
    with desk.expect_download() as download:
        desk.get_by_role("button", name="ratings", exact=True).click()
    assert download.value.suggested_filename == "whole-ratings.zip"


def test_without_the_token_there_is_no_desk(join: Joins) -> None:
    desk = join("whole/desk#wrong").page
    expect(desk.get_by_role("status").first).to_contain_text("there is nothing here")
    expect(desk.get_by_role("table")).to_have_count(0)
