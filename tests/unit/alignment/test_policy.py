"""What a student draws has the probability that it is learned with; formulas agree with TRL's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.grpo import advantages, dpo_losses, grpo_losses
from mascot.alignment.policy import Act, Drawing, Start, draw, log_probabilities
from mascot.alignment.student import Student
from mascot.engines.tries import weigh
from mascot.errors import ModelError
from tests.fixtures.tiny_llama import IM_END, TINY_INVOCATION, tiny_llama, tokens

HOW = Drawing(temperature=1.0, limit=12, ends=frozenset({IM_END}))


def ids(text: str) -> tuple[int, ...]:
    return tuple(tokens(text))


CONTEXTS = (ids("One talk."), ids("Another, longer talk."))


class Speaking:
    """A student with an adapter that does something, and contexts it has read."""

    def __init__(self, tmp_path: Path) -> None:
        self.model = tiny_llama()
        self.student = Student(self.model, 4, 8, 0.0)
        torch.manual_seed(5)
        self.student.take({k: 0.1 * torch.randn_like(w) for k, w in self.student.weights().items()})
        self.student.learning(False)
        self.contexts = Contexts(self.model, tmp_path / "scratch", CONTEXTS, torch.float32)
        with self.student.resting():
            list(self.contexts.read())

    def draw(self, starts: list[Start], how: Drawing = HOW, seed: int = 1) -> list[Act]:
        return draw(self.student, self.contexts, starts, how, torch.Generator().manual_seed(seed))

    def logits(self, context: tuple[int, ...], tail: tuple[int, ...]) -> torch.Tensor:
        """After each token of the tail; the context read without the adapter, all in one go."""
        with torch.no_grad(), self.student.resting():
            before = self.model(input_ids=torch.tensor([context]), use_cache=True).past_key_values
        with torch.no_grad():
            return self.model(input_ids=torch.tensor([tail]), past_key_values=before).logits[0]


@pytest.fixture
def speaking(tmp_path: Path) -> Speaking:
    return Speaking(tmp_path)


def test_drawn_tokens_have_the_probability_of_the_model_without_tricks(speaking: Speaking) -> None:
    acts = speaking.draw(
        [Start(c, (*TINY_INVOCATION, *ids(more))) for c in CONTEXTS for more in ("", "Oh, ")]
    )
    found, owners = log_probabilities(speaking.student, acts, speaking.contexts, 1.0)
    assert all(act.learned == 12 or act.ended for act in acts)
    for i, act in enumerate(acts):
        along = speaking.logits(act.context, act.tail)[-act.learned - 1 : -1].log_softmax(-1)
        expected = along.gather(1, torch.tensor(act.said)[:, None])[:, 0]
        assert torch.allclose(found[owners == i].detach(), expected, atol=1e-4)


def test_the_most_likely_tokens_are_drawn_when_it_is_cold(speaking: Speaking) -> None:
    cold = Drawing(temperature=1e-4, limit=6, ends=HOW.ends)
    (act,) = speaking.draw([Start(CONTEXTS[0], TINY_INVOCATION)], cold)
    along = speaking.logits(act.context, act.tail)[-act.learned - 1 : -1]
    assert act.said == tuple(along.argmax(-1).tolist())


def test_drawing_leaves_the_base_as_it_was_to_the_bit(speaking: Speaking) -> None:
    before = {k: v.clone() for k, v in speaking.model.state_dict().items()}
    speaking.draw([Start(CONTEXTS[0], TINY_INVOCATION)])
    assert all(torch.equal(v, before[k]) for k, v in speaking.model.state_dict().items())


def test_choices_come_as_often_as_constrained_decoding_weighs_them(speaking: Speaking) -> None:
    options = (ids(" Ann"), ids(" Anne-Marie"), ids(" Bob"), ids(" the person"))
    with pytest.raises(ModelError, match="word them differently"):
        speaking.draw([Start(CONTEXTS[0], TINY_INVOCATION, options)] * 200)
    options = (ids(" Ann."), *options[1:])
    acts = speaking.draw([Start(CONTEXTS[0], TINY_INVOCATION, options)] * 600)

    def shares(path: list[int], among: list[int]) -> list[float]:
        logits = speaking.logits(CONTEXTS[0], (*TINY_INVOCATION, *path))[-1]
        return logits[among].softmax(-1).tolist()

    weights = weigh(options, shares)
    for i, weight in enumerate(weights):
        often = sum(act.choice == i for act in acts) / len(acts)
        assert often == pytest.approx(weight, abs=4 * (weight * (1 - weight) / len(acts)) ** 0.5 + 1e-3)
    for act in acts[:20]:
        found, _ = log_probabilities(speaking.student, [act], speaking.contexts, 1.0)
        assert act.choice is not None
        assert float(found.sum().detach().exp()) == pytest.approx(weights[act.choice], rel=1e-3)


def test_a_token_that_had_to_come_teaches_nothing(speaking: Speaking) -> None:
    start = Start(CONTEXTS[0], TINY_INVOCATION, (ids("xyz-a"), ids("xyz-b")))
    (act,) = speaking.draw([start])
    assert act.learned == 5
    assert len(log_probabilities(speaking.student, [act], speaking.contexts, 1.0)[0]) == 1


def test_advantages_compare_within_a_group_only() -> None:
    found = advantages(torch.tensor([[1.0, 3.0], [101.0, 103.0], [7.0, 7.0]]))
    assert torch.allclose(found[0], found[1])
    assert torch.equal(found[2], torch.zeros(2))
    assert found[0, 1] == pytest.approx(2**-0.5, rel=1e-3)


class _Fixed:
    """Stands for a model of TRL's whose log-probabilities are given."""

    def __init__(self, kind: Any, **settings: Any) -> None:
        self.__dict__.update(settings)
        self.kind = kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind, name).__get__(self)


