"""The files that the pages load, their own and those borrowed from the demo's page: both look alike."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mascot.errors import NotFoundError

MEDIA = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
BORROWED = ("tokens.css", "base.css", "dom.js")
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,40}\.(js|css|json)")


@dataclass(frozen=True)
class File:
    """A script, style or language file."""

    content: bytes
    media: str
    tag: str
    """For the header `ETag`."""


@cache
def static(name: str) -> File:
    """A file of the pages.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = _NAME.fullmatch(name)
    room = "mascot.ui" if name in BORROWED else "studies.ui"
    path = files(room) / "static" / name
    if not found or not path.is_file():
        raise NotFoundError("there is no such file")
    content = path.read_bytes()
    if name in BORROWED:
        # The project's name is perhaps an arm's name: nothing that a participant's browser loads bears it.
        content = content.replace(b"mascot", b"room")
    return File(content, MEDIA[found[1]], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
