"""One adapter that learns from rewards of its acts, beside others that share the same student.

Adapters take turns in the student; each has its own optimiser over the same parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.grpo import divergence, grpo_losses
from mascot.alignment.policy import Act, log_probabilities
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.student import Student

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Played:
    """Acts, how much better each was than the others of its group, and what has read their contexts."""

    acts: Sequence[Act]
    advantages: Sequence[float]
    contexts: Contexts

    def cut(self, size: int) -> list[Played]:
        """Pieces of at most so many acts, those of a length together; acts without a choice are left out."""
        free = [i for i, act in enumerate(self.acts) if any(a is None or len(a) > 1 for a in act.allowed)]
        free.sort(key=lambda i: len(self.acts[i].tail))
        pieces = [free[i : i + size] for i in range(0, len(free), size)]
        return [
            Played([self.acts[i] for i in some], [self.advantages[i] for i in some], self.contexts)
            for some in pieces
        ]


class PolicyLearner:
    """An adapter under GRPO.

    Args:
        start: the weights it begins with, and the reference that it stays near.
        rate: learning rate.
        beta: weight of the divergence from the reference.
    """

    def __init__(
        self, name: str, student: Student, start: Weights, recipe: PolicyRecipe, rate: float, beta: float
    ) -> None:
        self.name, self.weights, self.reference = name, start, start
        self._student, self._recipe, self._beta = student, recipe, beta
        self._optimiser = torch.optim.AdamW(student.parameters, lr=rate, weight_decay=0.0)

    def awake(self) -> Student:
        """The student with this adapter as it is now."""
        self._student.take(self.weights)
        self._student.learning(False)
        return self._student

    def update(self, played: Sequence[Played]) -> dict[str, float]:
        """Learn from acts that the present weights drew.

        Returns:
            `kl`: mean divergence per token before the update, nats; `clipped`: share of tokens whose ratio
            had left the bounds; `gradient`: its length. Nothing where there was nothing to choose.
        """
        parts = [piece for one in played for piece in one.cut(self._recipe.micro_batch)]
        if not parts:
            return {}
        self._student.learning(False)
        self._student.take(self.reference)
        reference = self._known(parts)
        self._student.take(self.weights)
        before = self._known(parts) if self._recipe.passes > 1 else None
        figures: dict[str, float] = {}
        for number in range(self._recipe.passes):
            figures |= self._step(parts, before, reference, first=number == 0)
        self.weights = self._student.weights()
        return figures

    def state(self) -> dict[str, Any]:
        """What a checkpoint has to hold."""
        return {"weights": self.weights, "optimiser": self._optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._student.take(state["weights"])
        self.weights = self._student.weights()
        self._optimiser.load_state_dict(state["optimiser"])

    @torch.no_grad()
    def _known(self, parts: Sequence[Played]) -> list[torch.Tensor]:
        return [self._now(part)[0] for part in parts]

    def _now(self, part: Played) -> tuple[torch.Tensor, torch.Tensor]:
        return log_probabilities(self._student, part.acts, part.contexts, self._recipe.temperature)

    def _step(
        self,
        parts: Sequence[Played],
        before: Sequence[torch.Tensor] | None,
        reference: Sequence[torch.Tensor],
        first: bool,
    ) -> dict[str, float]:
        recipe, total = self._recipe, sum(len(known) for known in reference)
        apart, clipped = 0.0, 0.0
        for i, part in enumerate(parts):
            now, owners = self._now(part)
            old = now.detach() if before is None else before[i]
            advantage = torch.tensor(part.advantages, device=now.device)[owners]
            losses = grpo_losses(now, old, reference[i], advantage, recipe.clip, self._beta)
            (losses.sum() / total).backward()
            with torch.no_grad():
                apart += float(divergence(now, reference[i]).sum())
                clipped += float(((now - old).exp() - 1).abs().gt(recipe.clip).sum())
        length = torch.nn.utils.clip_grad_norm_(self._student.parameters, recipe.longest_gradient)
        self._optimiser.step()
        self._optimiser.zero_grad()
        kl = {"kl": apart / total} if first else {}
        return {**kl, "clipped": clipped / total, "gradient": float(length)}
