"""For everyone: small screens, keyboards, screen readers, dark rooms, hostile texts, hard moments."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.table import Table

Opens = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


def wide(page: Page) -> bool:
    """Whether anything reaches beyond the screen's side."""
    return page.evaluate(
        """() => [...document.querySelectorAll("html, .mascot .talk, .mascot .column, .mascot .foot")]
        .some((e) => e.scrollWidth > e.clientWidth)"""
    )


def test_a_phone_shows_everything_without_scrolling_sideways(visit: Opens) -> None:
    table = Table(visit(viewport=PHONE))
    assert not wide(table.page)
    table.say("W" * 300 + " I quarrelled with my mother. https://example.org/" + "long" * 60)
    table.speaking()
    assert not wide(table.page)
    table.quiet()
    table.turns.first.locator(".directive").click()
    assert not wide(table.page)
    table.page.get_by_role("button", name="Your conversations").click()
    expect(table.page.get_by_role("navigation", name="Your conversations")).to_be_in_viewport()
    table.page.keyboard.press("Escape")
    expect(table.page.get_by_role("button", name="Your conversations")).to_be_focused()


def test_zoomed_to_twice_the_size_it_still_works(visit: Opens) -> None:
    table = Table(visit(viewport={"width": 640, "height": 400}))
    table.say("I quarrelled with my mother.")
    table.quiet()
    assert not wide(table.page)


def test_the_keyboard_alone_is_enough(visit: Opens) -> None:
    table = Table(visit())
    page = table.page
    first = page.locator(".mascot :is(a, button, textarea, input)").first
    expect(first).to_have_text("Skip to the message box")
    first.press("Enter")
    expect(table.box).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(table.mine.locator(".words")).to_have_text("First line\nsecond line")
    table.speaking()
    page.keyboard.press("Escape")
    table.quiet()
    for name in ("Mute Action Guide", "Ask Action Guide", "Mute Beacon", "Ask Beacon"):
        page.keyboard.press("Shift+Tab")
        expect(page.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(table.notes.last).to_have_text("You asked Beacon to speak.")


def test_a_finished_utterance_is_announced_once_with_its_speaker(visit: Opens) -> None:
    table = Table(visit())
    table.page.evaluate(
        """() => { window.heard = []; new MutationObserver(() => heard.push(
        document.querySelector(".mascot > [role=status]").textContent)).observe(
        document.querySelector(".mascot > [role=status]"), { childList: true, subtree: true }); }"""
    )
    table.say("I quarrelled with my mother.")
    table.quiet()
    heard = table.page.evaluate("heard")
    assert len(heard) == table.turns.count()
    assert heard[0] == f"Anchor: {table.words(table.turns.first)}"
    assert table.page.get_by_role("log").get_attribute("aria-live") == "off"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("scene", ["empty", "talk", "crisis", "drawer"])
def test_axe_finds_nothing_serious(visit: Opens, scheme: str, scene: str) -> None:
    options = {"viewport": PHONE} if scene == "drawer" else {}
    table = Table(visit(color_scheme=scheme, **options))
    if scene == "talk":
        table.say("I quarrelled with my mother.")
        table.quiet()
        table.turns.first.locator(".directive").click()
        table.page.get_by_role("button", name="Mute Beacon").click()
        expect(table.notes.last).to_be_visible()
    if scene == "crisis":
        table.say("I want to die.")
        table.page.locator(".crisis").wait_for()
    if scene == "drawer":
        table.page.get_by_role("button", name="Your conversations").click()
        table.page.wait_for_timeout(300)
    table.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    found = table.page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in grave]


def test_dark_follows_the_system(visit: Opens) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme)
        grounds[scheme] = page.locator(".mascot").evaluate("e => getComputedStyle(e).backgroundColor")
    assert grounds == {"light": "rgb(247, 245, 242)", "dark": "rgb(27, 26, 24)"}


def test_those_who_want_no_motion_get_none(visit: Opens) -> None:
    table = Table(visit(reduced_motion="reduce"))
    table.say("I quarrelled with my mother.")
    table.speaking()
    assert table.page.locator(".fresh").first.evaluate("e => getComputedStyle(e).animationName") == "none"


