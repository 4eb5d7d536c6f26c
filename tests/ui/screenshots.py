"""Makes the pictures in docs/images from the page itself, with words written for them.

python -m tests.ui.screenshots
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mascot.conversation.events import Directive, Event, Move, Opened, UserSaid, Utterance, Yielded
from mascot.live import pacing
from mascot.live.journal import Journal
from mascot.settings import Settings
from mascot.ui.page import start
from tests.ui.conftest import FLAGS
from tests.ui.server import live
from tests.ui.table import Table

IMAGES = Path(__file__).parents[2] / "docs" / "images"
CAST = ("anchor", "catalyst", "beacon", "action-guide")
SCREENS = {"phone": (360, 740), "tablet": (768, 1024), "desktop": (1440, 900)}

TURNS = (
    ("anchor", "name the feeling you hear", "calm and empathetic", (0.46, 0.21, 0.17, 0.12, 0.04)),
    ("catalyst", "separate facts from guesses", "curious and open", (0.09, 0.41, 0.24, 0.18, 0.08)),
    ("beacon", "point out the strength they showed", "hopeful and sincere", (0.1, 0.08, 0.44, 0.26, 0.12)),
)
SAID = (
    "You were angry, and you love her, and both were in your voice. No wonder the silence weighs on you.",
    "What do you know for certain about why she does not pick up, and what are you filling in yourself?",
    "You are not looking for an excuse. You want to understand what happened, and repair starts there.",
)
ASKED = (
    "I snapped at my mother on the phone and she has not picked up since. I feel guilty, and I am also still "
    "angry with her."
)


def conversation(journal: Journal, owner: str) -> str:
    """A talk that has taken place, as the journal keeps it."""
    opened = Opened(cast=CAST, policy="round-robin", seed=1, max_turns=2)
    id = journal.create(owner, "A quarrel with my mother", opened)
    events: list[Event] = [UserSaid(text=ASKED)]
    for (agent, action, tone, shares), text in zip(TURNS, SAID, strict=True):
        weighed = [
            Move(
                agent=mover, action=action * (mover == agent), tone=tone * (mover == agent), probability=share
            )
            for mover, share in zip((*CAST, None), shares, strict=True)
        ]
        events += [
            Directive(
                agent=agent, action=action, tone=tone, score=max(shares), weighed=tuple(weighed), seconds=0.38
            ),
            Utterance(
                agent=agent,
                text=text,
                tokens=27,
                seconds=1.9,
                first_token_seconds=0.6,
                prompt_tokens=812,
                cached_tokens=787,
            ),
        ]
    journal.append(id, [*events, Yielded(reason="director")])
    return id


def picture(browser: Browser, url: str, journal: Journal) -> None:
    """Every scene on every screen, in light and in dark."""
    for screen, (width, height) in SCREENS.items():
        for scheme in ("light", "dark"):
            owner = secrets.token_hex(16)
            id = conversation(journal, owner)
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-GB"
            )
            context.add_init_script(f"localStorage.setItem('mascot.owner', '{owner}')")
            page = context.new_page()
            for scene in (welcome, talk, directive, speaking, drawer, crisis):
                if scene is drawer and screen == "desktop":
                    continue
                page.goto(url if scene in (welcome, crisis) else f"{url}?c={id}")
                page.locator(".mascot.ready").wait_for()
                scene(page)
                page.wait_for_timeout(250)
                page.screenshot(path=IMAGES / f"{scene.__name__}-{screen}-{scheme}.png")
            context.close()


def welcome(page: Page) -> None:
    page.locator(".welcome").wait_for()


def talk(page: Page) -> None:
    page.locator("article.turn").nth(2).wait_for()


def directive(page: Page) -> None:
    talk(page)
    page.locator(".directive").first.click()
    page.locator("article.user").first.scroll_into_view_if_needed()


def speaking(page: Page) -> None:
    talk(page)
    page.get_by_role("button", name="Ask Action Guide").click()
    Table(page).speaking()
    page.wait_for_timeout(700)


def drawer(page: Page) -> None:
    talk(page)
    page.get_by_role("button", name="Your conversations").click()


def crisis(page: Page) -> None:
    table = Table(page)
    table.say("I want to die.")
    page.locator(".crisis h2:focus").wait_for()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    pacing.WORDS_PER_SECOND = 9.0
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        studio = live(home)
        url, end = start(studio, Settings(home=home, port=0))
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        picture(browser, url, Journal(f"sqlite:///{home / 'mascot.db'}"))
        browser.close()
        end()
        studio.close()


if __name__ == "__main__":
    main()
