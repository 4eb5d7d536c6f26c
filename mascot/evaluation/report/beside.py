"""A page with the dialogues of all systems side by side, unedited."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.transcript import PERSON
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.printable import LEFT_OUT, printable
from mascot.evaluation.report.blocks import Block, Heading, Words, anchor
from mascot.evaluation.report.evidence import Evidence
from mascot.evaluation.voices_report import evenly

_SHOWN = 30
"""First messages of each corpus on the page."""


def beside_page(evidence: Evidence) -> list[Block]:
    """First messages, evenly spread over each corpus, and what every system said."""
    cast = load_cast()
    blocks: list[Block] = [
        Heading(1, "Dialogues side by side"),
        Words(
            "Every system's dialogue after the same first message, unedited. Messages are spread evenly over "
            "each corpus; nobody picked them. The words of licensed corpora are not printed, only their ids; "
            f"{LEFT_OUT} stands where somebody repeats eight or more of them in a row."
        ),
    ]
    for source in evidence.sources:
        starts = [start for start in evidence.starts.values() if start.source == source]
        shown = evenly(starts, _SHOWN)
        blocks += [Heading(2, source), _contents(shown)]
        for start in shown:
            held = {
                evidence.systems[name].title + (f" with {header.user}" if header.user else ""): dialogues[
                    start.id
                ]
                for name, header in evidence.systems.items()
                if start.id in (dialogues := evidence.dialogues[name])
            }
            blocks += [Heading(3, _titled(start)), Opening(start), Sides(start, held, cast)]
    return blocks


def _titled(start: Start) -> str:
    kind = ", ".join(word for word in (start.domain, start.emotion) if word)
    return f"{start.id}: {kind}" if kind else start.id


def _contents(starts: Sequence[Start]) -> Words:
    return Words(" · ".join(f"[{start.id}](#{anchor(_titled(start))})" for start in starts), note=True)


@dataclass(frozen=True)
class Opening:
    """A first message, where it may be printed."""

    start: Start

    def markdown(self) -> str:
        return "> " + self._text().replace("\n", "\n> ")

    def html(self) -> str:
        return f"<blockquote>{html.escape(self._text())}</blockquote>"

    def _text(self) -> str:
        if self.start.published:
            return self.start.text
        return f"({self.start.source}, {self.start.emotion or self.start.domain}: its words are not printed)"


@dataclass(frozen=True)
class Sides:
    """The dialogues of several systems after one first message."""

    start: Start
    held: dict[str, Dialogue]
    cast: Cast

    def markdown(self) -> str:
        parts = []
        for title, dialogue in self.held.items():
            lines = [f"- **{self._name(who)}**: {text}" for who, text in self._turns(dialogue)]
            parts.append("\n".join([f"**{title}**", "", *(lines or ["*(nothing was said)*"])]))
        return "\n\n".join(parts)

    def html(self) -> str:
        return f'<div class="sides">{"".join(map(self._side, self.held.items()))}</div>'

    def _side(self, item: tuple[str, Dialogue]) -> str:
        title, dialogue = item
        lines = (
            "".join(self._line(who, text) for who, text in self._turns(dialogue))
            or "<p>(nothing was said)</p>"
        )
        if dialogue.empty:
            lines += f'<p class="note">{dialogue.empty} turn(s) of which the guards let nothing through</p>'
        return f'<section class="side"><h4>{html.escape(title)}</h4>{lines}</section>'

    def _turns(self, dialogue: Dialogue) -> list[tuple[str, str]]:
        return [(who, printable(text, self.start)) for who, text in dialogue.turns]

    def _line(self, who: str, text: str) -> str:
        kind = "person" if who == PERSON else "voice"
        style = f' style="{self._colours(who)}"' if who in self.cast else ""
        name = f'<span class="who">{html.escape(self._name(who))}</span>'
        return f'<p class="{kind}"{style}>{name} {html.escape(text)}</p>'

    def _colours(self, who: str) -> str:
        colour = self.cast[who].colour
        return f"--light: {colour.light}; --dark: {colour.dark}"

    def _name(self, who: str) -> str:
        if who == PERSON:
            return "The person"
        return self.cast[who].name if who in self.cast else who.capitalize()
