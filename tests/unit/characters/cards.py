"""Cards as other programs write them, and arbitrary ones."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from typing import Any

from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

SERAPHINA: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "name": "a copy at the top, as SillyTavern leaves it",
    "fav": False,
    "talkativeness": "0.5",
    "data": {
        "name": "Seraphina",
        "description": "{{char}} keeps a quiet glade. She tends whoever comes. {{user}} woke.\nShe stays.",
        "personality": "caring, protective, calm",
        "scenario": "{{user}} was found in the woods.",
        "first_mes": '*She smiles.* "You are awake," <b>she</b> says.',
        "mes_example": (
            "<START>\n{{user}}: Where am I?\n{{char}}: You are safe here. Rest.\n"
            '<START>\n{{user}}: Who are you?\n{{char}}: *bows* "I am {{char}}, keeper of this glade."\n'
        ),
        "creator_notes": "A note for who uses it.",
        "system_prompt": "",
        "post_history_instructions": "",
        "alternate_greetings": ["Hello.", "Again?"],
        "tags": ["fantasy", "care"],
        "creator": "somebody else",
        "character_version": "1.2",
        "character_book": {
            "entries": [
                {"keys": ["glade"], "content": "It glows.", "extensions": {"depth": 4}, "enabled": True,
                 "insertion_order": 100, "secondary_keys": [], "id": 0, "some_new_thing": [1.5, None]}
            ],
            "extensions": {},
        },
        "extensions": {"fav": False, "depth_prompt": {"prompt": "", "depth": 4}, "chub": {"id": 71}},
        "a_field_of_tomorrow": {"deep": [{"er": 1}]},
    },
}  # fmt: skip
"""Shaped as SillyTavern 1.12 exports a V2 card; the words are ours."""


def v3() -> dict[str, Any]:
    """The same as V3, with what V3 has more."""
    data = SERAPHINA["data"] | {
        "assets": [
            {"type": "icon", "uri": "embeded://assets/icon/images/main.png", "name": "main", "ext": "png"}
        ],
        "nickname": "Sera",
        "group_only_greetings": ["All of you, welcome."],
        "source": ["https://example.org/card/1"],
        "creation_date": 1700000000,
    }
    return {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}


def picture(**texts: dict[str, Any]) -> bytes:
    """A PNG by Pillow, with a comment and cards by keyword."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "painted on a Tuesday")
    for keyword, card in texts.items():
        info.add_text(keyword, base64.b64encode(json.dumps(card).encode()).decode())
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((40, 60)).convert("RGB")
    image.save(out, "PNG", pnginfo=info, dpi=(72, 72))
    return out.getvalue()


def charx(card: dict[str, Any], **members: bytes) -> bytes:
    """A CHARX by zipfile."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"packed elsewhere"
        archive.writestr("assets/icon/images/main.png", picture())
        archive.writestr("card.json", json.dumps(card))
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of every chunk, read without the code under test."""
    at, found = 8, []
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + data),)
        found.append((kind, data))
        at += 12 + size
    return found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_words = st.text(max_size=60) | st.sampled_from(
    ["{{char}} is kind. She listens! Does she?", "<START>\n{{user}}: hm\n{{char}}: yes", "<b>x</b>", ""]
)


@st.composite
def cards(draw: st.DrawFn) -> dict[str, Any]:
    """A V1, V2 or V3 card with fields of any program, right or odd."""
    data = draw(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
    for name in ("description", "personality", "mes_example"):
        if draw(st.booleans()):
            data[name] = draw(_words | json_values)
    data["name"] = draw(st.text(max_size=20))
    if draw(st.booleans()):
        extensions = draw(st.dictionaries(st.text(max_size=8), json_values, max_size=3))
        data["extensions"] = {name: value for name, value in extensions.items() if name != "mascot"}
        if draw(st.booleans()):
            keys = st.sampled_from(["role", "voice", "name", "a stranger", "colour"])
            data["extensions"]["mascot"] = draw(st.dictionaries(keys, json_values, max_size=3))
    else:
        data.pop("extensions", None)
    if draw(st.booleans()):
        data.pop("spec", None)
        return data
    version = draw(st.sampled_from(["2.0", "3.0"]))
    return {"spec": f"chara_card_v{version[0]}", "spec_version": version, "data": data, "fav": True}
