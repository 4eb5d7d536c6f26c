"""When more people talk than the engine serves at once, a page says where it stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import studio
from tests.ui.table import Table

Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A studio that makes one turn at a time, and slowly."""
    with studio(tmp_path_factory.mktemp("busy"), "--places", "1", "--delay", "0.15") as address:
        yield address


def test_the_second_in_line_is_told_so_and_then_heard(visit: Opens) -> None:
    first, second = Table(visit()), Table(visit())
    first.say("I quarrelled with my mother.")
    expect(first.page.locator(".floor-state")).to_contain_text("is thinking")
    second.say("My flat is very cold.")
    expect(second.page.locator(".floor-state")).to_contain_text("number 1 in line")
    second.speaking()
    expect(second.page.locator(".floor-state")).not_to_contain_text("in line")


def test_the_line_says_how_long_it_may_take(visit: Opens) -> None:
    first, second = Table(visit()), Table(visit())
    first.say("I quarrelled with my mother.")
    first.quiet()  # by now it is known what a turn takes
    first.say("And then with my sister.")
    expect(first.page.locator(".floor-state")).to_contain_text("is thinking")
    second.say("My flat is very cold.")
    expect(second.page.locator(".floor-state")).to_contain_text("number 1 in line, a few seconds.")
