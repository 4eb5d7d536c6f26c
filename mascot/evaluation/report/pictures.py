"""Pictures of a report: dots with their intervals, lines, heat maps; no bars from nought, no radar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mascot.evaluation.intervals import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK, _SOFT, _GROUND, _LINE = "#2b2825", "#655f58", "#fffdfa", "#ddd7cf"
_ACCENT = "#2f5287"
_COLOURS = ("#2f5287", "#b3541e", "#2c6446", "#8a3d5c", "#655f58")
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


def lines(
    series: Mapping[str, Sequence[Estimate | float]], at: Sequence[str], path: Path, label: str
) -> None:
    """One line for each series over named places; intervals where they are known."""
    with _figure(5.6, 3.2, path) as figure:
        panel = figure.subplots()
        for (name, values), colour in zip(series.items(), _cycle(), strict=False):
            places = range(len(values))
            middle = [value.value if isinstance(value, Estimate) else value for value in values]
            panel.plot(places, middle, "o-", color=colour, markersize=4, linewidth=1.4, label=name)
            for place, value in zip(places, values, strict=True):
                if isinstance(value, Estimate):
                    panel.plot([place, place], [value.low, value.high], color=colour, linewidth=1)
        panel.set_xticks(range(len(at)), at)
        panel.set_ylabel(label)
        panel.grid(axis="y", color=_LINE, linewidth=0.6)
        panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))


def heat(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    path: Path,
    label: str,
    digits: int = 0,
) -> None:
    """A heat map with its numbers written in; a missing one stays empty."""
    table = np.array([[np.nan if value is None else value for value in row] for row in values], dtype=float)
    with _figure(0.95 * len(columns) + 2.2, 0.36 * len(rows) + 1.3, path) as figure:
        panel = figure.subplots()
        shown = panel.imshow(table, cmap=_ramp(), aspect="auto")
        panel.set_xticks(range(len(columns)), columns)
        panel.set_yticks(range(len(rows)), rows)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
        panel.set_title(label)
        middle = (np.nanmin(table) + np.nanmax(table)) / 2 if not np.isnan(table).all() else 0
        for (y, x), value in np.ndenumerate(table):
            if not np.isnan(value):
                colour = _GROUND if value > middle else _INK
                panel.text(x, y, f"{value:.{digits}f}", ha="center", va="center", color=colour, fontsize=8)
        figure.colorbar(shown, ax=panel, fraction=0.04).outline.set_visible(False)  # pyright: ignore[reportCallIssue]


@contextmanager
def _figure(width: float, height: float, path: Path) -> Iterator[Figure]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150, metadata={"Software": None})


def _cycle() -> Iterator[str]:
    while True:
        yield from _COLOURS


def _ramp() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("mascot", ["#f4efe7", _ACCENT])