def test_markup_is_only_ever_text(table: Table) -> None:
    evil = '<img src=x onerror="owned=1"><script>owned=1</script> [x](javascript:owned=1) **b** {{7*7}} ${1}'
    table.say(evil)
    expect(table.mine.locator(".words")).to_have_text(evil)
    table.quiet()
    table.page.reload()
    expect(table.mine.locator(".words")).to_have_text(evil)
    assert table.page.evaluate("window.owned") is None
    assert table.page.locator(".log img, .log script, .log a").count() == 0


def test_reading_above_is_not_disturbed(visit: Opens) -> None:
    table = Table(visit(viewport={"width": 900, "height": 480}))
    for text in ("One.", "Two.", "Three."):
        table.say(text)
        table.quiet()
    scroller = table.page.locator(".mascot .talk")
    scroller.evaluate("e => e.scrollTo(0, 0)")
    table.page.get_by_role("button", name="Go on").click()
    below = table.page.get_by_role("button", name="new words below")
    below.wait_for()
    assert scroller.evaluate("e => e.scrollTop") == 0
    table.quiet()
    below.click()
    expect(below).to_be_hidden()
    assert scroller.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") < 4


def test_in_a_crisis_the_country_chosen_last_is_the_one_that_is_shown(table: Table) -> None:
    table.say("I want to die.")
    card, held = table.page.locator(".crisis"), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    expect(card.get_by_role("link", name="Call").first).to_be_visible()
    table.page.route("**/live/crisis?*country=GB", hold)
    card.get_by_label("Numbers for").select_option("GB")
    card.get_by_label("Numbers for").select_option("DE")
    german = card.get_by_role("link", name="Call 0800 111 0 111")
    expect(german).to_be_visible()
    with table.page.expect_response("**/live/crisis?*country=GB"):
        held[0].continue_()
    table.page.wait_for_timeout(100)
    expect(german).to_be_visible()
    expect(card.get_by_label("Numbers for")).to_have_value("DE")


def test_in_a_crisis_the_page_speaks_and_waits(table: Table) -> None:
    table.say("I want to die.")
    card = table.page.locator(".crisis")
    expect(card).to_be_visible()
    expect(table.box).to_be_hidden()
    expect(card.get_by_role("heading")).to_be_focused()
    assert table.turns.count() == 0
    table.page.reload()
    card.get_by_label("Numbers for").select_option("DE")
    expect(card.get_by_role("link", name="Call 0800 111 0 111")).to_have_attribute("href", "tel:08001110111")
    table.page.reload()
    expect(card.get_by_label("Numbers for")).to_have_value("DE")
    card.get_by_role("button", name="I have read this").click()
    expect(card).to_be_hidden()
    expect(table.box).to_be_focused()


def test_words_that_run_from_right_to_left_do_so_line_by_line(table: Table) -> None:
    said = "This is what my mother wrote to me on Sunday, after all that:\nأنا بخير، لا تقلقي."
    edges = """(e) => {
      const words = e.querySelector?.(".words") ?? e, range = document.createRange();
      range.setStart(words.firstChild, words.textContent.indexOf("\\n") + 1);
      range.setEnd(words.firstChild, words.textContent.length);
      const [line, box] = [range.getBoundingClientRect(), words.getBoundingClientRect()];
      return [line.left - box.left, box.right - line.right];
    }"""
    table.box.fill(said)
    table.box.press("Enter")
    table.mine.wait_for()
    left, right = table.mine.evaluate(edges)
    assert right < 20 < left


def test_what_is_chosen_can_be_told_apart_in_the_reader_s_own_colours(visit: Opens) -> None:
    table = Table(visit(forced_colors="active"))
    table.box.press_sequentially("@")
    table.page.get_by_role("option").nth(1).wait_for()
    outlines = table.page.get_by_role("option").evaluate_all(
        "all => all.map((e) => getComputedStyle(e).outlineStyle)"
    )
    assert outlines == ["solid", "none", "none", "none"]
