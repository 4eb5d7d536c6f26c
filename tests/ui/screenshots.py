"""Makes the pictures in docs/images: the page, the embedded model, and what it really said.

python -m tests.ui.screenshots
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mascot.conversation.transcript import PERSON, fold
from mascot.live.service import Defaults, Live
from mascot.settings import read_settings
from mascot.studio import open_studio
from mascot.ui.page import start
from tests.ui.conftest import FLAGS
from tests.ui.table import Table

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SCREENS = {"phone": (360, 740), "desktop": (1440, 900)}
SEED = 7
ASKED = (
    "I snapped at my mother on the phone and she has not picked up since. I feel guilty, and I am also still "
    "angry with her."
)


def conversation(live: Live, owner: str) -> str:
    """The first rounds that this seed gives on the embedded model, until three have spoken."""
    id = live.open(owner, SEED)
    live.set_pace(id, "immediate")
    live.say(id, ASKED)
    live.wait(id)
    while (
        len({turn.speaker for turn in fold(entry.event for entry in live.entries(id)).turns} - {PERSON}) < 3
    ):
        live.go_on(id)
        live.wait(id)
    live.rename(id, "A quarrel with my mother")
    return id


def picture(browser: Browser, url: str, live: Live) -> None:
    """Every scene on every screen, in light and in dark, each time as a visitor who has one conversation."""
    for screen, (width, height) in SCREENS.items():
        for scheme in ("light", "dark"):
            owner = secrets.token_hex(16)
            id = conversation(live, owner)
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
            )
            context.add_init_script(f"localStorage.setItem('mascot.owner', '{owner}')")
            page = context.new_page()
            for scene in (welcome, talk, directive, drawer, speaking, crisis):
                if scene is drawer and screen == "desktop":
                    continue
                page.goto(f"{url}?c={id}" if scene in (talk, directive, drawer) else url)
                page.locator(".mascot.ready").wait_for()
                scene(page)
                page.wait_for_timeout(250)
                page.screenshot(path=IMAGES / f"{scene.__name__}-{screen}-{scheme}.png")
            context.close()


def welcome(page: Page) -> None:
    page.locator(".welcome").wait_for()


def talk(page: Page) -> None:
    page.locator("article.turn").last.wait_for()


def directive(page: Page) -> None:
    talk(page)
    page.locator(".directive").first.click()
    page.locator("article.user").first.scroll_into_view_if_needed()


def speaking(page: Page) -> None:
    Table(page).say(ASKED)
    page.locator('article.turn[data-phase="speaking"]').wait_for(timeout=120_000)
    page.wait_for_timeout(1200)


def drawer(page: Page) -> None:
    talk(page)
    page.get_by_role("button", name="Your conversations").click()


def crisis(page: Page) -> None:
    table = Table(page)
    table.say("I want to die.")
    page.locator(".crisis h2:focus").wait_for()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        settings = read_settings().model_copy(update={"port": 0, "store": f"sqlite:///{folder}/pictures.db"})
        studio = open_studio(settings, Defaults())
        url, end = start(studio.live, settings)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        picture(browser, url, studio.live)
        browser.close()
        end()
        studio.close()


if __name__ == "__main__":
    main()
