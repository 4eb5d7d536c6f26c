"""A persona out of a card, and an edit into it: nothing else moves."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mascot.characters.fields import NAMES, as_v3, draft, edited, new_card, persona_id
from mascot.characters.files import problems, read_fields, write_file
from mascot.characters.text import body, read_text, write_text
from mascot.conversation.personas import built_in
from tests.unit.characters.cards import SERAPHINA, cards, json_values, v3

STANDARD = ("name", "description", "personality", "mes_example")


def outside(card: dict[str, Any]) -> dict[str, Any]:
    """The card without the places that an edit may touch."""
    rest = copy.deepcopy(card)
    data = body(rest)
    for name in STANDARD:
        data.pop(name, None)
    extensions = data.pop("extensions", {})
    own = extensions.pop("mascot", {})
    return rest | {"rest": [extensions, {name: own[name] for name in own if name not in NAMES}]}


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    card = draw(cards())
    fields = draft(card) | draw(st.dictionaries(st.sampled_from(NAMES), json_values, max_size=4))
    fields["name"] = draw(st.text(min_size=1, max_size=20))
    for name in draw(st.sets(st.sampled_from(NAMES[1:]), max_size=3)):
        fields.pop(name, None)
    return card, {name: fields[name] for name in NAMES if fields.get(name) is not None}


@given(cards())
def test_a_card_that_is_read_and_written_is_the_same(card: dict[str, Any]) -> None:
    assert read_text(write_text(card), "a.json") == card
    assert edited(card, draft(card)) == card


@given(edits())
def test_an_edit_changes_what_it_says_and_nothing_else(edit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    card, fields = edit
    before = copy.deepcopy(card)
    after = edited(card, fields)
    assert card == before
    assert outside(after) == outside(card)
    assert draft(after) == fields
    assert draft(read_text(write_text(after), "a.json")) == fields


@given(cards())
def test_a_card_becomes_v3_and_keeps_every_field(card: dict[str, Any]) -> None:
    told = as_v3(card)
    assert told["spec"] == "chara_card_v3"
    assert {name: told["data"][name] for name in body(card)} == body(card)
    assert as_v3(told) == told


def test_prose_of_another_program_stays_when_a_line_is_edited() -> None:
    card = v3()
    fields = draft(card) | {"role": "keeper of the glade", "does": ["listens"]}
    after = edited(card, fields)
    assert after["data"].pop("extensions") == card["data"]["extensions"] | {
        "mascot": {"role": "keeper of the glade", "does": ["listens"]}
    }
    assert after["data"] == {name: value for name, value in card["data"].items() if name != "extensions"}


def test_a_field_that_means_the_same_is_edited_in_its_standard_place() -> None:
    after = edited(SERAPHINA, draft(SERAPHINA) | {"name": "Sera", "voice": "low and slow"})
    assert (after["data"]["name"], after["data"]["personality"]) == ("Sera", "low and slow")
    assert "voice" not in after["data"]["extensions"]["mascot"]


def test_a_card_that_knows_nothing_of_us_gives_a_draft_and_names_what_is_missing() -> None:
    fields = draft(SERAPHINA)
    assert fields["role"] == "Seraphina keeps a quiet glade."
    assert fields["goals"] == ["She tends whoever comes.", "the person woke.", "She stays."]
    assert fields["voice"] == "caring, protective, calm"
    assert fields["examples"][0] == {"to": "Where am I?", "says": "You are safe here. Rest."}
    assert len(fields["examples"]) == 2
    assert [(one.field, one.message) for one in problems(fields)] == [
        (name, "is missing") for name in ("does", "does_not", "repertoire", "tones")
    ]


def test_a_card_full_of_blank_lines_is_read_at_once() -> None:
    card = copy.deepcopy(SERAPHINA)
    body(card)["mes_example"] += "\n" * 500_000
    assert draft(card)["examples"] == draft(SERAPHINA)["examples"]


def test_a_long_name_in_many_places_fills_no_memory() -> None:
    card = copy.deepcopy(SERAPHINA)
    body(card).update(name="N" * 1_000_000, description="{{char}} " * 100_000)  # 100 GB, written out
    assert draft(card)["summary"].startswith("NNN")


def test_the_papers_four_come_back_from_a_card_as_they_were() -> None:
    for persona in built_in():
        fields = json.loads(persona.model_dump_json(exclude={"id"}))
        card = new_card(fields)
        assert draft(card) == fields
        assert not problems(draft(card))
        assert card["data"]["personality"] == persona.voice
        assert card["data"]["mes_example"].count("<START>") == len(persona.examples)
        back, base = read_fields(write_file(fields, "yaml", None, "x"), "x")
        assert (back, base) == (fields, None)
        assert persona_id(persona.name) == persona.id


def test_what_another_program_edits_in_our_card_comes_back_to_us() -> None:
    fields = json.loads(built_in()[0].model_dump_json(exclude={"id"}))
    card = new_card(fields)
    card["data"]["personality"] = "gruff"
    assert draft(card) == fields | {"voice": "gruff"}


@given(st.text())
def test_any_name_gives_a_file_name(name: str) -> None:
    fields = {"name": "Anna"} | {"role": "a"}
    assert "id" not in [fault.field for fault in problems(fields)]
    assert persona_id(name).replace("-", "a").isalnum()
