"""Loss curves as a picture. Needs matplotlib, which is for development only."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

from mascot.errors import InputError

_WATCHED = (
    ("reward", "group"),
    ("kl", "director_kl"),
    ("words", "directives"),
    ("format", "reuse_4", "recognised", "as_experts_who", "as_experts_task", "as_experts_tone"),
)
"""What is drawn of a run, beside one another."""


def draw_curves(out: Path) -> Path:
    """The curves of all adapters in a training folder, as `curves.png` in it; returns the file.

    Raises:
        InputError: there is no curve in the folder, or no matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("pictures of curves need matplotlib: pip install -r requirements-dev.txt") from None
    files = sorted(out.glob("*/curve.csv"))
    if not files:
        raise InputError(f"{out} holds no curve.csv: train something into it first")
    columns = min(3, len(files))
    rows = -(-len(files) // columns)
    figure = Figure(figsize=(4 * columns, 3 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for place, file in zip(grid.flat, files, strict=False):
        with file.open(newline="") as content:
            points = list(csv.DictReader(content))
        steps = [int(point["step"]) for point in points]
        learned = [(s, float(p["train_loss"])) for s, p in zip(steps, points, strict=True) if p["train_loss"]]
        place.plot(*zip(*learned, strict=True), label="train") if learned else None
        place.plot(steps, [float(point["dev_loss"]) for point in points], marker="o", label="dev")
        place.set(title=file.parent.name, xlabel="step", ylabel="nats per token")
        place.legend()
    for empty in list(grid.flat)[len(files) :]:
        empty.axis("off")
    picture = out / "curves.png"
    figure.savefig(picture, dpi=110)
    return picture


def draw_rewards(out: Path) -> Path | None:
    """What each run of policy optimisation in a folder did to its figures, as `rewards.png`.

    Returns:
        The file; None where there is no run, or no matplotlib.
    """
    files = sorted({*out.glob("dev.csv"), *out.glob("*/dev.csv")})
    if not files or not find_spec("matplotlib"):
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3 * len(files)), layout="constrained")
    grid = figure.subplots(len(files), len(_WATCHED), squeeze=False)
    for row, file in zip(grid, files, strict=True):
        for place, shown in zip(row, _WATCHED, strict=True):
            for source, style in ((file.with_name("steps.csv"), "-"), (file, "o-")):
                with source.open(newline="") as content:
                    points = list(csv.DictReader(content))
                for name in (n for n in shown if points and points[0].get(n)):
                    curve = [(float(p["step"]), float(p[name])) for p in points if p[name]]
                    place.plot(*zip(*curve, strict=True), style, label=f"{name}, {source.stem}")
            place.set(title=file.parent.name, xlabel="step")
            if place.lines:
                place.legend(fontsize="small")
    picture = out / "rewards.png"
    figure.savefig(picture, dpi=100)
    return picture
