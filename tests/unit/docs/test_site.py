"""The site of `make docs` builds without a warning, and every link inside of it leads somewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.docs.commands import ROOT


@dataclass
class Page(HTMLParser):
    """What a page links to, and what can be linked to in it."""

    links: set[str] = field(default_factory=set)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("a", "img", "link", "script", "source"):
            self.links |= {given[name] for name in ("href", "src") if name in given}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it, in a process of its own: Sphinx changes much of its process."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
    quiet = os.environ | {"PYTHONWARNINGS": "ignore"}
    built = subprocess.run(
        [*command, "-d", str(out / "trees"), str(ROOT / "docs"), str(out / "site")],
        cwd=ROOT,
        env=quiet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    return out / "site"


def broken(site: Path) -> list[str]:
    """Links of the site to pages, files or headings that are not there; addresses elsewhere are not asked."""
    pages = {path: Page() for path in site.rglob("*.html")}
    for path, page in pages.items():
        page.feed(path.read_text(encoding="utf-8"))
    wrong = []
    for path, page in pages.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            file = (path.parent / unquote(target.path)).resolve() if target.path else path
            there = file.is_file() and (
                not target.fragment or file not in pages or unquote(target.fragment) in pages[file].anchors
            )
            if not there:
                wrong.append(f"{path.relative_to(site)}: {link}")
    return wrong


def test_the_site_builds_and_every_link_inside_of_it_leads_somewhere(site: Path) -> None:
    assert not broken(site)
    assert not [path for path in site.rglob("*.html") if 'src="http' in path.read_text(encoding="utf-8")]


def test_every_page_of_the_guides_is_a_page_of_the_site(site: Path) -> None:
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()


def test_the_reference_says_what_the_docstrings_say(site: Path) -> None:
    text = (site / "reference" / "settings.html").read_text(encoding="utf-8")
    assert "mascot.settings.Settings.archive_seconds" in text
    assert "Between two exports to the archive." in text
    assert "max_turns" in (site / "reference" / "api.html").read_text(encoding="utf-8")


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<h1 id="top">A</h1><a href="b.html#no">b</a><a href="c.html">c</a>')
    (tmp_path / "b.html").write_text(
        '<p id="yes"></p><a href="a.html#top">a</a><a href="https://x.y/z">z</a>'
    )
    assert sorted(broken(tmp_path)) == ["a.html: b.html#no", "a.html: c.html"]
