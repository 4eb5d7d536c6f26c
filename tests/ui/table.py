"""What a visitor sees and does, in a visitor's words."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Table:
    """Hands and eyes at the page of one conversation."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("textbox", name="What is on your mind?")
        self.turns = page.locator("article.turn")
        self.mine = page.locator("article.user:not(.pending)")
        self.pending = page.locator("article.user.pending")
        self.notes = page.locator(".log .note")
        self.floor = page.locator(".floor-state")
        self.stop = page.get_by_role("button", name="Stop")
        self.hint = page.locator(".hint")

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")
        self.mine.filter(has_text=text).first.wait_for()

    def speaking(self) -> Locator:
        """Waits until someone is in the middle of speaking; their turn."""
        turn = self.page.locator('article.turn[data-phase="speaking"]')
        turn.wait_for()
        return turn

    def quiet(self) -> None:
        """Waits until the floor is the visitor's."""
        expect(self.stop).to_be_hidden(timeout=12_000)

    def words(self, turn: Locator) -> str:
        return turn.locator(".words").text_content() or ""

    def names(self) -> list[str]:
        """Who spoke, in order."""
        return self.turns.locator(".speaker b").all_text_contents()

    def everything(self) -> list[str]:
        """All that stands in the log, in order."""
        return self.page.locator(".log .words").all_text_contents()

    def menu(self, deed: str) -> None:
        self.page.get_by_role("button", name="This conversation").click()
        self.page.locator(".menu").get_by_text(deed).click()
