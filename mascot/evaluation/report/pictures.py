"""Pictures of a report: dots with their intervals, lines, heat maps; no bars from nought, no radar.

Each is an SVG that follows the reader's light or dark mode by itself, also inside an `<img>`: it is drawn in
the colours of light, which are then named, and a style sheet in the file gives each name its two colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mascot.evaluation.intervals import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _SOFT, _GROUND, _LINE, _ACCENT = "#2b2825", "#655f58", "#fffdfa", "#ddd7cf", "#2f5287"
_DARK: Mapping[str, str] = {
    _INK: "#ece8e2",
    _SOFT: "#b3aca3",
    _GROUND: "#24221f",
    _LINE: "#3a3733",
    _ACCENT: "#8fb4ea",
}
"""What each colour of light is in the dark; the same pairs as in `report.css`."""
_STRONGEST = 0.48
"""How much accent the highest cell of a heat map has: ink on it keeps 4.5 : 1 in light and in dark."""
_ACROSS = 4
"""Panels in a row."""
_STYLE: Any = {
    "figure.facecolor": _GROUND,
    "axes.facecolor": _GROUND,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "axes.titlesize": 10,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _SOFT,
    "ytick.color": _INK,
    "font.size": 9,
    "font.family": "sans-serif",
    "font.sans-serif": ["Noto Sans", "DejaVu Sans"],
    "svg.hashsalt": "mascot",
}
Panels = Mapping[str, Mapping[str, Estimate | None]]
"""By panel and row: what a dot shows."""


def dots(panels: Panels, path: Path, label: str, first: str = "") -> None:
    """One panel beside another, a dot with its 95 % interval for each row.

    Args:
        first: the row drawn in colour, the one that others are compared with.
    """
    rows = list(dict.fromkeys(row for panel in panels.values() for row in panel))
    with _figure(max(4.2, 2.6 * len(panels) + 1.8), 0.34 * len(rows) + 1.2, path) as figure:
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for panel, (title, values) in zip(axes, panels.items(), strict=True):
            for place, row in enumerate(rows):
                found = values.get(row)
                if found is not None:
                    colour = _ACCENT if row == first else _SOFT
                    panel.plot([found.low, found.high], [place, place], color=colour, linewidth=1.4)
                    panel.plot([found.value], [place], "o", color=colour, markersize=5)
            panel.set_title(title)
            panel.set_xlabel(label)
            panel.grid(axis="x", color=_LINE, linewidth=0.6)
            panel.set_axisbelow(True)
            panel.tick_params(axis="y", length=0)
        axes[0].set_yticks(range(len(rows)), rows)
        axes[0].set_ylim(len(rows) - 0.5, -0.5)


def courses(
    series: Mapping[str, Sequence[Estimate]], path: Path, label: str, level: float, first: str = ""
) -> None:
    """How a figure goes over the turns: a small panel for each series, all on one scale.

    Args:
        series: by name, the figure at each turn from the first on, 0 to 100.
        level: drawn as a broken line, such as chance.
        first: the series that is drawn in colour, and faintly behind every other.
    """
    rows = -(-len(series) // _ACROSS)
    longest = max(map(len, series.values()))
    across = min(_ACROSS, len(series))
    with _figure(2.1 * across + 0.6, 1.7 * rows + 0.5, path) as figure:
        axes = list(figure.subplots(rows, across, sharey=True, squeeze=False).flat)
        for panel, (name, values) in zip(axes, series.items(), strict=False):
            panel.axhline(level, color=_SOFT, linewidth=0.8, linestyle=(0, (2, 3)))
            if name != first:
                panel.plot([v.value for v in series.get(first, ())], color=_ACCENT, linewidth=1, alpha=0.5)
            colour = _ACCENT if name == first else _SOFT
            for turn, value in enumerate(values):
                panel.plot([turn, turn], [value.low, value.high], color=colour, linewidth=1.2)
            panel.plot([v.value for v in values], "o-", color=colour, markersize=4, linewidth=1.4)
            panel.set_title(name, fontsize=9)
            panel.grid(axis="y", color=_LINE, linewidth=0.6)
            panel.set_xticks(range(longest), [str(turn + 1) for turn in range(longest)])
            panel.set_ylim(-3, 103)
        for panel in axes[len(series) :]:
            panel.set_visible(False)
        figure.supxlabel("turn", fontsize=9, color=_SOFT)
        figure.supylabel(label, fontsize=9, color=_SOFT)


def heat(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    path: Path,
    label: str,
    digits: int = 0,
) -> None:
    """A heat map with its numbers written in; a missing one stays empty."""
    from matplotlib.patches import Rectangle

    table = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    known = table[~np.isnan(table)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    with _figure(0.95 * len(columns) + 1.6, 0.36 * len(rows) + 1.1, path) as figure:
        panel = figure.subplots()
        for (y, x), value in np.ndenumerate(table):
            if not np.isnan(value):
                share = (value - low) / (high - low) if high > low else 1.0
                cell = Rectangle(
                    (x - 0.5, y - 0.5), 1, 1, facecolor=_ACCENT, alpha=_STRONGEST * share, linewidth=0
                )
                panel.add_patch(cell)
                panel.text(x, y, f"{value:.{digits}f}", ha="center", va="center", color=_INK, fontsize=9)
        panel.set_xlim(-0.5, len(columns) - 0.5)
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_xticks(range(len(columns)), columns)
        panel.set_yticks(range(len(rows)), rows)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
        panel.set_title(label)


@contextmanager
def _figure(width: float, height: float, path: Path) -> Iterator[Figure]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(in_both_modes(drawn.getvalue()), "utf-8")


def in_both_modes(svg: str) -> str:
    """An SVG whose colours, those of `_DARK`, change with the reader's colour scheme.

    Raises:
        ValueError: it has no `<defs>` to put the style sheet in.
    """
    names = {light: f"--c{number}" for number, light in enumerate(_DARK)}
    light = "".join(f"{name}:{colour};" for colour, name in names.items())
    dark = "".join(f"{name}:{_DARK[colour]};" for colour, name in names.items())
    sheet = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}</style>"
    before, defs, after = svg.partition("<defs>")
    if not defs:
        raise ValueError("an SVG without <defs> has no place for its colours")
    for colour, name in names.items():
        before, after = (part.replace(colour, f"var({name})") for part in (before, after))
    return f"{before}{defs}{sheet}{after}"
