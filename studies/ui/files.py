"""The files of the pages, and those they borrow from the demo's page so that both look alike."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

from mascot.errors import NotFoundError

Page = Literal["participant", "withdraw", "desk"]

TYPES = {
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'"
    ),
}
"""For every page and file: nothing from elsewhere, and no address told to other sites (a link is a key)."""
BORROWED = ("tokens.css", "base.css", "dom.js")
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,40}\.(js|css|json)")


def page(name: Page) -> str:
    """A page's HTML."""
    return (files("studies.ui") / f"{name}.html").read_text("utf-8")


@cache
def static(name: str) -> tuple[str, str]:
    """A script, style or language file of the pages, and its media type.

    Raises:
        NotFoundError: there is none of this name.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise NotFoundError("there is no such file")
    media = TYPES[found[1]]
    if name in BORROWED:
        # The project's name is perhaps an arm's name: nothing that a participant's browser loads bears it.
        return (files("mascot.ui") / "static" / name).read_text("utf-8").replace("mascot", "room"), media
    file = files("studies.ui") / "static" / name
    if not file.is_file():
        raise NotFoundError("there is no such file")
    return file.read_text("utf-8"), media
