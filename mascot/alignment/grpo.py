"""Group relative policy optimisation, and direct preference optimisation: the formulas alone.

GRPO: Shao et al. 2024 (DeepSeekMath, arXiv 2402.03300), eq. 3 and 4; mean over all tokens of a step as in
DAPO (Yu et al. 2025, arXiv 2503.14476), so that a token counts the same in a long act and a short one.
DPO: Rafailov et al. 2023 (arXiv 2305.18290), eq. 7. Tests hold both against TRL's on the same tensors.
"""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

_STEADY = 1e-4
"""Keeps the advantages of a group finite in which all rewards are about the same; TRL's value."""


def advantages(rewards: torch.Tensor) -> torch.Tensor:
    """How much better each reward is than its group's: (r - mean) / (deviation + 1e-4).

    Args:
        rewards: (groups, acts of a group, at least 2).
    """
    return (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + _STEADY)


def divergence(now: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """KL from the reference for tokens drawn from the policy, by the estimator k3 of Schulman (2020):
    unbiased, and never negative.

    Args:
        now, reference: log-probabilities of the tokens, (tokens,).
    """
    ahead = reference - now
    return ahead.exp() - ahead - 1


def grpo_losses(
    now: torch.Tensor,
    before: torch.Tensor,
    reference: torch.Tensor,
    advantage: torch.Tensor,
    clip: float,
    beta: float,
) -> torch.Tensor:
    """Loss of each token.

    Args:
        now: log-probabilities of the tokens under the policy that learns, (tokens,).
        before: under the policy that drew them.
        reference: under the policy that it should stay near.
        advantage: of the act that each token belongs to.
        clip: by how much the ratio of now and before may leave 1 and still count.
        beta: weight of the divergence.
    """
    ratio = (now - before).exp()
    gain = torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    return beta * divergence(now, reference) - gain


def dpo_losses(
    ahead: torch.Tensor, reference: torch.Tensor, beta: float, flip_rate: torch.Tensor
) -> torch.Tensor:
    """Loss of each pair.

    A label that is the wrong way round with a known probability counts as that much of both (Mitchell 2023,
    "A note on DPO with noisy preferences"): the best score is then finite, and nil for a coin's throw.

    Args:
        ahead: log-probability of the chosen reply less that of the rejected one, (pairs,).
        reference: the same under the reference.
        flip_rate: probability that the label is wrong, 0 to 0.5, (pairs,).
    """
    score = beta * (ahead - reference)
    return -(1 - flip_rate) * logsigmoid(score) - flip_rate * logsigmoid(-score)
