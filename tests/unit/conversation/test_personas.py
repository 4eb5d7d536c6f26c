"""Persona cards: the four load, a wrong one is refused with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.personas import Cast, built_in, load_card, load_cast, parse_card
from mascot.errors import PersonaError

CAST = load_cast()
CARD = """\
name: Piper
role: fellow traveller
summary: Walks beside.
goals: [a smile]
voice: Light.
does:
  - jokes kindly
  - listens
does_not: [mock]
repertoire: [tell a story, ask about the road]
tones: [light, warm]
examples:
  - to: I am tired.
    says: Sit down with me.
colour: { light: "#a33a5c", dark: "#f09ab4" }
face: P
"""


def refused(text: str) -> str:
    with pytest.raises(PersonaError) as caught:
        parse_card(text, "piper", "cards/piper.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_papers_four_load_in_its_order() -> None:
    assert [persona.name for persona in built_in()] == ["Anchor", "Catalyst", "Beacon", "Action Guide"]
    assert CAST.ids == ("anchor", "catalyst", "beacon", "action-guide")


def test_a_card_of_ones_own_joins_the_table(tmp_path: Path) -> None:
    (tmp_path / "piper.yaml").write_text(CARD)
    cast = load_cast(tmp_path)
    assert cast.ids[-1] == "piper"
    assert cast["piper"].repertoire == ("tell a story", "ask about the road")


def test_a_card_with_a_built_in_name_of_file_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "anchor.yaml").write_text(CARD)
    assert [persona.name for persona in load_cast(tmp_path)] == [
        "Piper",
        "Catalyst",
        "Beacon",
        "Action Guide",
    ]


def test_a_folder_that_does_not_exist_adds_nobody(tmp_path: Path) -> None:
    assert load_cast(tmp_path / "none").ids == CAST.ids


@pytest.mark.parametrize("field", [line.split(":")[0] for line in CARD.splitlines() if line[0].isalpha()])
def test_a_missing_field_is_named(field: str) -> None:
    card = {k: v for k, v in yaml.safe_load(CARD).items() if k != field}
    assert f"{field}: is missing" in refused(yaml.safe_dump(card))


@pytest.mark.parametrize(
    ("old", "new", "line", "field"),
    [
        ("voice: Light.", "voice: Light.\nvoise: x", 6, "voise"),
        ("  - listens", "  - [listens]", 8, "does.1"),
        ("  - listens", "  - 7", 8, "does.1"),
        ("goals: [a smile]", "goals: a smile", 4, "goals"),
        ("goals: [a smile]", "goals: []", 4, "goals"),
        ("name: Piper", "name: 7", 1, "name"),
        ("name: Piper", "name: 'a: b'", 1, "name"),
        ("name: Piper", "name: Assistant", 1, "name"),
        ('dark: "#f09ab4"', "dark: pink", 15, "colour.dark"),
        ("    says: Sit down with me.", "    said: Sit down with me.", 13, "examples.0.says"),
        ("tell a story", "ask", 10, "repertoire"),
        ("[light, warm]", "[warm, Warm]", 11, "tones"),
        ("face: P", "face: ''", 16, "face"),
        ("voice: Light.", f"voice: {'x' * 301}", 5, "voice"),
    ],
)
def test_a_wrong_field_is_refused_with_file_line_and_name(old: str, new: str, line: int, field: str) -> None:
    assert old in CARD
    assert refused(CARD.replace(old, new)).startswith(f"cards/piper.yaml, line {line}: {field}: ")


@pytest.mark.parametrize("text", ["name: [", "a: b: c", "\tname: x", "name: 2024-13-45", "[" * 400])
def test_what_is_not_yaml_is_refused_in_one_line(text: str) -> None:
    assert "not YAML" in refused(text)


@pytest.mark.parametrize("text", ["", "Piper", "- a\n- b", "7"])
def test_what_is_no_list_of_fields_is_refused(text: str) -> None:
    assert "a card is a list of fields" in refused(text)


@given(st.text(max_size=40) | st.text("{}[]:,-#&*!|>'\"% \n\tab7", max_size=40))
def test_any_text_at_all_is_a_card_or_refused_in_one_line(text: str) -> None:
    refused(text)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "piper.yaml"
    path.write_bytes(CARD.encode("utf-16"))
    with pytest.raises(PersonaError, match=r"piper\.yaml: cannot be read"):
        load_card(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match=r"none\.yaml: cannot be read"):
        load_card(tmp_path / "none.yaml")


@pytest.mark.parametrize("stem", ["user", "My Card", "7up"])
def test_a_file_name_that_cannot_be_an_id_is_refused(stem: str) -> None:
    with pytest.raises(PersonaError, match=f"the file's name {stem!r}"):
        parse_card(CARD, stem, f"{stem}.yaml")


@pytest.mark.parametrize("name", ["Anchor", "ANCHOR", "Anchor Two", "Beac"])
def test_names_that_cannot_be_told_apart_are_refused(name: str) -> None:
    twin = parse_card(CARD.replace("Piper", name), "piper", "piper.yaml")
    with pytest.raises(PersonaError, match="name"):
        Cast([*built_in(), twin])


@pytest.mark.parametrize("name", ["User", "the person", "the personal coach"])
def test_a_name_that_means_the_person_is_refused(name: str) -> None:
    with pytest.raises(PersonaError, match="choose another name"):
        parse_card(CARD.replace("Piper", name), "piper", "piper.yaml")


def test_a_table_with_nobody_is_refused() -> None:
    with pytest.raises(PersonaError, match="at least one card"):
        Cast([])


def test_an_unknown_persona_is_answered_with_those_who_are_there() -> None:
    with pytest.raises(PersonaError, match="'zoe': this conversation has anchor, catalyst"):
        CAST["zoe"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("@Catalyst", ["catalyst"]),
        ("@action guide, what now?", ["action-guide"]),
        ("@action-guide and @ActionGuide", ["action-guide"]),
        ("hello @beacon @anchor!", ["beacon", "anchor"]),
        ("Beacon, what do you think?", ["beacon"]),
        ("beacon what do you think", ["beacon"]),
        ("I do not know. Action Guide: help me", ["action-guide"]),
        ("What do you say, Catalyst?", ["catalyst"]),
        ("Anchor and Beacon, are you there?", ["anchor", "beacon"]),
        ("Hey Anchor!", ["anchor"]),
        ("Thanks, Beacon.", ["beacon"]),
        ("Thank you Beacon", ["beacon"]),
        ("It hurts.\nAnchor, stay", ["anchor"]),
        ("a beacon of hope, and", []),
        ("You are my anchor, and I trust you", []),
        ("it was a catalyst, I think", []),
        ("I agree with Anchor, and with Beacon too", []),
        ("The anchor, which was heavy, sank", []),
        ("write to me@beacon.org", []),
        ("@beacons are lit", []),
        ("", []),
    ],
)
def test_who_is_spoken_to_is_asked_and_who_is_mentioned_is_not(text: str, asked: list[str]) -> None:
    assert list(CAST.addressed(text)) == asked


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("anchor and " * 300 + "the sea", []),
        ("Beacon, " * 300 + "hello", ["beacon"]),
        ("\n " * 2000, []),
    ],
)
def test_a_text_full_of_names_or_blank_lines_is_read_at_once(text: str, asked: list[str]) -> None:
    # When a name could match in two ways, 30 of them took longer than anybody waits.
    assert list(CAST.addressed(text)) == asked


@pytest.mark.parametrize("text", ["@Actıon Guide", "@ACTİON GUIDE", "What now, Action Guıde?"])
def test_a_name_is_heard_from_a_turkish_keyboard(text: str) -> None:
    assert CAST.addressed(text) == ("action-guide",)


@given(st.text(max_size=80), st.sampled_from(["@anchor", "Beacon, ", ", Catalyst?", "Action Guide"]))
def test_asking_finds_only_those_at_the_table_once_each(text: str, call: str) -> None:
    found = CAST.addressed(text + call + text)
    assert len(set(found)) == len(found)
    assert set(found) <= set(CAST.ids)
