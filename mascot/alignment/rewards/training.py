"""From preferences to a folder with a light reward model and the record of what made it.

What is of the training themes is learned, *dev* sets how sure the model is, *test* is measured and never
touched before. Blocks are few, so their model is also measured crosswise: eight times one eighth of the
themes is left out, whatever part they are of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

from mascot import __version__
from mascot.alignment.preferences import BlockPreference, Preference
from mascot.alignment.preferences_sources import data_sha256
from mascot.alignment.rewards import bradley_terry
from mascot.alignment.rewards.bradley_terry import Numbers
from mascot.alignment.rewards.directives import (
    QUESTIONS,
    Chosen,
    DirectiveReward,
    chosen_in,
    fit_directives,
    told_right,
)
from mascot.alignment.rewards.figures import figures
from mascot.alignment.rewards.group import GroupRecipe, LightGroupReward, fit_group
from mascot.alignment.rewards.light import LightRecipe, LightReward, Remembered, fit_light
from mascot.alignment.rewards.model import RECORD, GroupRewardModel, RewardModel
from mascot.alignment.rewards.record import read_record
from mascot.conversation.personas import Cast
from mascot.corpora.expert import Split
from mascot.engines.embedding import Embedder
from mascot.errors import InputError
from mascot.evaluation.intervals import mean, rounded

_FOLDS = 8
_Row = TypeVar("_Row", Preference, BlockPreference)
Record = Mapping[str, Any]


def train_light(
    rows: Sequence[Preference], embedder: Embedder, recipe: LightRecipe, out: Path, start: Path | None = None
) -> Record:
    """Train a light reward model into a folder; returns its record.

    Args:
        start: a folder with one to be refined, instead of nothing.

    Raises:
        InputError: no rows in one of the parts.
        ModelError: there is no light reward model in `start`.
    """
    train, dev, test = (part(rows, split) for split in ("train", "dev", "test"))
    if start:
        personas = read_record(start, "reward", "light").personas
        model = LightReward.load(start, embedder, personas).refined(train, recipe.ridge)
    else:
        personas = sorted({row.persona for row in train})
        model = fit_light(train, embedder, recipe)
    gap = ahead(model, dev)
    model = model.scaled(bradley_terry.temperature(gap, np.array([row.weight for row in dev])))
    model.save(out)
    more = {"personas": personas, "parent": start.name if start else None}
    return write_record(
        out, "reward", "light", recipe, rows, figures(test, ahead(model, test)).record(), more
    )


def train_group(
    rows: Sequence[BlockPreference], embedder: Embedder, recipe: GroupRecipe, out: Path, cast: Cast
) -> Record:
    """Train a group reward model into a folder; returns its record.

    Args:
        cast: whose cards say what could have been chosen instead of a directive.

    Raises:
        InputError: no rows in one of the parts.
    """
    train, dev, test = (part(rows, split) for split in ("train", "dev", "test"))
    vectors = Remembered(embedder)
    model = fit_group(train, vectors, recipe)
    # The few blocks of dev may all be told right, which would make it as sure as can be.
    known = [*train, *dev]
    gap = _crosswise(known, vectors, recipe)
    model = model.scaled(bradley_terry.temperature(gap, np.array([row.weight for row in known])))
    chosen, held_out = ([c for row in some for c in chosen_in(row, cast)] for some in (train, test))
    directives = fit_directives(chosen, recipe.directive_ridge)
    metrics = {
        **figures(test, ahead_in_blocks(model, test)).record(),
        "crosswise": figures(rows, _crosswise(rows, vectors, recipe)).record(),
        "directives": _told_right(directives, held_out),
    }
    weights = {"weights": model.weights, "directives": directives.weights}
    return write_record(out, "group-reward", "light", recipe, rows, metrics, weights)


def _told_right(model: DirectiveReward, rows: Sequence[Chosen]) -> Record:
    """By question, the share of choices whose likeliest option was taken, intervals over themes."""
    found = {question: list(told_right(model, rows, question).values()) for question in QUESTIONS}
    return {question: rounded(mean(shares)) for question, shares in found.items() if shares}


def _crosswise(rows: Sequence[BlockPreference], vectors: Remembered, recipe: GroupRecipe) -> Numbers:
    """By how much each chosen block is ahead under a model that learned from other themes only."""
    themes = sorted({row.theme for row in rows})
    lot = {theme: i % _FOLDS for i, theme in enumerate(Random(0).sample(themes, len(themes)))}
    found = np.zeros(len(rows))
    for fold in sorted(set(lot.values())):
        left = np.array([lot[row.theme] == fold for row in rows])
        others = [row for row in rows if lot[row.theme] != fold]
        model: LightGroupReward = fit_group(others, vectors, recipe)
        found[left] = ahead_in_blocks(model, [row for row in rows if lot[row.theme] == fold])
    return found


def part(rows: Sequence[_Row], split: Split) -> list[_Row]:
    """The rows of one part.

    Raises:
        InputError: there is none, or none worth more than a coin: nothing could be learned, or measured.
    """
    found = [row for row in rows if row.split == split]
    if not found:
        raise InputError(
            f"none of the {len(rows)} preferences is of the {split} part, which is one of ten themes or "
            "dialogues: preferences over more of them are needed"
        )
    if not any(row.weight for row in found):
        raise InputError(
            f"by their flip rates all {len(found)} preferences of the {split} part are thrown coins: "
            "preferences over more themes or dialogues are needed"
        )
    return found


def ahead(model: RewardModel, rows: Sequence[Preference]) -> Numbers:
    """By how much the chosen ones are ahead, shape (rows,)."""
    scores = np.array(model.score([candidate for row in rows for candidate in row.candidates]))
    return scores[::2] - scores[1::2]


def ahead_in_blocks(model: GroupRewardModel, rows: Sequence[BlockPreference]) -> Numbers:
    """By how much the chosen blocks are ahead, shape (rows,)."""
    scores = np.array(model.score([block for row in rows for block in row.blocks]))
    return scores[::2] - scores[1::2]


def write_record(
    out: Path,
    what: str,
    kind: str,
    recipe: BaseModel,
    rows: Sequence[Preference | BlockPreference],
    metrics: Record,
    more: Record,
) -> Record:
    """Write `reward.json`, the last of a reward model's files; returns what is in it."""
    counts = {split: sum(row.split == split for row in rows) for split in ("train", "dev", "test")}
    record = {
        "what": what,
        "kind": kind,
        "code": __version__,
        "recipe": recipe.model_dump(),
        "data_sha256": data_sha256(rows),
        "sources": sorted({row.source for row in rows}),
        "pairs": counts,
        "metrics": metrics,
        **more,
    }
    out.mkdir(parents=True, exist_ok=True)
    written = (out / RECORD).with_suffix(".new")
    written.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    written.replace(out / RECORD)
    return record
