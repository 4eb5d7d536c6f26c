"""What a character card says of a persona, and a persona's words written into a card.

`name`, `personality` and `mes_example` are our name, voice and examples; `description` gives a draft of
role, summary and goals. What a standard field cannot hold stands under `extensions.mascot`. A standard field
is rewritten only by an edit of what it holds, and only where it held our words, or none: other programs'
prose stays. The mapping is ours; cards have no notion of a director.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

from mascot.characters.text import Card, body
from mascot.conversation.personas import Persona

Fields = dict[str, Any]
"""A persona's fields as they stand in its YAML, complete or not; without `id`."""

NAMES = tuple(name for name in Persona.model_fields if name != "id")
_LONGEST = 300
"""Characters of a line of a persona."""
_LONGEST_NAME = 60
"""Characters of a name that a placeholder becomes: thousands of placeholders must not become gigabytes."""
NEUTRAL = {"light": "#5d564e", "dark": "#b5ada3"}
"""The colour of who brings none."""


def draft(card: Card) -> Fields:
    """A persona's fields as far as the card has them."""
    fields = body(card)
    own = fields.get("extensions", {}).get("mascot", {})
    told = _standard(fields) | {name: own[name] for name in NAMES if name in own and name != "name"}
    return {name: told[name] for name in NAMES if told.get(name) is not None}


def edited(card: Card, fields: Mapping[str, Any]) -> Card:
    """The card with a persona's fields; whatever these do not concern is as it was, and so is the card
    itself. `draft(edited(card, fields)) == fields` for fields with a name."""
    before = draft(card)
    fields = {name: fields[name] for name in NAMES if fields.get(name) is not None}
    if fields == before:
        return card
    card = copy.deepcopy(card)
    data = body(card)
    for name, compose in _COMPOSED.items():
        old, new = compose(before), compose(fields)
        if old != new and data.get(name) in (None, "", old):
            data[name] = new
    if fields.get("name") != before.get("name"):
        data["name"] = fields["name"]
    told, own = _standard(data), data.get("extensions", {}).get("mascot", {})
    own = {name: own[name] for name in own if name not in NAMES}
    own |= {name: fields.get(name) for name in NAMES[1:] if fields.get(name) != told.get(name)}
    if own or "mascot" in data.get("extensions", {}):
        data.setdefault("extensions", {})["mascot"] = own
    return card


def new_card(fields: Mapping[str, Any]) -> Card:
    """A V3 card of a persona that has none."""
    data: Fields = dict.fromkeys(("name", "description", "personality", "scenario", "first_mes"), "")
    data |= {"mes_example": "", "creator_notes": "", "system_prompt": "", "post_history_instructions": ""}
    data |= {"alternate_greetings": [], "group_only_greetings": [], "tags": [], "creator": ""}
    data |= {"character_version": "", "extensions": {}}
    return edited({"spec": "chara_card_v3", "spec_version": "3.0", "data": data}, fields)


def as_v3(card: Card) -> Card:
    """The card as V3: V1's fields move into `data`, what V3 requires is added, everything else stays."""
    data = copy.deepcopy(body(card))
    around = card if "spec" in card else {}
    for name in ("creator_notes", "creator", "character_version"):
        data.setdefault(name, "")
    for name in ("tags", "group_only_greetings", "alternate_greetings"):
        data.setdefault(name, [])
    data.setdefault("extensions", {})
    version = card.get("spec_version") if card.get("spec") == "chara_card_v3" else "3.0"
    return {**around, "spec": "chara_card_v3", "spec_version": version, "data": data}


def persona_id(name: str) -> str:
    """A file's name for a persona of this name."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    return re.sub(r"^(?=[^a-z]|$)", "persona-", plain)[:40].rstrip("-")


def _standard(data: Mapping[str, Any]) -> Fields:
    """What the fields say that every card has."""
    name, called = data["name"], data["name"][:_LONGEST_NAME]
    description = _plain(data.get("description"), called)
    sentences = [_line(one) for one in re.split(r"(?<=[.!?])\s+|\n+", description) if one.strip()]
    told: Fields = {"name": name, "colour": NEUTRAL, "face": name.strip()[:1].upper() or "?"}
    if sentences:
        told |= {"role": sentences[0], "summary": sentences[0]}
    if sentences[1:]:
        told["goals"] = sentences[1:4]
    if voice := _line(_plain(data.get("personality"), called)):
        told["voice"] = voice
    if examples := _examples(data.get("mes_example"), called):
        told["examples"] = examples
    return told


def _examples(text: Any, name: str) -> list[dict[str, str]]:
    """Pairs of what the person says and the character answers, from `<START>`, `{{user}}:`, `{{char}}:`."""
    if not isinstance(text, str):
        return []
    found = []
    for talk in re.split(r"<START>", text, flags=re.IGNORECASE):
        speeches = re.split(rf"^[^\S\n]*({_USER}|{_CHAR}|{re.escape(name)})\s*:", talk, flags=_EACH_LINE)
        said = ""
        for speaker, spoken in zip(speeches[1::2], speeches[2::2], strict=True):
            words = _line(_plain(spoken, name))
            if re.fullmatch(_USER, speaker, re.IGNORECASE):
                said = words
            elif said and words:
                found.append({"to": said, "says": words})
                said = ""
    return found


_USER, _CHAR = r"\{\{user\}\}|<user>", r"\{\{char\}\}|<char>|<bot>"
_EACH_LINE = re.IGNORECASE | re.MULTILINE


def _plain(text: Any, name: str) -> str:
    """The text with names in the place of the placeholders; empty for what is none."""
    if not isinstance(text, str):
        return ""
    text = re.sub(_CHAR, lambda _: name, text, flags=re.IGNORECASE)
    return re.sub(_USER, "the person", text, flags=re.IGNORECASE).strip()


def _line(text: str) -> str:
    """One line of at most so many characters, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"


def _described(fields: Mapping[str, Any]) -> str:
    parts = [str(fields[name]) for name in ("role", "summary") if fields.get(name)]
    for name, heading in (("goals", "Goals"), ("does", "Does"), ("does_not", "Does not")):
        if isinstance(lines := fields.get(name), list) and lines:
            parts.append(f"{heading}: " + "; ".join(map(str, lines)))
    return "\n".join(parts)


def _voiced(fields: Mapping[str, Any]) -> str:
    return str(fields.get("voice") or "")


def _exemplified(fields: Mapping[str, Any]) -> str:
    examples = fields.get("examples")
    pairs = [one for one in examples if isinstance(one, dict)] if isinstance(examples, list) else []
    talks = [f"<START>\n{{{{user}}}}: {p.get('to', '')}\n{{{{char}}}}: {p.get('says', '')}" for p in pairs]
    return "\n".join(talks)


_COMPOSED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "description": _described,
    "personality": _voiced,
    "mes_example": _exemplified,
}
"""Standard fields and how they are made of ours."""
