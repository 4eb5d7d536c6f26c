"""What a public demo adds to the page: how long things are kept, the question about research, limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import studio
from tests.ui.table import Table

Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("public")


@pytest.fixture(scope="module")
def server(home: Path):
    """A public demo in which a visitor may say three things an hour."""
    with studio(home, "--public", "--messages", "3") as address:
        yield address


def test_the_page_of_a_public_demo(visit: Opens, home: Path) -> None:
    table = Table(visit())
    kept = table.page.locator(".keeping")
    expect(kept).to_contain_text("deleted after 30 days without a word")
    expect(kept).to_contain_text("would survive that")
    table.say("I quarrelled with my mother.")
    table.quiet()

    table.menu("Give to research")
    dialog = table.page.get_by_role("dialog")
    expect(dialog).to_contain_text("You can take it back here at any time")
    dialog.get_by_role("button", name="Cancel").click()
    assert not list((home / "donations").glob("*.json"))
    table.menu("Give to research")
    dialog.get_by_role("button", name="Give it to research").click()
    expect(table.page.locator(".told")).to_contain_text("Thank you")
    assert len(list((home / "donations").glob("*.json"))) == 1
    table.menu("Give to research")
    expect(dialog).to_contain_text("You gave what was said until")
    dialog.get_by_role("button", name="Take it back").click()
    expect(table.page.locator(".told")).to_contain_text("taken back")
    assert not list((home / "donations").glob("*.json"))

    for text in ("And my sister too.", "It was my birthday."):
        table.say(text)
        table.quiet()
    table.box.fill("One thing too many.")
    table.box.press("Enter")
    expect(table.page.locator(".trouble")).to_contain_text("3 messages within an hour")
    expect(table.box).to_have_value("One thing too many.")  # nothing that was written is lost
