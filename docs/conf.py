"""How `make docs` builds the site: the guides in Markdown as they are, the reference from docstrings."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mascot import __version__  # noqa: E402

logging.getLogger("alembic").setLevel(logging.WARNING)

project = "MASCOT Studio"
copyright = "2026, the authors of MASCOT Studio; Apache-2.0"
version = release = __version__
html_title = "MASCOT Studio"
html_theme = "furo"
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "model_config"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries = False
# Two rooms may have a word in common (`Line`, `Live`); the one of the page is meant.
suppress_warnings = ["ref.python"]

_CODE = re.compile(r"(?<![`:])`([^`]+)`(?!`)")


def _as_markdown(_app: object, what: str, _name: str, obj: Any, _options: object, lines: list[str]) -> None:
    """Docstrings are for readers of the code: `x` is code, and so is an indented block of a module's."""
    if what == "data" and lines and lines[0] in (obj.__doc__ or ""):
        lines.clear()  # an alias without words of its own has those of `typing`
    text = _CODE.sub(r"``\1``", "\n".join(lines))
    if what in ("module", "data"):
        text = re.sub(r"\n\n(?= )", "\n\n::\n\n", text)
    lines[:] = text.split("\n")


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _as_markdown, priority=100)
