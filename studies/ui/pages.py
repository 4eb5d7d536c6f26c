"""The three pages of a study: one and the same but for what they load."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

_EVERYWHERE = ("tokens", "base", "study")
"""Styles of every page, before its own."""


@dataclass(frozen=True)
class Page:
    """What a page loads.

    Attributes:
        static: where its files are, seen from its address.
        script: its module, which brings the others.
        styles: its own.
    """

    title: str
    static: str
    script: str
    styles: tuple[str, ...]

    @property
    def content(self) -> bytes:
        """The page as it is handed out."""
        names = (*_EVERYWHERE, *self.styles)
        styles = (f'    <link rel="stylesheet" href="{self.static}/{name}.css">' for name in names)
        return (
            _template()
            .substitute(title=self.title, static=self.static, script=self.script, styles="\n".join(styles))
            .encode()
        )


PAGES = {
    "": Page("Study", "static", "participant", ("dialogue", "questions", "ends")),
    "/withdraw": Page("Study", "../static", "withdraw", ("questions", "ends")),
    "/desk": Page("Desk", "../static", "desk", ("questions", "desk")),
}
"""By what stands behind a study's address."""


@cache
def _template() -> Template:
    return Template((files("studies.ui") / "page.html").read_text("utf-8"))
