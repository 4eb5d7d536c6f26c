"""Cards as CHARX: a zip file with `card.json` and whatever belongs to the card beside it.

Nothing is ever unpacked to a disk. Members other than the card keep their bytes, names, dates and order,
and whatever stands before the zip (some programs put a picture there) stays.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from mascot.characters.text import MOST_BYTES
from mascot.errors import InputError

CARD = "card.json"
_MOST_MEMBERS = 1000
_MOST_UNPACKED = 32 * 2**20
"""Bytes of all members together, unpacked."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


def is_charx(data: bytes) -> bool:
    """Whether it is a zip file, alone or behind a picture."""
    return zipfile.is_zipfile(io.BytesIO(data))


def card_in(data: bytes, source: str) -> bytes:
    """The JSON of the card.

    Raises:
        InputError: damaged, encrypted, too large when unpacked, a name that leads elsewhere, or no card.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _must_be_harmless(archive.infolist(), source)
            return _unpacked(archive, archive.getinfo(CARD))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise InputError(f"{source}: the CHARX file is damaged ({error})") from None


def with_card(data: bytes, card: bytes, source: str) -> bytes:
    """The file with another card in the place of the one it had.

    Raises:
        InputError: as `card_in`.
    """
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _must_be_harmless(members, source)
            out.write(data[: min(member.header_offset for member in members)])
            with zipfile.ZipFile(out, "w") as written:
                written.comment = archive.comment
                for member in members:
                    content = card if member.filename == CARD else _unpacked(archive, member)
                    written.writestr(member, content)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise InputError(f"{source}: the CHARX file is damaged ({error})") from None
    return out.getvalue()


def new_charx(card: bytes) -> bytes:
    """A file with nothing but the card."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(zipfile.ZipInfo(CARD), card, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes. `ZipFile.read` would first unpack all there is, and only then cut it to the size that
    it was said to have: a file that lies would be a bomb after all."""
    with archive.open(member) as packed:
        content = packed.read(member.file_size)
    if zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename[:80]!r}")
    return content


def _must_be_harmless(members: Iterable[zipfile.ZipInfo], source: str) -> None:
    """What a zip says of itself; no more than it says is ever unpacked of it."""
    seen: dict[str, int] = {}
    for member in members:
        name = member.filename
        if name in seen:
            raise InputError(f"{source}: {name[:80]!r} is in it twice")
        if _leads_elsewhere(member.orig_filename):
            raise InputError(f"{source}: {name[:80]!r} leads out of the CHARX file")
        if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
            raise InputError(f"{source}: {name[:80]!r} is encrypted, or packed in a way that CHARX is not")
        seen[name] = member.file_size
    if len(seen) > _MOST_MEMBERS or sum(seen.values()) > _MOST_UNPACKED:
        most = f"{_MOST_MEMBERS} files and {_MOST_UNPACKED // 2**20} MiB unpacked"
        raise InputError(f"{source}: a CHARX file has at most {most}")
    if CARD not in seen:
        raise InputError(f"{source}: there is no {CARD} in it, so this is no CHARX file")
    if seen[CARD] > MOST_BYTES:
        raise InputError(f"{source}: the card's JSON is larger than {MOST_BYTES // 2**20} MiB")


def _leads_elsewhere(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or any(sign in name for sign in ("\\", ":", "\0"))
