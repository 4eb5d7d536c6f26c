"""A card's JSON: read within bounds, written so that nothing of it changes."""

from __future__ import annotations

import json
import math
from typing import Any

from mascot.errors import InputError

MOST_BYTES = 2 * 2**20
"""Of a card's JSON; large ones of others, with a lorebook, have some hundred kB."""
MOST_DEPTH = 64
"""Of objects and lists inside of one another."""

Card = dict[str, Any]
"""A card as it stands in its file: V1 is flat, V2 and V3 have their fields under `data`."""


def read_text(raw: bytes | str, source: str) -> Card:
    """The card of a JSON text; `source` is named in errors.

    Raises:
        InputError: too large or too deep, not JSON, or not a character card.
    """
    if len(raw) > MOST_BYTES:
        raise InputError(f"{source}: the card's JSON is larger than {MOST_BYTES // 2**20} MiB")
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
        card = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: not a card in JSON ({' '.join(str(error).split())})") from None
    if not isinstance(card, dict):
        raise InputError(f"{source}: a character card is a JSON object")
    if _depth(card) > MOST_DEPTH:
        raise InputError(f"{source}: nested more than {MOST_DEPTH} deep")
    _must_be_a_card(card, source)
    return card


def write_text(card: Card, indent: int | None = None) -> bytes:
    """The card as JSON in ASCII: halves of surrogate pairs, which others leave behind, survive as well."""
    return json.dumps(card, indent=indent).encode("ascii")


def body(card: Card) -> dict[str, Any]:
    """Where the card's fields are: V1 has them at the top."""
    return card["data"] if "spec" in card else card


def _must_be_a_card(card: Card, source: str) -> None:
    if "spec" in card and not isinstance(card.get("data"), dict):
        raise InputError(f"{source}: data: a card with a `spec` has its fields in an object `data`")
    fields = body(card)
    if not isinstance(fields.get("name"), str):
        raise InputError(f"{source}: name: is missing, so this is no character card")
    extensions = fields.get("extensions", {})
    if not isinstance(extensions, dict):
        raise InputError(f"{source}: extensions: is not an object")
    if not isinstance(extensions.get("mascot", {}), dict):
        raise InputError(f"{source}: extensions.mascot: is not an object")


def _depth(value: Any) -> int:
    """How deep lists and objects go, no deeper looked at than matters."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        depth += 1
        inner = [v for one in level for v in (one.values() if isinstance(one, dict) else one)]
        level = [one for one in inner if isinstance(one, dict | list)]
    return depth


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number
