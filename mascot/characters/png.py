"""Cards inside of PNG pictures: tEXt chunks `ccv3` (V3) and `chara` (V1, V2), base64 of the JSON.

Only those chunks are ever changed; every other byte of the picture stays as it is, bytes after its end too.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterator, Mapping

from mascot.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORDS = ("ccv3", "chara")
"""In the order in which they count: the specification of V3 asks for `ccv3` where there are both."""
_MOST_CHUNK = 4 * 2**20
"""Bytes of a chunk that holds a card."""


def cards_in(picture: bytes, source: str) -> dict[str, bytes]:
    """The JSON of each card in the picture, by its keyword.

    Raises:
        InputError: not a whole PNG, or a card's chunk that is too large, damaged or not base64.
    """
    found: dict[str, bytes] = {}
    for kind, chunk in _chunks(picture, source):
        keyword = _keyword(kind, chunk)
        if keyword and keyword not in found:
            found[keyword] = _decoded(chunk, keyword, source)
    return found


def with_cards(picture: bytes, cards: Mapping[str, bytes], source: str) -> bytes:
    """The picture with these cards in the place of those it had; new ones stand before its end.

    Raises:
        InputError: not a whole PNG.
    """
    out, left = [SIGNATURE], dict(cards)
    end = len(SIGNATURE)
    for kind, chunk in _chunks(picture, source):
        end += len(chunk)
        keyword = _keyword(kind, chunk)
        if kind == b"IEND":
            out += [_text_chunk(name, card) for name, card in left.items()]
        if keyword in left:
            out.append(_text_chunk(keyword, left.pop(keyword)))
        elif keyword not in cards:  # of two with the same keyword, programs disagree on which counts
            out.append(chunk)
    return b"".join([*out, picture[end:]])


def disc(colour: str, side: int = 256) -> bytes:
    """A picture for who has none: a disc in a colour such as "#3f5166" on a transparent ground."""
    ink, radius = bytes.fromhex(colour[1:]) + b"\xff", side / 2 - 1
    rows = bytearray()
    for y in range(side):
        half = int(max(0.0, radius**2 - (y - side / 2 + 0.5) ** 2) ** 0.5)
        ground = b"\0\0\0\0" * (side // 2 - half)
        rows += b"\0" + ground + ink * (2 * half) + ground
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    pixels = zlib.compress(bytes(rows), 9)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunks(picture: bytes, source: str) -> Iterator[tuple[bytes, bytes]]:
    """Type and bytes of every chunk, the end's the last."""
    at, kind = len(SIGNATURE), b""
    if not picture.startswith(SIGNATURE):
        raise InputError(f"{source}: not a PNG picture")
    while kind != b"IEND":
        size = int.from_bytes(picture[at : at + 4])
        after = at + 12 + size
        if len(picture) < at + 12 or after > len(picture):
            raise InputError(f"{source}: the PNG picture is cut off")
        kind = picture[at + 4 : at + 8]
        yield kind, picture[at:after]
        at = after


def _keyword(kind: bytes, chunk: bytes) -> str:
    """The keyword of a card's chunk, in the letter case of the specification; empty for any other."""
    if kind != b"tEXt":
        return ""
    keyword = chunk[8:88].split(b"\0", 1)[0].decode("latin-1").lower()
    return keyword if keyword in KEYWORDS else ""


def _decoded(chunk: bytes, keyword: str, source: str) -> bytes:
    if len(chunk) > _MOST_CHUNK:
        raise InputError(f"{source}: the chunk {keyword} is larger than {_MOST_CHUNK // 2**20} MiB")
    if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:]):
        raise InputError(f"{source}: the chunk {keyword} is damaged (its checksum is wrong)")
    try:
        return base64.b64decode(chunk[8:-4].split(b"\0", 1)[1])
    except (binascii.Error, IndexError):
        raise InputError(f"{source}: the chunk {keyword} is not base64") from None


def _text_chunk(keyword: str, card: bytes) -> bytes:
    return _chunk(b"tEXt", keyword.encode("ascii") + b"\0" + base64.b64encode(card))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
