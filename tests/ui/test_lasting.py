"""What lasts: reloads, second tabs, lost connections, lists, exports; and what is gone when deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.ui.conftest import eventually
from tests.ui.table import Table

Opens = Callable[..., Page]


def test_a_reload_in_the_middle_loses_no_word(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.speaking()
    table.page.reload()
    table.turns.first.wait_for()
    table.quiet()
    assert table.everything()[0] == "I quarrelled with my mother."
    assert table.everything()[1][-1] in ".?"
    assert len(set(table.everything())) == len(table.everything())


def test_two_tabs_are_equal(table: Table, visit: Opens) -> None:
    table.say("I quarrelled with my mother.")
    other = Table(visit("?" + table.page.url.split("?")[1], context=table.page.context))
    other.speaking()
    other.say("From the other tab.")
    table.mine.filter(has_text="From the other tab.").wait_for()
    table.quiet()
    other.quiet()
    assert table.everything() == other.everything()
    assert table.names() == other.names()


def test_a_link_opens_the_same_talk_elsewhere(table: Table, visit: Opens) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    friend = Table(visit("?" + table.page.url.split("?")[1]))
    friend.quiet()
    expect(friend.turns).to_have_count(table.turns.count())
    assert friend.everything() == table.everything()
    expect(friend.page.locator(".conversations a")).to_have_count(0)


def test_rename_reaches_list_title_and_other_tabs(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.menu("Rename")
    table.page.get_by_role("textbox", name="Title").fill("My mother & <b>me</b>")
    table.page.get_by_role("button", name="Rename").last.click()
    expect(table.page.get_by_role("heading", level=1)).to_have_text("My mother & <b>me</b>")
    expect(table.page.locator(".conversations .title")).to_have_text("My mother & <b>me</b>")
    assert table.page.title().startswith("My mother & <b>me</b>")


def test_deleting_asks_first_and_is_for_good(table: Table, visit: Opens) -> None:
    table.say("I quarrelled with my mother.")
    query = "?" + table.page.url.split("?")[1]
    other = Table(visit(query, context=table.page.context))
    other.turns.first.wait_for()
    table.menu("Delete for good")
    table.page.get_by_role("button", name="Cancel").click()
    expect(table.turns.first).to_be_visible()
    table.menu("Delete for good")
    table.page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(table.page.locator(".welcome")).to_be_visible()
    expect(table.page.locator(".conversations a")).to_have_count(0)
    expect(other.page.get_by_text("no longer here")).to_be_visible()
    assert "c=" not in table.page.url


def test_an_unknown_link_is_a_kind_sentence_and_a_new_start(visit: Opens) -> None:
    table = Table(visit("?c=" + "0" * 32))
    expect(table.page.get_by_text("no longer here")).to_be_visible()
    expect(table.page.locator(".welcome")).to_be_visible()
    table.say("Then I begin here.")
    expect(table.page.get_by_text("no longer here")).to_be_hidden()


@pytest.mark.parametrize(("label", "ending"), [("Export as JSON", ".json"), ("Export as Markdown", ".md")])
def test_exports_are_downloaded(table: Table, tmp_path: Path, label: str, ending: str) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    with table.page.expect_download() as download:
        table.menu(label)
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ending
    text = path.read_text("utf-8")
    assert "I quarrelled with my mother." in text
    assert table.words(table.turns.first) in text
    assert ending == ".md" or json.loads(text)


def test_a_draft_survives_a_reload(table: Table) -> None:
    table.box.fill("Not sure how to say")
    table.page.reload()
    expect(table.box).to_have_value("Not sure how to say")
    table.say("Said.")
    expect(table.box).to_have_value("")
    table.page.reload()
    expect(table.mine.locator(".words")).to_have_text("Said.")
    expect(table.box).to_have_value("")


def test_what_is_said_offline_is_kept_and_said_once(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    context = table.page.context
    context.set_offline(True)
    expect(table.floor).to_contain_text("Reconnecting")
    table.box.fill("Said in a tunnel.")
    table.box.press("Enter")
    expect(table.pending).to_contain_text("Said in a tunnel.")
    context.set_offline(False)
    expect(table.mine.last).to_contain_text("Said in a tunnel.")
    expect(table.pending).to_have_count(0)
    table.quiet()
    table.page.reload()
    expect(table.mine).to_have_count(2)


def test_a_lost_answer_does_not_say_it_twice(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    lost = []

    def lose(route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch())  # it reached the server, but the page never learns
        route.abort()

    table.page.route("**/say", lose)
    table.say("Only once, please.")
    table.page.wait_for_timeout(1500)
    table.quiet()
    expect(table.mine.filter(has_text="Only once")).to_have_count(1)
    expect(table.pending).to_have_count(0)


def test_refused_words_come_back_before_what_was_written_since(table: Table) -> None:
    held = refusing(table)
    table.box.fill("Refused.")
    table.box.press("Enter")
    eventually(lambda: table.page.wait_for_timeout(20) or held)
    table.box.press_sequentially("Begun since")
    held[0].fulfill(status=429, json={"error": "very many people are talking here just now"})
    expect(table.box).to_have_value("Refused.\nBegun since")
    expect(table.page.locator(".trouble")).to_contain_text("very many people")


def test_words_refused_behind_ones_back_wait_where_they_were_said(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    held, talk = refusing(table), table.page.url
    table.box.fill("Refused.")
    table.box.press("Enter")
    eventually(lambda: table.page.wait_for_timeout(20) or held)
    table.page.get_by_role("link", name="New conversation").first.click()
    expect(table.turns).to_have_count(0)
    held[0].fulfill(status=429, json={"error": "very many people are talking here just now"})
    expect(table.box).to_have_value("")
    expect(table.pending).to_have_count(0)
    table.page.go_back()
    expect(table.page).to_have_url(talk)
    expect(table.box).to_have_value("Refused.")


def refusing(table: Table) -> list[Route]:
    """From now on messages are held here."""
    held: list[Route] = []

    def hold(route: Route) -> None:  # Playwright takes no method of a list
        held.append(route)

    table.page.route("**/say", hold)
    return held


def test_unsent_words_survive_a_reload(table: Table) -> None:
    table.page.route("**/live/conversations", lambda route: route.abort())
    table.box.fill("My first words.")
    table.box.press("Enter")
    expect(table.pending).to_contain_text("My first words.")
    table.page.unroute("**/live/conversations")
    table.page.reload()
    expect(table.mine.locator(".words")).to_have_text("My first words.")
