"""A language model learns which of two is better, by TRL's loss, and is the same after it was put away."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import torch
from trl.trainer.reward_trainer import RewardTrainer

from mascot.alignment.preferences import Preference
from mascot.alignment.rewards.language import Judge, LanguageReward, read_contexts
from mascot.alignment.rewards.language_training import LanguageRecipe, train_language
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
    # TRL's own lines: what stands in `compute_loss` between the model's answer and the mean.
    source = inspect.getsource(RewardTrainer.compute_loss)
    assert '-nn.functional.logsigmoid(rewards_chosen - rewards_rejected - inputs["margin"]).mean()' in source
    chosen, rejected = rewards[::2], rewards[1::2]
    margins = torch.tensor([pair.margin for pair in encoded])
    theirs = -torch.nn.functional.logsigmoid(chosen - rejected - margins)
    assert ours == pytest.approx(theirs.tolist(), rel=1e-4)
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
