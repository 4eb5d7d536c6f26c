"""Cards in their files: other programs' bytes stay, and hostile files are refused in one line."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mascot.characters import png
from mascot.characters.fields import draft
from mascot.characters.files import MOST_BYTES, read_fields, read_file, write_file
from mascot.errors import InputError, MascotError, PersonaError
from tests.unit.characters.cards import SERAPHINA, charx, chunks, picture, v3

EDIT = {"role": "keeper of the glade"}


def test_a_picture_keeps_its_pixels_and_all_other_chunks() -> None:
    data = picture(chara=SERAPHINA, ccv3=v3()) + b"bytes after the end"
    file = read_file(data, "a.png")
    assert file.card == v3()
    after = write_file(draft(file.card) | EDIT, "png", file, "a.png")
    assert after.endswith(b"bytes after the end")
    before, now = chunks(data[:-19]), chunks(after[:-19])
    assert [kind for kind, _ in now] == [kind for kind, _ in before]
    for (kind, old), (_, new) in zip(before, now, strict=True):
        if not old.startswith((b"chara\0", b"ccv3\0")):
            assert (kind, new) == (kind, old)
    with Image.open(io.BytesIO(data)) as first, Image.open(io.BytesIO(after)) as second:
        assert first.tobytes() == second.tobytes()
        cards = {name: json.loads(base64.b64decode(second.info[name])) for name in ("chara", "ccv3")}
    for card, old in ((cards["chara"], SERAPHINA), (cards["ccv3"], v3())):
        assert card["data"]["extensions"].pop("mascot") == EDIT
        assert card == old


def test_a_charx_keeps_its_other_members() -> None:
    data = b"a picture before it" + charx(v3(), **{"x_meta/risu.json": b'{"a": 1}', "module.risum": b"\0\1"})
    file = read_file(data, "a.charx")
    after = write_file(draft(file.card) | EDIT, "charx", file, "a.charx")
    assert after.startswith(b"a picture before it")
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        assert new.namelist() == old.namelist()
        assert new.comment == old.comment
        assert new.testzip() is None
        for name in old.namelist():
            if name != "card.json":
                assert new.read(name) == old.read(name)
                assert new.getinfo(name).date_time == old.getinfo(name).date_time
        card = json.loads(new.read("card.json"))
    assert card["data"]["extensions"].pop("mascot") == EDIT
    assert card == v3()


@pytest.mark.parametrize("kind", ["png", "charx"])
def test_a_file_that_nobody_edited_is_the_same_to_the_byte(kind: str) -> None:
    data = picture(chara=SERAPHINA) if kind == "png" else charx(v3())
    file = read_file(data, "a")
    assert file.kind == kind
    assert write_file(draft(file.card), file.kind, file, "a") == data


def test_a_card_goes_from_any_file_into_any_other() -> None:
    for data in (json.dumps(SERAPHINA).encode(), picture(chara=SERAPHINA), charx(SERAPHINA)):
        fields, file = read_fields(data, "a")
        for format in ("json", "png", "charx"):
            again, back = read_fields(write_file(fields | EDIT, format, file, "a"), "b")
            assert again == fields | EDIT
            assert back is not None
            assert back.card["data"]["character_book"] == SERAPHINA["data"]["character_book"]
            assert back.card["fav"] is False


def test_a_persona_without_a_picture_gets_a_disc_in_its_colour() -> None:
    fields = {"name": "Anna", "colour": {"light": "#a33a5c", "dark": "#f09ab4"}}
    with Image.open(io.BytesIO(write_file(fields, "png", None, "anna"))) as image:
        assert image.getpixel((128, 128)) == (0xA3, 0x3A, 0x5C, 255)
        assert image.getpixel((0, 0)) == (0, 0, 0, 0)
        assert json.loads(base64.b64decode(image.info["ccv3"]))["data"]["name"] == "Anna"
    assert write_file(fields | {"colour": "red"}, "png", None, "anna").startswith(png.SIGNATURE)


def one_line(data: bytes) -> str:
    with pytest.raises(MascotError) as caught:
        read_fields(data, "card.file")
    line = str(caught.value)
    assert line.startswith("card.file: ")
    assert "\n" not in line
    return line


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    assert "32 MiB unpacked" in one_line(charx(v3(), bomb=b"\0" * (33 * 2**20)))
    assert "2 MiB" in one_line(charx(v3() | {"x": "a" * (2 * 2**20)}))
    assert "1000 files" in one_line(charx(v3(), **{f"a{n}": b"" for n in range(1001)}))


def test_a_member_that_lies_about_its_size_is_not_unpacked_beyond_it() -> None:
    card = json.dumps({"name": "A", "x": "a" * (40 * 2**20)})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", card)
    data = out.getvalue().replace(struct.pack("<I", len(card)), struct.pack("<I", 20))
    assert data != out.getvalue()
    tracemalloc.start()
    try:
        assert "damaged" in one_line(data)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\..\\b", "C:/x", "C:x"])
def test_no_path_in_a_charx_leads_out_of_it(name: str) -> None:
    assert "leads out" in one_line(charx(v3(), **{name: b"x"}))


def damaged(change: Callable[[bytes], bytes]) -> bytes:
    return change(picture(chara=SERAPHINA))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "neither"),
        (b"name: [", "neither"),
        (b"name: 2024-01-01\nrole: !!set {a}", "neither"),
        (b"a: &a [x]\nname: *a", "alias"),
        (b"name: " + b"x" * 70_000, "64 KiB"),
        (b"{", "JSON"),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": "A", "x": 1e999}', "too large a number"),
        (b'{"x": 1}', "name"),
        (b'{"spec": "chara_card_v2", "name": "A"}', "data"),
        (b'{"name": "A", "extensions": []}', "extensions"),
        (b'{"name": "A", "extensions": {"mascot": 1}}', "extensions.mascot"),
        (b'{"name": "A", "x": ' + b"[" * 100 + b"]" * 100 + b"}", "deep"),
        (b'{"name": "A", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "card.file"),
        (b'{"name": "\xff"}', "JSON"),
        (b"{" + b" " * MOST_BYTES, "8 MiB"),
        (picture(), "no character card"),
        (damaged(lambda png: png[:-20]), "cut off"),
        (damaged(lambda png: png[:8]), "cut off"),
        (damaged(lambda png: png[:8] + b"\xff\xff\xff\xff" + png[12:]), "cut off"),
        (damaged(lambda png: png.replace(b"chara\0e", b"chara\0f")), "checksum"),
        (charx(v3())[:-30], "neither"),
        (charx(v3()).replace(b"card.json", b"cord.json"), "card.json"),
    ],
)
def test_what_cannot_be_a_card_is_one_line(data: bytes, what: str) -> None:
    assert what in one_line(data)


def test_a_huge_chunk_is_refused() -> None:
    assert "4 MiB" in one_line(picture(chara=SERAPHINA | {"x": "a" * (4 * 2**20)}))


@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["json", "png", "charx"]))
def test_any_damage_is_refused_or_harmless(noise: bytes, at: int, kind: str) -> None:
    whole = {"json": json.dumps(SERAPHINA).encode(), "png": picture(chara=SERAPHINA), "charx": charx(v3())}[
        kind
    ]
    at = len(whole) * at // 400
    with contextlib.suppress(InputError, PersonaError):
        fields, file = read_fields(whole[:at] + noise + whole[at + len(noise) :], "card.file")
        if file is not None:
            write_file(fields | EDIT | {"name": "Anna"}, file.kind, file, "card.file")


def test_an_unfinished_persona_is_no_yaml_and_one_without_a_name_is_no_card() -> None:
    with pytest.raises(PersonaError, match="role: is missing"):
        write_file({"name": "Anna"}, "yaml", None, "anna")
    with pytest.raises(PersonaError, match="name: is missing"):
        write_file({}, "json", None, "anna")
