"""The persona editor in a browser: drafts, faults, a try-out, cards in and out, for everyone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from mascot.characters.files import read_file
from tests.unit.characters.cards import SERAPHINA, picture

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
Opens = Callable[..., Page]
SERA = {"name": "sera.png", "mimeType": "image/png", "buffer": picture(chara=SERAPHINA)}


@pytest.fixture
def editor(browser: Browser, server: str) -> Iterator[Opens]:
    """Opens the editor in a browser of its own; fails the test for any error in it."""
    contexts, wrong = [], []

    def open_editor(**options: object) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))  # pyright: ignore
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        page.on(
            "request", lambda r: None if r.url.startswith((server, "data:", "blob:")) else wrong.append(r.url)
        )
        page.goto(server + "personas")
        expect(page.get_by_label("Name", exact=True)).to_have_value("Anchor")
        return page

    yield open_editor
    for context in contexts:
        context.close()
    assert not wrong


def bring(page: Page, file: dict | None = None) -> None:
    page.locator("input[type=file]").set_input_files(file or SERA)  # pyright: ignore


def exported(page: Page, kind: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=kind, exact=True).click()
    return download.value.path().read_bytes()


def fault(page: Page, field: str) -> str:
    return page.locator(f"[data-field={field}] .fault").inner_text()


def test_a_card_of_another_program_is_imported_edited_and_exported_with_nothing_else_changed(
    editor: Opens,
) -> None:
    page = editor()
    bring(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Seraphina")
    expect(page.locator("[data-field=tones] .fault")).to_have_text("is missing")
    assert fault(page, "voice") == ""
    expect(page.get_by_role("button", name="YAML")).to_be_disabled()
    page.get_by_label("Tones").fill("quiet\nslow and kind")
    expect(page.locator("[data-field=tones] .fault")).to_be_empty()
    data = exported(page, "PNG")
    after = read_file(data, "out.png").card
    assert after["data"]["extensions"].pop("mascot") == {"tones": ["quiet", "slow and kind"]}
    assert after == SERAPHINA
    with Image.open(io.BytesIO(SERA["buffer"])) as old, Image.open(io.BytesIO(data)) as new:
        assert old.tobytes() == new.tobytes()
    page.reload()  # the draft and its file are this browser's
    expect(page.get_by_label("Tones")).to_have_value("quiet\nslow and kind")
    assert read_file(exported(page, "PNG"), "out.png").card["data"]["creator"] == "somebody else"
    page.get_by_role("button", name="Delete this draft").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_draft_answers_a_situation_and_is_nobody_elses(editor: Opens) -> None:
    page = editor()
    page.get_by_label("Name", exact=True).fill("Historian")
    page.get_by_label("Actions").fill("recall an earlier time")
    page.get_by_label("Tones").fill("dry")
    expect(page.get_by_role("status").first).to_have_text("Saved in this browser")
    page.get_by_label("Situation").select_option(label="New in town")
    expect(
        page.get_by_label("What is said to it")
    ).to_have_value("""I moved here four months ago and still eat \
dinner alone every evening. Everyone seems to have their people already.""")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".directive-line")).to_have_text("recall an earlier time · dry")
    expect(page.locator(".answer .words")).not_to_be_empty()
    cast = exported(page, "V3 JSON")
    assert json.loads(cast)["data"]["name"] == "Historian"
    other = editor()
    expect(other.get_by_text("None yet.")).to_be_visible()
    assert "Historian" not in other.inner_text("main")


def hold_the_first(page: Page, address: str) -> list[Route]:
    """The first request to this address, once it was made, to be continued later; the others pass."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(address, hold)
    return held


