"""`voices director`: how each policy would have led the held-out expert dialogues."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mascot.conversation.personas import Cast, load_cast
from mascot.corpora.dialogues import group_dialogues
from mascot.director.base import Policy
from mascot.director.select import make_policy
from mascot.engines.scripted import ScriptedEngine
from mascot.engines.select import plan_engine, select_engine
from mascot.evaluation.directing import Answer, Point, accuracy, ask, points, scores
from mascot.evaluation.intervals import Estimate, difference, holm, rounded, shown_p
from mascot.evaluation.remembering import Remembering
from mascot.evaluation.systems import load_adapters
from mascot.evaluation.voices_run import command_line, machine
from mascot.settings import Settings, read_settings

_SIMPLE = ("random", "round-robin", "mention")
_COLUMNS = {
    "agent": "agent, likeliest",
    "agent expected": "agent, expected",
    "action": "action, likeliest",
    "action expected": "action, expected",
    "tone": "tone, likeliest",
    "yield precision": "yield precision",
    "yield recall": "yield recall",
    "yield f1": "yield F1",
}

_ACCURACIES = {
    f"{question} expected" if expected else question: (question, expected)
    for question in ("agent", "action", "tone")
    for expected in (False, True)
}
_MODEL = "model: "

_LEGEND = (
    "In brackets 95 % intervals over dialogues. *Agent* given that somebody speaks, where at least two may; "
    "*action* and *tone* given the expert's agent, out of those on its card; *yield* where it is allowed. "
    "*Likeliest* is the move that a policy prefers, *expected* the chance that it draws the expert's. Points "
    "over random: likeliest agent against the random policy's expected one. There is rarely one right move: "
    "experts, too, would differ."
)

Answers = Mapping[str, Sequence[Answer]]
"""By policy."""


def run(options: argparse.Namespace) -> int:
    """`voices director`: returns the exit code."""
    settings = read_settings()
    cast = load_cast()
    dialogues = [d for d in group_dialogues() if d.split == options.split][: options.limit]
    decisions = [point for dialogue in dialogues for point in points(dialogue, cast)]
    asked: dict[str, list[Answer]] = {
        name: _ask_all(make_policy(name, ScriptedEngine()), decisions, cast, name) for name in _SIMPLE
    }
    for name, adapters in options.system:
        asked[f"{_MODEL}{name}"] = _ask_model(name, adapters, settings, decisions, cast)
    about = {"command": command_line(), "model": plan_engine(settings).model} | machine()
    about |= {"split": options.split, "dialogues": len(dialogues), "decisions": len(decisions)}
    write(options.out, about, asked)
    return 0


def _ask_model(
    name: str, adapters: Path | None, settings: Settings, decisions: Sequence[Point], cast: Cast
) -> list[Answer]:
    engine = Remembering(select_engine(settings))
    try:
        if adapters is not None:
            load_adapters(engine, adapters)
        return _ask_all(make_policy("model", engine), decisions, cast, name)
    finally:
        engine.close()


def _ask_all(policy: Policy, decisions: Sequence[Point], cast: Cast, name: str) -> list[Answer]:
    bar = tqdm(decisions, desc=name, unit="decision", disable=None)
    return [answer for point in bar for answer in ask(policy, point, cast)]


def gaps(asked: Answers) -> dict[str, Estimate | None]:
    """Agent accuracy of each other policy's likeliest move minus the chance of the random one.

    `p` is corrected by Holm for the number of policies.
    """
    chance = accuracy(asked["random"], "agent", expected=True)
    found = {
        name: difference(chance, accuracy(answers, "agent"))
        for name, answers in asked.items()
        if name != "random"
    }
    ps = holm([gap.p for gap in found.values() if gap is not None and gap.p is not None])
    left = iter(ps)
    return {name: gap if gap is None else replace(gap, p=next(left)) for name, gap in found.items()}


def beside(asked: Answers) -> dict[str, dict[str, Estimate]]:
    """Each other model's accuracies minus the first model's, by figure; paired over dialogues.

    `p` is corrected by Holm for the number of figures of all models.
    """
    first, *others = [name for name in asked if name.startswith(_MODEL)] or [""]
    found = {
        (name, column): gap
        for name in others
        for column, (question, expected) in _ACCURACIES.items()
        if (gap := _gap(asked[first], asked[name], question, expected)) is not None
    }
    corrected = holm([gap.p or 0.0 for gap in found.values()])
    table: dict[str, dict[str, Estimate]] = {}
    for ((name, column), gap), p in zip(found.items(), corrected, strict=True):
        table.setdefault(name, {})[column] = replace(gap, p=p)
    return table


def _gap(one: Sequence[Answer], other: Sequence[Answer], question: str, expected: bool) -> Estimate | None:
    return difference(accuracy(one, question, expected), accuracy(other, question, expected))


def write(out: Path, about: Mapping[str, Any], asked: Answers) -> None:
    """`director.json` and `director.md` in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    figures = {name: scores(answers) for name, answers in asked.items()}
    against, models = gaps(asked), beside(asked)
    as_json = {
        **about,
        "policies": {name: {k: rounded(v) for k, v in some.items()} for name, some in figures.items()},
        "agent_minus_random": {name: rounded(gap) for name, gap in against.items()},
        "minus_first_model": {
            name: {column: rounded(gap) for column, gap in some.items()} for name, some in models.items()
        },
    }
    (out / "director.json").write_text(json.dumps(as_json, indent=1) + "\n", "utf-8")
    (out / "director.md").write_text(_page(about, figures, against, models), "utf-8")


def _page(
    about: Mapping[str, Any],
    figures: Mapping[str, Mapping[str, Estimate | None]],
    against: Mapping[str, Estimate | None],
    models: Mapping[str, Mapping[str, Estimate]],
) -> str:
    head = ["policy", *_COLUMNS.values(), "agent: points over random"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for name, some in figures.items():
        cells = [name, *(_shown(some[key]) for key in _COLUMNS), _points(against.get(name))]
        lines.append(f"| {' | '.join(cells)} |")
    made = f"{about['model']}, {about['machine']}, version {about['version']}"
    talks = f"{about['dialogues']} group dialogues ({about['split']} themes)"
    parts = [
        "# Directing: policies beside the experts",
        f"Made by `{about['command']}` on {about['date']}: {made}. {about['decisions']} decisions of "
        f"{talks}, each policy shown what was really said before.",
        "\n".join(lines),
        _LEGEND,
        *([_differences(models)] if models else []),
    ]
    return "\n\n".join(parts) + "\n"


def _differences(models: Mapping[str, Mapping[str, Estimate]]) -> str:
    head = ["points over the first model", *_ACCURACIES]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [
        f"| {' | '.join([name, *(_points(some.get(column)) for column in _ACCURACIES)])} |"
        for name, some in models.items()
    ]
    return "\n".join(lines)


def _shown(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    return f"{estimate.value:.0%} ({max(estimate.low, 0):.0%} to {min(estimate.high, 1):.0%})"


def _points(gap: Estimate | None) -> str:
    if gap is None or gap.p is None:
        return "–"
    return f"{100 * gap.value:+.0f} ({100 * gap.low:+.0f} to {100 * gap.high:+.0f}), {shown_p(gap.p)}"
