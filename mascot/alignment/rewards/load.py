"""Reward models back from their folders, whatever kind they are of."""

from __future__ import annotations

from pathlib import Path

from mascot.alignment.rewards.directives import DirectiveReward
from mascot.alignment.rewards.group import LightGroupReward
from mascot.alignment.rewards.light import LightReward
from mascot.alignment.rewards.model import GroupRewardModel, RewardModel
from mascot.alignment.rewards.record import read_record
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
    if record.base is None:
        return LightReward.load(folder, MiniLM(models / EMBEDDED_EMBEDDER), record.personas)
    from mascot.alignment.rewards.language import LanguageReward
    from mascot.alignment.session import embedded_base

    base = embedded_base(models, device)
    if record.base.sha256 != base.sha256:
        raise ModelError(f"{folder} was trained for the base {record.base.name}, and this is another file")
    return LanguageReward.load(folder, base.loaded, record.recipe["rank"], record.recipe["alpha"], cast)


def load_group_reward(folder: Path, models: Path) -> GroupRewardModel:
    """What a block is worth, by what `align group-reward` left in a folder; as `load_reward`."""
    record = read_record(folder, "group-reward")
    return LightGroupReward.load(record.weights, MiniLM(models / EMBEDDED_EMBEDDER))


def load_directive_reward(folder: Path) -> DirectiveReward:
    """What a directive is worth, by the same; as `load_reward`."""
    return DirectiveReward.load(read_record(folder, "group-reward").directives)
