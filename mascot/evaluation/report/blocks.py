"""What a report is made of; each part can be written as Markdown and as HTML."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol


class Block(Protocol):
    """A part of a report."""

    def markdown(self) -> str: ...
    def html(self) -> str: ...


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the page's."""

    level: int
    text: str

    def markdown(self) -> str:
        return f"{'#' * self.level} {self.text}"

    def html(self) -> str:
        return f'<h{self.level} id="{anchor(self.text)}">{_inline(self.text)}</h{self.level}>'


@dataclass(frozen=True)
class Words:
    """A paragraph; `**strong**`, `` `code` `` and `[text](link)` are understood."""

    text: str
    note: bool = False
    """Small print."""

    def markdown(self) -> str:
        return self.text

    def html(self) -> str:
        return f'<p class="note">{_inline(self.text)}</p>' if self.note else f"<p>{_inline(self.text)}</p>"


@dataclass(frozen=True)
class Warned:
    """What must be read before what follows: a judge's card in words."""

    text: str
    good: bool = False

    def markdown(self) -> str:
        return f"> {self.text}"

    def html(self) -> str:
        kind = "card good" if self.good else "card"
        return f'<p class="{kind}">{_inline(self.text)}</p>'


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first cell of each names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    name: str = ""
    """Of its CSV, where it has one."""

    def markdown(self) -> str:
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        text = "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )
        return f"{text}\n\n[CSV](tables/{self.name}.csv)" if self.name else text

    def html(self) -> str:
        head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in self.head)
        rows = "".join(_row(row) for row in self.rows)
        csv_link = f'<p class="note"><a href="tables/{self.name}.csv">CSV</a></p>' if self.name else ""
        return (
            f'<div class="wide" tabindex="0" role="region" aria-label="{html.escape(self.name or "table")}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{csv_link}"
        )

    def csv(self) -> str:
        """The same for a spreadsheet, emphasis taken off."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([[cell.replace("**", "") for cell in line] for line in (self.head, *self.rows)])
        return out.getvalue()


@dataclass(frozen=True)
class Picture:
    """An SVG beside the report, with what it shows in words."""

    file: str
    shows: str

    def markdown(self) -> str:
        return f"![{self.shows}](pictures/{self.file})"

    def html(self) -> str:
        shows = html.escape(self.shows)
        return (
            f'<figure><div class="drawn" tabindex="0" role="region" aria-label="{html.escape(self.file)}">'
            f'<img src="pictures/{self.file}" alt="{shows}" loading="lazy"></div>'
            f"<figcaption>{shows}</figcaption></figure>"
        )


def as_markdown(blocks: Sequence[Block]) -> str:
    """The whole page."""
    return "\n\n".join(block.markdown() for block in blocks) + "\n"


def as_html(title: str, blocks: Sequence[Block]) -> str:
    """The whole page, on its own: no script, nothing fetched but its pictures."""
    body = "\n".join(block.html() for block in blocks)
    style = files("mascot.evaluation.report").joinpath("report.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>\n<body><main>\n{body}\n"
        "</main></body></html>\n"
    )


def anchor(text: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def _row(row: Sequence[str]) -> str:
    first, *rest = row
    cells = "".join(f"<td>{_inline(cell)}</td>" for cell in rest)
    return f'<tr><th scope="row">{_inline(first)}</th>{cells}</tr>'


def _inline(text: str) -> str:
    safe = html.escape(text, quote=False)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    safe = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"\[([^\]]+)\]\(([^)\s\"]+)\)", r'<a href="\2">\1</a>', safe)
