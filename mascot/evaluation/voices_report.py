"""The report of measured voices as Markdown: tables, confusion, and the conversations themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mascot.conversation.personas import Cast
from mascot.evaluation.comparison import Row
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.intervals import Estimate, shown_p
from mascot.evaluation.measures import Measure
from mascot.evaluation.printable import printable

SOURCES = {
    "test": "Situations of our corpus whose themes train nothing",
    "app": "The app's own examples, to which no expert replies were written",
    "ed": "First messages of EmpatheticDialogues",
}
_ARROWS = {"more": " ↑", "less": " ↓", "": ""}
LEGEND = (
    "↑ more is better, ↓ less is better; in brackets 95 % intervals over dialogues (bootstrap for means of "
    "dialogues, delete-a-group jackknife for figures across them). Differences are paired by dialogue; p is "
    "two-sided (sign flips; for figures across dialogues Student's t) and corrected by Holm for every "
    "difference of the table."
)


def table(rows: Sequence[Row]) -> str:
    """The systems beside one another, one measure per line."""
    systems = list(rows[0].values)
    compared = list(rows[0].differences)
    head = ["measure", *systems, *(f"{name}: difference" for name in compared)]
    lines = [_line(head), _line(["---"] * len(head))]
    for row in rows:
        cells = [row.measure.title + _ARROWS[row.measure.better]]
        cells += [shown(row.values[name], row.measure) for name in systems]
        cells += [gap(row.differences[name], row.measure) for name in compared]
        lines.append(_line(cells))
    return "\n".join(lines)


def shown(estimate: Estimate | None, measure: Measure) -> str:
    """A figure with its interval."""
    if estimate is None:
        return "–"
    value, low, high = (_number(x, measure) for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})"


def gap(estimate: Estimate | None, measure: Measure) -> str:
    """A difference with its sign, its interval and its p."""
    if estimate is None or estimate.p is None:
        return "–"
    plus = "+" if estimate.value > 0 else ""
    return f"{plus}{shown(estimate, measure)}, {shown_p(estimate.p)}"


def confusion_table(table: np.ndarray, cast: Cast, speakers: Sequence[str]) -> str:
    """Who was taken for whom, in per cent of what each said; shape (speakers, speakers).

    Who never spoke has no row: of nothing there are no per cent.
    """
    names = [cast[speaker].name for speaker in speakers]
    lines = [_line(["said by", *(f"taken for {name}" for name in names), "utterances"])]
    lines.append(_line(["---"] * (len(names) + 2)))
    for name, counts in zip(names, table, strict=True):
        if total := int(counts.sum()):
            lines.append(_line([name, *(f"{count / total:.0%}" for count in counts), str(total)]))
    return "\n".join(lines)


def turns_table(by_system: Mapping[str, Sequence[float]]) -> str:
    """Attribution turn by turn."""
    longest = max(map(len, by_system.values()), default=0)
    lines = [_line(["system", *(f"turn {turn + 1}" for turn in range(longest))])]
    lines.append(_line(["---"] * (longest + 1)))
    for name, right in by_system.items():
        lines.append(_line([name, *(f"{share:.0%}" for share in right), *["–"] * (longest - len(right))]))
    return "\n".join(lines)


def conversation(start: Start, systems: Mapping[str, Dialogue], cast: Cast) -> str:
    """One first message and what each system's group said, unedited."""
    opening = f"> {_quoted(start.text)}" if start.published else f"*EmpatheticDialogues `{start.id}`*"
    head = f"## {start.id}: {start.emotion}" if start.published else f"## {start.id}"
    parts = [head, opening]
    for name, dialogue in systems.items():
        parts.append(f"### {name}")
        lines = [
            f"- **{cast[s.agent].name}** *({s.action}; {s.tone})*: {printable(s.text, start)}"
            for s in dialogue.said
        ]
        if dialogue.empty:
            lines.append(f"- *{dialogue.empty} turn(s) of which the guards let nothing through*")
        parts.append("\n".join(lines) or "*(nothing was said)*")
    return "\n\n".join(parts)


def evenly(starts: Sequence[Start], count: int) -> list[Start]:
    """So many of them, spread evenly: nobody picks."""
    places = np.linspace(0, len(starts) - 1, min(count, len(starts))).round().astype(int)
    return [starts[place] for place in places]


def _number(value: float, measure: Measure) -> str:
    if measure.unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _quoted(text: str) -> str:
    return text.replace("\n", "\n> ")
