"""Makes the pictures of a study in docs/images: every step, on a desktop and on a phone, and the desk.

python -m tests.ui.study_screenshots
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.ui.conftest import FLAGS
from tests.ui.rater import Rater
from tests.ui.screenshots import IMAGES, SCREENS
from tests.ui.study_process import StudyProcess
from tests.ui.study_server import TOKEN

KINDS = {"1": "dialogue", "2": "pair", "3": "triple"}


def picture(page: Page, name: str) -> None:
    page.wait_for_timeout(250)
    page.screenshot(path=IMAGES / f"study-{name}.png")


def walk(browser: Browser, address: str, screen: str, scheme: str) -> None:
    """One person's whole way; the first item of each kind is pictured, with half of its answers given."""
    width, height = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # pyright: ignore[reportArgumentType]
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(f"{address}/study/whole?code={screen}-{scheme}")
    rater, seen = Rater(page), set()
    while rater.kind != "complete":
        dialogues = page.locator(".dialogues")
        name = KINDS[dialogues.get_attribute("data-count") or ""] if dialogues.count() else rater.kind
        new = name not in seen
        seen.add(name)
        if new and rater.more():
            picture(page, f"{name}-reading-{screen}-{scheme}")
        while rater.more():
            rater.answer_all()
            rater.onward.click()
        rater.answer_all()
        if new:
            picture(page, f"{name}-{screen}-{scheme}")
        if new and name == "dialogue":
            page.get_by_role("button", name="I want to stop").click()
            picture(page, f"stop-{screen}-{scheme}")
            page.keyboard.press("Escape")
        rater.go_on()
    picture(page, f"complete-{screen}-{scheme}")
    context.close()


def closely(browser: Browser, address: str) -> None:
    """Every kind of question about one dialogue, in German."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="de-AT")
    page = context.new_page()
    page.goto(f"{address}/study/closely?code=german")
    rater = Rater(page)
    rater.walk("task")
    rater.answer_all()
    picture(page, "closely-desktop-light")
    context.close()


def talk(browser: Browser, address: str) -> None:
    """A conversation that the participant takes part in; a script answers."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{address}/study/live?code=talk")
    Rater(page).walk("talk")
    page.get_by_role("textbox").fill("I quarrelled with my mother on the phone.")
    page.get_by_role("textbox").press("Enter")
    page.locator(".log .group").nth(1).wait_for()
    picture(page, "talk-phone-light")
    context.close()


def desk(browser: Browser, address: str) -> None:
    """The researcher's page after these few people."""
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            color_scheme=scheme,  # pyright: ignore[reportArgumentType]
            locale="en-GB",
            bypass_csp=True,  # for the style that lets the whole page be pictured
        )
        page = context.new_page()
        page.goto(f"{address}/study/whole/desk#{TOKEN}")
        page.wait_for_function(
            "() => !document.querySelector('.found:empty') && document.querySelector('.found')"
        )
        page.add_style_tag(content=".room.desk { position: static; block-size: auto; overflow: visible }")
        page.wait_for_timeout(250)
        page.screenshot(path=IMAGES / f"study-desk-{scheme}.png", full_page=True)
        context.close()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        StudyProcess(Path(folder)) as process,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for screen in SCREENS:
            for scheme in ("light", "dark"):
                walk(browser, process.address, screen, scheme)
        closely(browser, process.address)
        talk(browser, process.address)
        desk(browser, process.address)
        browser.close()


if __name__ == "__main__":
    main()
