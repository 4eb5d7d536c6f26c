"""What goes wrong while the page is open: nothing said is lost, nothing happens to another conversation."""

from __future__ import annotations

import json

from playwright.sync_api import Route, expect

from tests.ui.conftest import Opens, eventually
from tests.ui.table import Table


def holding(table: Table, address: str) -> list[Route]:
    """From now on what is asked there is held here."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    table.page.route(address, hold)
    return held


def held_up(table: Table, held: list[Route], count: int = 1) -> Route:
    """Waits until so much is held; the last of it."""
    eventually(lambda: table.page.wait_for_timeout(20) or len(held) >= count)
    return held[count - 1]


def test_a_message_that_needed_a_second_try_leaves_no_trace_of_it(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    lost: list[Route] = []

    def lose(route: Route) -> None:
        lost.append(route)
        route.abort() if len(lost) == 1 else route.continue_()

    table.page.route("**/say", lose)
    table.box.fill("Do you hear me?")
    table.box.press("Enter")
    expect(table.floor).to_contain_text("Reconnecting")
    expect(table.mine.last).to_contain_text("Do you hear me?")
    expect(table.floor).not_to_contain_text("Reconnecting")


def test_a_message_that_nobody_answers_is_sent_again_and_said_once(visit: Opens) -> None:
    table = Table(visit())
    table.page.evaluate(
        "AbortSignal.timeout = () => { const c = new AbortController();"
        "setTimeout(() => c.abort(), 300); return c.signal; }"
    )
    table.say("I quarrelled with my mother.")
    table.quiet()
    held = holding(table, "**/say")
    table.box.fill("Is this line dead?")
    table.box.press("Enter")
    held_up(table, held, 2)
    table.page.unroute("**/say")
    expect(table.mine.last).to_contain_text("Is this line dead?")
    expect(table.mine).to_have_count(2)
    expect(table.pending).to_have_count(0)


def test_nobody_can_be_asked_before_there_is_a_conversation(table: Table) -> None:
    table.page.route("**/live/conversations", lambda route: route.fulfill(status=503, json={"error": "full"}))
    table.box.fill("My first words.")
    table.box.press("Enter")
    expect(table.pending).to_contain_text("My first words.")
    expect(table.page.get_by_role("button", name="Ask Beacon")).to_be_hidden()
    table.page.unroute("**/live/conversations")
    expect(table.mine.locator(".words")).to_have_text("My first words.")
    expect(table.page.get_by_role("button", name="Ask Beacon")).to_be_visible()


def test_a_question_about_one_conversation_is_not_answered_for_another(table: Table) -> None:
    table.say("The first conversation.")
    table.quiet()
    table.page.get_by_role("link", name="New conversation").first.click()
    table.say("The second conversation.")
    table.quiet()
    table.menu("Delete for good")
    expect(table.page.get_by_role("dialog")).to_be_visible()
    table.page.go_back()
    expect(table.mine).to_contain_text("The first conversation.")
    expect(table.page.get_by_role("dialog")).to_have_count(0)


def test_a_late_answer_says_nothing_about_the_conversation_that_is_open_now(table: Table) -> None:
    table.say("The first conversation.")
    table.quiet()
    held = holding(table, "**/act")
    table.page.get_by_role("button", name="Mute Beacon").click()
    act = held_up(table, held)
    table.page.get_by_role("link", name="New conversation").first.click()
    table.say("The second conversation.")
    here = table.page.url
    act.fulfill(status=404, json={"error": "this conversation does not exist any more"})
    table.quiet()
    expect(table.page).to_have_url(here)
    expect(table.mine).to_contain_text("The second conversation.")


def test_a_deletion_that_fails_leaves_the_conversation_alive(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()

    def fail(route: Route) -> None:
        if route.request.method == "DELETE":
            route.fulfill(status=503, json={"error": "the database does not answer"})
        else:
            route.continue_()

    table.page.route("**/live/conversations/*", fail)
    table.menu("Delete for good")
    table.page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(table.page.locator(".trouble")).to_contain_text("the database does not answer")
    before = table.turns.count()
    table.say("Still there?")
    expect(table.turns).not_to_have_count(before)


def test_several_refused_messages_come_back_in_the_order_they_were_written(table: Table) -> None:
    table.page.route("**/say", lambda route: route.fulfill(status=429, json={"error": "enough for today"}))
    held = holding(table, "**/live/conversations")
    table.box.fill("First.")
    table.box.press("Enter")
    first = held_up(table, held)
    table.box.fill("Second.")
    table.box.press("Enter")
    table.box.press_sequentially("Begun since")
    first.continue_()
    expect(table.box).to_have_value("First.\nSecond.\nBegun since")
    expect(table.pending).to_have_count(0)


def test_where_one_voice_is_left_the_page_does_not_say_that_all_are_muted(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    for name in ("Catalyst", "Beacon", "Action Guide"):
        table.page.get_by_role("button", name=f"Mute {name}").click()
    expect(table.notes).to_have_count(3)
    table.say("Only you, please.")
    expect(table.stop).to_be_visible()
    table.quiet()
    expect(table.floor).to_have_text("Nobody else is left to speak.")
    table.page.get_by_role("button", name="Mute Anchor").click()
    table.say("And now?")
    expect(table.floor).to_contain_text("Everyone is muted.")


def test_what_failed_and_what_was_left_half_said_is_read_out(table: Table) -> None:
    table.say("I quarrelled with my mother.")
    table.quiet()
    events = [
        {"type": "directive", "agent": "beacon", "action": "a", "tone": "b", "weighed": [], "seconds": 0},
        {"type": "speech", "agent": "beacon", "text": "You were"},
        {"type": "interrupted", "agent": "beacon", "text": "You were", "reason": "failure"},
        {"type": "yield", "reason": "failure", "line": "Something went wrong on our side."},
    ]
    entries = [{"seq": 9000 + i, "at": "2026-01-01T00:00:00Z", "event": e} for i, e in enumerate(events)]
    body = "".join(f"id: {entry['seq']}\ndata: {json.dumps(entry)}\n\n" for entry in entries)
    table.page.route(
        "**/events?*", lambda route: route.fulfill(body=body, headers={"Content-Type": "text/event-stream"})
    )
    table.page.context.set_offline(True)
    table.page.context.set_offline(False)
    expect(table.page.locator('.mascot > .sr[role="status"] p')).to_have_text(
        ["Beacon: You were", "Something went wrong on our side."]
    )


def test_an_example_does_not_replace_what_was_written(table: Table) -> None:
    one, other = (table.page.locator(".situations button").nth(i) for i in (0, 1))
    texts = [button.locator("span").text_content() for button in (one, other)]
    one.click()
    other.click()
    expect(table.box).to_have_value(f"{texts[1]}")
    table.box.fill("My own words.")
    one.click()
    expect(table.box).to_have_value(f"My own words.\n{texts[0]}")


def test_on_a_phone_the_drawer_hands_the_focus_to_the_conversation_it_opens(visit: Opens) -> None:
    table = Table(visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True))
    table.page.get_by_role("button", name="Your conversations").click()
    table.page.get_by_role("link", name="New conversation").first.click()
    expect(table.page.locator(".talk")).to_be_focused()
