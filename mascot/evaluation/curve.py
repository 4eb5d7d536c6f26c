"""The learning curve: what more of the corpus buys, from systems trained on parts of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mascot.errors import InputError

SHOWN = ("attribution", "relevance", "overlap", "reuse_4")
"""The measures of the picture: what a voice is for, and what it must not become."""

Points = Sequence[tuple[float, str]]
"""Per cent of the corpus and the system trained on it, ascending."""


def series(results: Mapping[str, Any], points: Points) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Each source's measures at each point: `{value, low, high, n}`.

    Args:
        results: the figures of `voices run`, in which every system of the points was measured.

    Raises:
        InputError: one was not.
    """
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for source, part in results["sources"].items():
        found[source] = {}
        for key in SHOWN:
            systems = part["measures"][key]["systems"]
            missing = [name for _, name in points if not systems.get(name)]
            if missing:
                known = ", ".join(systems)
                raise InputError(f"no figures of {missing[0]!r} for {source}: there are {known}")
            found[source][key] = [systems[name] for _, name in points]
    return found


def as_table(results: Mapping[str, Any], points: Points) -> str:
    """The curve as a Markdown table, one line for each source and measure."""
    lines = ["| | " + " | ".join(f"{percent:g} %" for percent, _ in points) + " |"]
    lines.append("|" + "---|" * (len(points) + 1))
    for source, measures in series(results, points).items():
        for key, values in measures.items():
            title = results["sources"][source]["measures"][key]["title"]
            cells = [f"{v['value']:.3f} ({v['low']:.3f} to {v['high']:.3f})" for v in values]
            lines.append(f"| {source}: {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(results: Mapping[str, Any], points: Points, path: Path) -> None:
    """The curve as a picture: one panel for each measure, one line with intervals for each source."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.2 * len(SHOWN), 3.0), layout="constrained")
    panels = figure.subplots(1, len(SHOWN))
    at = [percent for percent, _ in points]
    for source, measures in series(results, points).items():
        for panel, key in zip(panels, SHOWN, strict=True):
            values = measures[key]
            middle = [value["value"] for value in values]
            below = [value["value"] - value["low"] for value in values]
            above = [value["high"] - value["value"] for value in values]
            panel.errorbar(at, middle, yerr=(below, above), marker="o", capsize=3, label=source)
            panel.set_title(results["sources"][source]["measures"][key]["title"], fontsize=7)
    for panel in panels:
        panel.set_xlabel("% of the corpus", fontsize=8)
        panel.set_xticks(at)
        panel.tick_params(labelsize=7)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=150)
