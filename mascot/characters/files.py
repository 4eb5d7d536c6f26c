"""Character cards as files: JSON, PNG, CHARX, and our own YAML, read, edited and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import yaml

from mascot.characters import charx, png
from mascot.characters.fields import NAMES, NEUTRAL, Fields, as_v3, draft, edited, new_card, persona_id
from mascot.characters.text import Card, read_text, write_text
from mascot.conversation.personas import Fault, faults
from mascot.errors import InputError, PersonaError

Format = Literal["yaml", "json", "png", "charx"]
FORMATS: tuple[Format, ...] = get_args(Format)
MOST_BYTES = 8 * 2**20
"""Of a file with a card."""
_MOST_YAML = 64 * 1024


@dataclass(frozen=True)
class CardFile:
    """A file that holds a character card."""

    kind: Format
    card: Card
    """The one that counts."""
    data: bytes
    """The file as it came."""


def read_file(data: bytes, source: str) -> CardFile:
    """The card of a file, whatever its name says it is.

    Raises:
        InputError: too large, damaged, or not a card; one line that names `source`.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"{source}: larger than {MOST_BYTES // 2**20} MiB")
    if data.startswith(png.SIGNATURE) and (cards := png.cards_in(data, source)):
        first = next(keyword for keyword in png.KEYWORDS if keyword in cards)
        return CardFile("png", read_text(cards[first], source), data)
    if charx.is_charx(data):
        return CardFile("charx", read_text(charx.card_in(data, source), source), data)
    if data.startswith(png.SIGNATURE):
        raise InputError(f"{source}: there is no character card in this picture")
    return CardFile("json", read_text(data, source), data)


def read_fields(data: bytes, source: str) -> tuple[Fields, CardFile | None]:
    """A persona's fields from a card's file or from our YAML, and the file where it was a card's.

    Raises:
        InputError: as `read_file`; or neither JSON nor YAML.
    """
    is_json = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    if is_json or data.startswith(png.SIGNATURE) or charx.is_charx(data):
        file = read_file(data, source)
        return draft(file.card), file
    return _read_yaml(data, source), None


def write_file(fields: Mapping[str, Any], format: Format, base: CardFile | None, source: str) -> bytes:
    """A file with these fields; what the card and the file it came in have beside them is kept.

    Args:
        fields: a persona's, complete for YAML; the others need a name.
        format: of the file; JSON is a V3 card, a picture or CHARX that is edited keeps its version.
        base: where the persona came from.
        source: named in errors.

    Raises:
        InputError: the base cannot be edited.
        PersonaError: fields that cannot be written.
    """
    if not isinstance(fields.get("name"), str) or not fields["name"]:
        raise PersonaError(f"{source}: name: is missing")
    if format == "yaml":
        return _write_yaml(fields, source)
    card = edited(base.card, fields) if base is not None else new_card(fields)
    if base is not None and base.kind == format and card is base.card and format != "json":
        return base.data
    if format == "json":
        return write_text(as_v3(card), indent=2)
    if format == "png":
        return _write_png(card, fields, base, source)
    if base is not None and base.kind == "charx":
        return charx.with_card(base.data, write_text(card), source)
    return charx.new_charx(write_text(as_v3(card)))


def problems(fields: Mapping[str, Any]) -> tuple[Fault, ...]:
    """All that is wrong with a persona's fields, as `personas --check` says it."""
    name = fields.get("name")
    return faults(persona_id(name if isinstance(name, str) else ""), fields)


def _write_png(card: Card, fields: Mapping[str, Any], base: CardFile | None, source: str) -> bytes:
    if base is None or base.kind != "png":
        colour = fields.get("colour") or NEUTRAL
        right = not any(fault.field.startswith("colour") for fault in problems({**fields, "colour": colour}))
        return png.with_cards(
            png.disc((colour if right else NEUTRAL)["light"]), {"ccv3": write_text(as_v3(card))}, source
        )
    held = {name: read_text(text, source) for name, text in png.cards_in(base.data, source).items()}
    return png.with_cards(
        base.data, {name: write_text(edited(one, fields)) for name, one in held.items()}, source
    )


def _write_yaml(fields: Mapping[str, Any], source: str) -> bytes:
    if found := problems(fields):
        raise PersonaError(f"{source}: {found[0].field}: {found[0].message}")
    ordered = {name: fields[name] for name in NAMES}
    return yaml.safe_dump(ordered, sort_keys=False, allow_unicode=True, width=100).encode()


def _read_yaml(data: bytes, source: str) -> Fields:
    """The fields of a persona's YAML. Aliases are refused: few words can stand for many."""
    if len(data) > _MOST_YAML:
        raise InputError(f"{source}: a persona in YAML has at most {_MOST_YAML // 1024} KiB")
    try:
        text = data.decode("utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise InputError(f"{source}: has a YAML alias (*name): write the words out")
        fields = yaml.safe_load(text)
        json.dumps(fields)  # no dates, no sets
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InputError(f"{source}: neither a character card (JSON, PNG, CHARX) nor a persona in YAML")
    return {name: fields[name] for name in NAMES if name in fields}