def test_a_try_out_can_be_stopped_and_begun_again(editor: Opens) -> None:
    page = editor()
    box = page.get_by_label("What is said to it")
    held = hold_the_first(page, "**/live/personas/try")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".directive-line")).to_have_text("Anchor is thinking")
    page.get_by_role("button", name="Stop").click()
    box.fill("I quarrelled with my mother.")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".answer .words")).not_to_be_empty()
    words = page.locator(".answer .words").inner_text()
    with page.expect_response("**/live/personas/try"):
        held[0].continue_()
    page.wait_for_timeout(200)
    assert page.locator(".answer .words").inner_text() == words


def test_a_late_check_says_nothing_about_what_was_written_since(editor: Opens) -> None:
    page = editor()
    held = hold_the_first(page, "**/live/personas/check")
    name = page.get_by_label("Name", exact=True)
    with page.expect_request("**/live/personas/check"):
        name.fill("N0 name!")
    with page.expect_response("**/live/personas/check"):
        name.fill("Historian")
    with page.expect_response("**/live/personas/check"):
        held[0].continue_()
    page.wait_for_timeout(200)
    assert fault(page, "name") == ""
    expect(page.get_by_role("button", name="Try it")).to_be_enabled()


def test_a_check_that_did_not_come_through_is_forgotten_with_the_next(editor: Opens) -> None:
    page = editor()
    page.route("**/live/personas/check", lambda route: route.abort(), times=1)
    name = page.get_by_label("Name", exact=True)
    name.fill("Historia")
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    name.fill("Historian")
    expect(page.get_by_text("The server cannot be reached.")).to_have_count(0)


def test_a_crisis_in_the_try_out_is_met_by_the_page(editor: Opens) -> None:
    page = editor()
    page.get_by_label("What is said to it").fill("I want to kill myself tonight.")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator(".trial .crisis h2")).to_be_visible()
    expect(page.locator(".answer")).to_be_hidden()


def test_markup_in_a_card_is_only_ever_text(editor: Opens) -> None:
    evil = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    card = {
        "name": evil,
        "description": evil,
        "personality": evil,
        "mes_example": f"{{{{user}}}}: a\n{{{{char}}}}: {evil}",
    }
    page = editor()
    bring(
        page,
        {"name": f"{evil[:20]}.json", "mimeType": "application/json", "buffer": json.dumps(card).encode()},
    )
    expect(page.get_by_label("Voice")).to_have_value(evil)
    expect(page.locator(".about h2")).to_have_text(evil)
    assert page.locator("main img, main script").count() == 0
    assert "Personas" in page.title()


def test_a_file_that_is_no_card_is_one_sentence(editor: Opens) -> None:
    page = editor()
    bring(page, {"name": "x.png", "mimeType": "image/png", "buffer": picture()})
    expect(page.locator(".cast .fault")).to_have_text("x.png: there is no character card in this picture")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_axe_finds_nothing_and_nothing_is_too_wide(editor: Opens, width: int, scheme: str) -> None:
    page = editor(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    bring(page)
    expect(page.locator("[data-field=does] .fault")).to_have_text("is missing")
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    assert page.evaluate(
        "(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)(document.querySelector('.talk'))"
    )


def test_the_keyboard_alone_edits_and_tries(editor: Opens) -> None:
    page = editor()
    page.get_by_role("button", name="New persona").press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Piper")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Role")).to_be_focused()
    page.get_by_role("button", name="Add an example").press("Enter")
    expect(page.get_by_label("A person writes")).to_be_focused()
    page.keyboard.type("Hello")
    expect(page.locator("[data-field=examples] .fault")).to_contain_text("1, says")
    beacon = page.get_by_role("button", name="Beacon")
    beacon.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Beacon")
    expect(beacon).to_be_focused()  # the list was drawn anew, and the keyboard goes on from there


def test_the_editor_is_reached_from_the_talk_and_leads_back(visit: Opens) -> None:
    page = visit()
    page.get_by_role("link", name="Personas").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Anchor")
    page.get_by_role("link", name="Back to the talk").click()
    expect(page.locator(".mascot.ready .welcome")).to_be_visible()
