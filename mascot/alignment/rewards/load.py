"""Reward models back from their folders, whatever kind they are of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mascot.alignment.rewards.group import LightGroupReward
from mascot.alignment.rewards.light import LightReward
from mascot.alignment.rewards.model import RECORD, GroupRewardModel, RewardModel
from mascot.conversation.personas import Cast
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import ModelError


def load_reward(folder: Path, models: Path, cast: Cast, device: str = "cpu") -> RewardModel:
    """The reward model that `align reward` left in a folder.

    Args:
        models: where the embedded models are.
        device: for those that are language models; light ones embed on the CPU.

    Raises:
        ModelError: there is none, it is damaged, or of another base model than the embedded one.
    """
    record = read_record(folder, "reward")
    if record["kind"] == "light":
        return LightReward.load(folder, MiniLM(models / EMBEDDED_EMBEDDER), record["personas"])
    from mascot.alignment.rewards.language import LanguageReward
    from mascot.alignment.session import embedded_base

    base = embedded_base(models, device)
    if record["base"]["sha256"] != base.sha256:
        raise ModelError(
            f"{folder} was trained for the base {record['base']['name']}, and this is another file"
        )
    recipe = record["recipe"]
    return LanguageReward.load(folder, base.loaded, recipe["rank"], recipe["alpha"], cast)


def load_group_reward(folder: Path, models: Path) -> GroupRewardModel:
    """The group reward model that `align group-reward` left in a folder; as `load_reward`."""
    return LightGroupReward.load(read_record(folder, "group-reward"), MiniLM(models / EMBEDDED_EMBEDDER))


def read_record(folder: Path, what: str, kind: str = "") -> dict[str, Any]:
    """What stands in a reward model's record.

    Args:
        kind: the only one that will do; empty: any.

    Raises:
        ModelError: there is none, it is damaged, or of another thing than `what`, or another kind.
    """
    try:
        record = dict(json.loads((folder / RECORD).read_text("utf-8")))
    except OSError:
        raise ModelError(f"{folder} has no {RECORD}: no training of a reward has finished there") from None
    except (ValueError, TypeError):
        raise ModelError(f"{folder / RECORD} is damaged: train the reward model anew") from None
    if record.get("what") != what:
        raise ModelError(f"{folder} holds a {record.get('what')} and not a {what}: name another folder")
    if kind and record.get("kind") != kind:
        raise ModelError(f"{folder} holds a {record.get('kind')} {what}, and a {kind} one is needed")
    return record
