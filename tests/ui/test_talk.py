"""Talking: words arrive, and the visitor may cut in, wait, ask, mute, stop."""

from __future__ import annotations

import time

from playwright.sync_api import Route, expect

from tests.ui.table import Table


def test_words_arrive_one_by_one_and_end_whole(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    turn = table.speaking()
    early = table.words(turn)
    expect(table.floor).to_contain_text("is speaking")
    expect(table.turns.first).to_have_attribute("data-phase", "said")
    late = table.words(table.turns.first)
    assert late.startswith(early.strip())
    assert len(late) > len(early)
    table.quiet()
    assert "c=" in table.page.url
    assert table.page.title() != "MASCOT Studio"


def test_every_speaker_bears_name_role_and_face(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    first = table.turns.first
    first.wait_for()
    expect(first.locator(".speaker")).to_contain_text("Anchor emotional validator")
    assert first.locator(".face svg").count() == 1


def test_the_directive_opens_the_directors_view(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    line = table.turns.first.locator(".directive")
    expect(line).to_contain_text("·")
    expect(line).to_have_attribute("aria-expanded", "false")
    line.click()
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(table.turns.first.locator(".view")).to_contain_text("tokens")


def test_cutting_in_makes_them_pause(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    turn = table.speaking()
    expect(table.hint).to_contain_text("they will pause for you")
    table.say("Wait, there is more.")
    cut = table.page.locator('article.turn[data-phase="cut"]')
    expect(cut).to_contain_text("paused for you")
    assert turn.count() <= 1
    table.quiet()


def test_letting_them_finish_is_heard_next(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.speaking()
    table.page.get_by_label("let them finish").check()
    expect(table.hint).to_contain_text("they will hear you next")
    table.say("Wait, there is more.")
    expect(table.mine.last).to_contain_text("they will hear you next")
    expect(table.turns.first).to_have_attribute("data-phase", "said")
    expect(table.mine.last).not_to_contain_text("they will hear you next")
    table.quiet()
    assert table.page.locator('article.turn[data-phase="cut"]').count() == 0


def test_a_mention_completes_and_is_answered_by_the_one_named(table: Table) -> None:
    table.box.press_sequentially("What now, @gui")
    expect(table.page.locator(".mentions")).to_be_hidden()
    table.box.fill("")
    table.box.press_sequentially("What now, @act")
    expect(table.page.get_by_role("option")).to_have_text("Action Guide")
    table.box.press("Enter")
    expect(table.box).to_have_value("What now, @Action Guide ")
    table.box.press("Enter")
    table.turns.first.wait_for()
    assert table.names()[0] == "Action Guide"


def test_a_face_asks_its_persona(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    before = table.turns.count()
    table.page.get_by_role("button", name="Ask Beacon").click()
    expect(table.notes.last).to_have_text("You asked Beacon to speak.")
    expect(table.turns).not_to_have_count(before)
    assert table.names()[before] == "Beacon"


def test_a_face_asks_even_the_one_who_is_speaking(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.speaking()
    (name,) = table.names()
    table.page.get_by_role("button", name=f"Ask {name}").click()
    expect(table.notes.last).to_have_text(f"You asked {name} to speak.")
    table.quiet()
    assert table.names() == [name, name]
    assert table.page.locator('article.turn[data-phase="said"]').count() == 2


def test_a_muted_persona_stays_silent_until_called_back(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    mute = table.page.get_by_role("button", name="Mute Catalyst")
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "true")
    before = table.turns.count()
    for text in ("And then?", "And now?"):
        table.say(text)
        expect(table.stop).to_be_visible()
        table.quiet()
    assert "Catalyst" not in table.names()[before:]
    mute.click()
    expect(mute).to_have_attribute("aria-pressed", "false")
    expect(table.notes.last).to_have_text("Catalyst is back in the talk.")


def test_they_go_on_among_themselves(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    before = table.turns.count()
    table.page.get_by_role("button", name="Go on").click()
    expect(table.notes.last).to_have_text("You let them go on among themselves.")
    expect(table.stop).to_be_visible()
    table.quiet()
    assert table.turns.count() > before


def test_enough_lets_the_speaker_finish_and_ends_the_round(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.speaking()
    table.page.get_by_role("button", name="Enough").click()
    table.quiet()
    assert len(table.names()) == 1
    expect(table.turns.first).to_have_attribute("data-phase", "said")


def test_stop_is_silence_at_once(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    turn = table.speaking()
    clicked = time.monotonic()
    table.stop.click()
    expect(table.page.locator('article.turn[data-phase="cut"]')).to_be_visible()
    assert time.monotonic() - clicked < 0.3
    words = table.words(table.turns.first)
    time.sleep(0.5)
    assert table.words(table.turns.first) == words
    assert len(table.names()) == 1
    assert turn.count() == 0


def test_escape_stops_too(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.speaking()
    table.box.press("Escape")
    expect(table.page.locator('article.turn[data-phase="cut"]')).to_contain_text("stopped")


def test_the_pace_is_the_visitors(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.page.get_by_role("button", name="This conversation").click()
    table.page.get_by_label("as soon as they come").check()
    table.page.reload()
    table.page.get_by_role("button", name="This conversation").click()
    expect(table.page.get_by_label("as soon as they come")).to_be_checked()


def test_a_chosen_pace_stays_chosen_until_the_server_refuses_it(table: Table) -> None:
    held: list[Route] = []
    table.page.route("**/act", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants one that it can mark
    table.say("I quarrelled with my mother.")
    table.page.get_by_role("button", name="This conversation").click()
    table.page.get_by_label("as soon as they come").check()
    table.quiet()
    expect(table.page.get_by_label("as soon as they come")).to_be_checked()
    held[0].abort()
    expect(table.page.get_by_label("at reading speed")).to_be_checked()
