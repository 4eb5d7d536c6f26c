"""A language model learns which of two is better, by TRL's loss, and is the same after it was put away."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from trl.trainer.reward_trainer import RewardTrainer

from mascot.alignment import session
from mascot.alignment.preferences import Preference
from mascot.alignment.rewards.language import Judge, LanguageReward, read_contexts
from mascot.alignment.rewards.language_training import LanguageRecipe, train_language
from mascot.alignment.rewards.load import load_reward
from mascot.alignment.sft import Base
from mascot.corpora.dialogues import DialogueTurn
from mascot.errors import ModelError
from tests.unit.alignment.support import CAST, tiny_base

RECIPE = LanguageRecipe(rank=4, alpha=8, learning_rate=1e-2, batch=4, micro_batch=4, epochs=6, dropout=0.0)


def pairs(count: int, themes: str) -> list[Preference]:
    """Questions are better than orders; `themes` is put before numbers until each part has some."""
    return [
        Preference(
            id=f"{themes}{i}",
            source="expert",
            theme=f"{themes}{i}",
            flaw="an order",
            context=(DialogueTurn(speaker="user", says=f"Day {i}."),),
            persona="anchor",
            action="ask",
            tone="calm",
            chosen=f"How was day {i}?",
            rejected=f"Forget day {i}!",
            margin=0.1 * (i % 3),
            flip_rate=0.1 * (i % 4),
        )
        for i in range(count)
    ]


def base() -> Base:
    return Base(tiny_base(), "tiny", "0")


def loss_of_trl(rewards: torch.Tensor, margin: float) -> float:
    """TRL's own loss of one pair: its trainer is given a model that has these rewards."""
    whole = SimpleNamespace(gather=lambda x: x, gather_for_metrics=lambda x: x)
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=False),
        args=SimpleNamespace(center_rewards_coefficient=None),
        accelerator=whole,
        _total_train_tokens=0,
        _metrics={"eval": defaultdict(list)},
    )
    inputs: dict[str, Any] = {"margin": torch.tensor([margin])}
    model = lambda **_: SimpleNamespace(logits=rewards.view(2, 1))  # noqa: E731
    found = RewardTrainer.compute_loss(cast(Any, trainer), cast(Any, model), inputs)
    return float(cast(torch.Tensor, found))


def test_the_loss_is_that_of_trl_weighted() -> None:
    loaded = tiny_base()
    judge = Judge(loaded, 4, 8, 0.0)
    judge.parameters[-1].data.normal_(generator=torch.Generator().manual_seed(1))
    encoded = LanguageReward(loaded, judge, CAST).encoded(pairs(6, "t"))
    both = [e for pair in encoded for e in (pair.chosen, pair.rejected)]
    contexts = read_contexts(loaded, judge, both)
    judge.learning(False)
    with torch.no_grad():
        rewards = judge.rewards(both, contexts)
        loss, count = judge.loss(encoded, contexts)
    ours = [float(judge.loss([pair], contexts)[0].detach()) / pair.weight for pair in encoded]
    for pair, reward, our in zip(encoded, rewards.view(-1, 2), ours, strict=True):
        assert our == pytest.approx(loss_of_trl(reward, pair.margin), rel=1e-4)
    assert float(loss) == pytest.approx(
        sum(o * p.weight for o, p in zip(ours, encoded, strict=True)), rel=1e-4
    )
    assert count == 6


def test_it_learns_is_measured_on_what_it_has_not_seen_and_is_the_same_after_loading(tmp_path: Path) -> None:
    rows = pairs(60, "day ")
    record = train_language(rows, base(), CAST, RECIPE, tmp_path)
    assert record["metrics"]["accuracy"]["value"] > 0.9
    assert record["pairs"]["test"] > 0
    assert record["base"]["sha256"] == "0"
    weights = (tmp_path / "reward.safetensors").stat().st_mtime_ns
    assert train_language(rows, base(), CAST, RECIPE, tmp_path) == json.loads(
        (tmp_path / "reward.json").read_text()
    )
    assert (tmp_path / "reward.safetensors").stat().st_mtime_ns == weights
    with pytest.raises(ModelError, match="trained with another recipe"):
        train_language(rows, base(), CAST, RECIPE.model_copy(update={"seed": 1}), tmp_path)
    candidates = [candidate for row in rows[:4] for candidate in row.candidates]
    loaded = [LanguageReward.load(tmp_path, tiny_base(), 4, 8, CAST) for _ in range(2)]
    scores = loaded[0].score(candidates)
    assert scores == pytest.approx(loaded[1].score(candidates[::-1])[::-1], abs=1e-3)
    assert all(good > bad for good, bad in zip(scores[::2], scores[1::2], strict=True))


def test_a_reward_model_of_another_base_is_refused(tmp_path: Path) -> None:
    loaded = tiny_base()
    LanguageReward(loaded, Judge(loaded, 4, 8, 0.0), CAST).save(tmp_path)
    with pytest.raises(ModelError, match="another base model, or has another rank"):
        LanguageReward.load(tmp_path, tiny_base(), 8, 8, CAST)
    with pytest.raises(ModelError, match="no readable reward model"):
        LanguageReward.load(tmp_path / "elsewhere", tiny_base(), 4, 8, CAST)


def test_it_comes_back_on_its_own_base_and_on_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_language(pairs(30, "day "), base(), CAST, RECIPE.model_copy(update={"epochs": 1}), tmp_path)
    monkeypatch.setattr(session, "embedded_base", lambda models, device: base())
    scores = load_reward(tmp_path, tmp_path, CAST).score(pairs(1, "day ")[0].candidates)
    assert len(scores) == 2
    monkeypatch.setattr(session, "embedded_base", lambda models, device: Base(tiny_base(), "tiny", "1"))
    with pytest.raises(ModelError, match="was trained for the base tiny, and this is another file"):
        load_reward(tmp_path, tmp_path, CAST)
