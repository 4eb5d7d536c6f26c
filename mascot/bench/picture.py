"""History length against time to first token, as a picture."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from mascot.bench.first_token import CARD_FIRST, OURS, OURS_CARD
from mascot.bench.report import Measured
from mascot.errors import SettingsError

_LINES = {CARD_FIRST: "#b3541e", OURS_CARD: "#6a8caf", OURS: "#2f5287"}


def draw(measured: Measured, file: Path) -> None:
    """Write the picture as PNG, one panel per engine; the bars are the smallest and the largest sample.

    Raises:
        SettingsError: matplotlib is not installed.
    """
    try:
        matplotlib: Any = importlib.import_module("matplotlib")
    except ImportError:
        raise SettingsError("the picture needs matplotlib: pip install -r requirements-dev.txt") from None
    matplotlib.use("agg")
    plot: Any = importlib.import_module("matplotlib.pyplot")
    parts = [name for name in measured if name.startswith("first-token/")]
    figure, panels = plot.subplots(
        1, max(1, len(parts)), figsize=(5.2 * max(1, len(parts)), 4), squeeze=False
    )
    for panel, part in zip(panels[0], parts, strict=False):
        _panel(panel, part, measured)
    figure.suptitle("The speaker changes: seconds to the first word", fontsize=12)
    figure.tight_layout()
    figure.savefig(file, dpi=144)
    plot.close(figure)


def _panel(panel: Any, part: str, measured: Measured) -> None:
    for what, colour in _LINES.items():
        line = sorted((f for f in measured[part] if f.what == what), key=lambda f: f.at or 0)
        if not line:
            continue
        middle = [f.median for f in line]
        below = [f.median - f.low for f in line]
        above = [f.high - f.median for f in line]
        panel.errorbar(
            [f.at for f in line], middle, [below, above], color=colour, marker="o", capsize=3, label=what
        )
    panel.set_title(part.removeprefix("first-token/"))
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.xaxis.set_major_formatter("{x:.0f}")
    panel.set_xlabel("tokens of history")
    panel.set_ylabel("seconds")
    panel.grid(visible=True, which="major", alpha=0.3)
    panel.legend(frameon=False)