def test_grpo_is_trls_on_the_same_tensors() -> None:
    grpo = pytest.importorskip("trl.trainer.grpo_trainer").GRPOTrainer
    torch.manual_seed(3)
    lengths = torch.tensor([5, 3, 4, 1])
    mask = (torch.arange(5) < lengths[:, None]).int()
    now = (-torch.rand(4, 5) * 3).requires_grad_()
    before, reference = (now.detach() + 0.3 * torch.randn(4, 5) for _ in range(2))
    gains = torch.tensor([1.0, -1.0, 0.5, -0.5])
    trainer = _of_trl(grpo, now)
    theirs = trainer._compute_loss(
        None,
        {
            "prompt_ids": torch.zeros(4, 1), "prompt_mask": torch.ones(4, 1),
            "completion_ids": torch.zeros(4, 5), "completion_mask": mask, "advantages": gains,
            "old_per_token_logps": before, "ref_per_token_logps": reference,
        },
    )  # fmt: skip
    (expected,) = torch.autograd.grad(theirs, now)
    there = mask.bool()
    advantage = gains[:, None].expand(4, 5)[there]
    losses = grpo_losses(now[there], before[there], reference[there], advantage, 0.2, 0.04)
    (gradient,) = torch.autograd.grad(losses.sum() / len(losses), now)
    assert float((losses.sum() / len(losses)).detach()) == pytest.approx(float(theirs.detach()), rel=1e-5)
    assert torch.allclose(gradient, expected, atol=1e-7)


def _of_trl(grpo: Any, now: torch.Tensor) -> Any:
    """A GRPOTrainer reduced to its loss: TRL's own `_compute_loss`, over log-probabilities that are given."""
    from collections import defaultdict
    from types import SimpleNamespace

    accelerator = SimpleNamespace(num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x)
    trainer: Any = _Fixed(
        grpo, accelerator=accelerator, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", beta=0.04, loss_type="bnpo", epsilon_low=0.2, epsilon_high=0.2,
        args=SimpleNamespace(use_bias_correction_kl=False, delta=None), use_vllm=False,
        aux_loss_enabled=False, aux_loss_coef=0.0, current_gradient_accumulation_steps=1,
        model=SimpleNamespace(training=True), _entropy_bonus_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
    )  # fmt: skip
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (now, torch.zeros_like(now), None)
    return trainer


def test_dpo_is_the_formula_and_a_coins_throw_pulls_to_nothing() -> None:
    ahead = torch.tensor([2.0, -1.0], requires_grad=True)
    reference = torch.tensor([0.5, 0.5])
    sure = dpo_losses(ahead, reference, 0.1, torch.zeros(2))
    assert torch.allclose(sure, -torch.nn.functional.logsigmoid(0.1 * (ahead - reference)))
    coin = dpo_losses(ahead, reference, 0.1, torch.full((2,), 0.5))
    (pull,) = torch.autograd.grad(coin.sum(), ahead)
    assert pull[0] > 0 > pull[1]
