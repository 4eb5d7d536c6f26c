"""A conversation as a file: everything in it, and nothing of the text becomes markup."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mascot.conversation.events import EVENT, Crisis, Event, Interrupted, Speech, UserSaid, Utterance
from mascot.conversation.personas import load_cast
from mascot.live.export import FORMAT, to_json, to_markdown
from mascot.live.journal import Entry
from tests.unit.conversation.test_transcript import history

CAST = load_cast()
NASTY = st.text("ab 1-+*_=#>|~`<&;![](){}$:/.\\\n\t\"'", min_size=1, max_size=40)
OURS = {"h1", "p", "em", "strong", "blockquote"}


def entries(happened: list[Event]) -> list[Entry]:
    return [Entry(i + 1, datetime(2026, 1, 2, 3, 4, i % 60, tzinfo=UTC), e) for i, e in enumerate(happened)]


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


@given(NASTY, NASTY, NASTY)
def test_no_words_become_markup_in_markdown(title: str, said: str, answer: str) -> None:
    happened = [UserSaid(text=said), Utterance(agent="anchor", text=answer)]
    page = rendered(to_markdown(title, entries(happened), CAST))
    assert page.tags <= OURS
    shown = "".join(page.text.split())
    for text in (title, said, answer):
        assert "".join(text.split()) in shown


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "# loud", "- item", "1. item", "12) item", "+ x", "===", "---",
     "a\n===", "    code", "&lt;b&gt;", "![x](http://y)", "[x](javascript:alert(1))", "| a | b |\n|---|---|"],
)  # fmt: skip
def test_marks_a_person_types_stay_marks(text: str) -> None:
    page = rendered(to_markdown("A talk", entries([UserSaid(text=text)]), CAST))
    assert page.tags <= OURS
    assert "".join(text.split()) in "".join(page.text.split())


def test_markdown_says_who_spoke_and_who_was_interrupted() -> None:
    happened: list[Event] = [
        UserSaid(text="Hello"),
        Utterance(agent="anchor", text="I am here."),
        Speech(agent="beacon", text="You"),
        Interrupted(agent="beacon", text="You did", reason="barge-in"),
        Interrupted(agent="catalyst", text="", reason="stop"),
        UserSaid(text="Stop"),
        Crisis(kind="suicide", score=1),
    ]
    markdown = to_markdown("A talk", entries(happened), CAST)
    assert markdown.startswith("# A talk\n")
    assert "programs, not clinicians" in markdown
    assert "**Beacon, growth advocate** (interrupted)\n\n> You did —" in markdown
    assert "Catalyst" not in markdown
    assert markdown.index("Hello") < markdown.index("I am here") < markdown.index("> Stop")
    assert markdown.endswith("*The page showed where to find help.*\n")


@given(st.integers(0, 10**6), NASTY)
def test_the_events_of_a_json_export_are_those_of_the_journal(seed: int, title: str) -> None:
    happened = entries(history(seed, 15))
    document = json.loads(to_json(title, happened, CAST))
    assert (document["format"], document["title"]) == (FORMAT, title)
    assert [persona["id"] for persona in document["personas"]] == ["anchor", "catalyst", "beacon"]
    back = [
        Entry(e.pop("seq"), datetime.fromisoformat(e.pop("at")), EVENT.validate_python(e))
        for e in document["events"]
    ]
    assert back == [entry for entry in happened if not isinstance(entry.event, Speech)]


def test_an_export_does_not_carry_the_browsers_keys() -> None:
    assert "secret-key" not in to_json("t", entries([UserSaid(text="Hi", key="secret-key")]), CAST)
