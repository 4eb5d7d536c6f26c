"""The fixed message and the resources behind it."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from mascot.safety.likeness import KINDS
from mascot.safety.message import crisis_message
from mascot.safety.resources import countries, resources_for

CODES = [code for code, _ in countries()]


def test_at_least_twenty_five_countries_each_once_and_by_name() -> None:
    assert len(set(CODES)) == len(CODES) >= 25
    assert [name for _, name in countries()] == sorted(name for _, name in countries())


@pytest.mark.parametrize("code", [*CODES, None])
def test_every_country_has_an_emergency_number_and_reachable_lines(code: str | None) -> None:
    found = resources_for(code)
    assert re.search(r"\d{3}", found.emergency)
    assert any("suicide" in line.kinds for line in found.lines)
    for line in found.lines:
        assert line.phone or line.text or line.url
        assert line.url is None or line.url.startswith("https://")
        assert line.kinds
        assert set(line.kinds) <= set(KINDS)


def test_codes_are_read_in_any_case_and_unknown_ones_give_the_international_lines() -> None:
    assert resources_for("de") == resources_for(" DE ")
    assert resources_for("uk") == resources_for("GB")
    assert resources_for("ZZ") == resources_for(None) == resources_for("")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", [*CODES, None])
def test_a_message_can_be_written_as_json_and_names_the_emergency_number(kind: str, code: str | None) -> None:
    message = crisis_message(kind, code)
    written = json.loads(json.dumps(dataclasses.asdict(message)))
    assert written["kind"] == kind
    assert message.emergency in message.text
    assert message.lines
    assert len(message.text) < 600


def test_lines_for_the_kind_come_first_and_the_international_ones_are_there() -> None:
    names = [line.name for line in crisis_message("abuse", "US").lines]
    assert "abuse" in crisis_message("abuse", "US").lines[0].kinds
    assert "Find A Helpline" in names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", [None, "", "unheard of"])
def test_an_unknown_kind_gets_the_words_for_suicide(kind: str | None) -> None:
    assert crisis_message(kind, "FR").title == crisis_message("suicide", "FR").title
