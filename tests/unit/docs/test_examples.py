"""The Python examples of the guides run, those of a page one after another, unless a comment says why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.docs.commands import PAGES, ROOT
from tests.unit.docs.reader import settle

_EXAMPLE = re.compile(r"(<!-- not run: [^\n]+ -->\n)?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[tuple[int, str]]:
    """Line and code of every example that is to run."""
    text = page.read_text(encoding="utf-8")
    found = [match for match in _EXAMPLE.finditer(text) if not match[1]]
    return [(text.count("\n", 0, match.start(2)), match[2]) for match in found]


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(tmp_path, monkeypatch)
    names: dict[str, Any] = {}
    for line, code in examples(page):
        exec(compile("\n" * line + code, str(page.relative_to(ROOT)), "exec"), names)


def test_the_guide_to_the_api_uses_every_name_of_it() -> None:
    import mascot

    text = "".join(code for _, code in examples(ROOT / "docs" / "python.md"))
    assert not [name for name in mascot.__all__ if not re.search(rf"\b{name}\b", text)]
