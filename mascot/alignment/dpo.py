"""Direct preference optimisation of one persona: the cheaper way to stage 1, without drawing or reward model.

Pairs come from any source of preferences. Both replies of a pair stand over the same context, which is read
once; the reference's word on them is taken once, before anything is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mascot.alignment.contexts import Contexts
from mascot.alignment.grpo import dpo_losses
from mascot.alignment.preferences import Preference
from mascot.alignment.student import Student
from mascot.alignment.tokens import Encoded, Encoder
from mascot.conversation.personas import Cast


@dataclass(frozen=True)
class Pair:
    """Two replies in one place as tokens."""

    chosen: Encoded
    rejected: Encoded
    flip_rate: float
    """Probability that it is the wrong way round."""

    @property
    def tail(self) -> tuple[int, ...]:
        """The longer one's tokens."""
        return max(self.chosen.tail, self.rejected.tail, key=len)

    @property
    def learned(self) -> int:
        """One preference."""
        return 1


def encoded_pair(row: Preference, cast: Cast, encode: Encoder) -> Pair:
    """A preference as tokens."""
    chosen, rejected = (encode(c.sample(cast, row.id)) for c in row.candidates)
    return Pair(chosen, rejected, row.flip_rate)


class DpoLearner:
    """A student that learns from pairs; for `Trainer`.

    Args:
        beta: how much of a difference in log-probability counts as one of reward.
    """

    def __init__(self, student: Student, beta: float) -> None:
        self._student, self._beta = student, beta
        self._reference: dict[Pair, float] = {}

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        return self._student.parameters

    def learning(self, yes: bool) -> None:
        self._student.learning(yes)

    def weights(self) -> dict[str, torch.Tensor]:
        return self._student.weights()

    def take(self, weights: dict[str, torch.Tensor]) -> None:
        self._student.take(weights)

    @torch.no_grad()
    def refer(self, pairs: Sequence[Pair], contexts: Contexts, at_once: int) -> None:
        """Take the student as it is now for the reference of these pairs."""
        self._student.learning(False)
        for i in range(0, len(pairs), at_once):
            part = pairs[i : i + at_once]
            self._reference.update(zip(part, self._ahead(part, contexts).tolist(), strict=True))

    def loss(self, batch: Sequence[Pair], contexts: Contexts) -> tuple[torch.Tensor, int]:
        """Sum of the losses of the pairs, and how many they are."""
        ahead = self._ahead(batch, contexts)
        reference = torch.tensor([self._reference[pair] for pair in batch], device=ahead.device)
        flips = torch.tensor([pair.flip_rate for pair in batch], device=ahead.device)
        return dpo_losses(ahead, reference, self._beta, flips).sum(), len(batch)

    def _ahead(self, pairs: Sequence[Pair], contexts: Contexts) -> torch.Tensor:
        """Log-probability of the chosen replies less that of the rejected ones, nats, (pairs,)."""
        sides = [pair.chosen for pair in pairs] + [pair.rejected for pair in pairs]
        chosen, rejected = reply_log_probabilities(self._student, sides, contexts).chunk(2)
        return chosen - rejected


def reply_log_probabilities(student: Student, replies: Sequence[Encoded], contexts: Contexts) -> torch.Tensor:
    """Log-probability of each reply as a whole, nats, (replies,)."""
    tails = student.hidden(replies, contexts)
    logits = student.base.lm_head(tails.states[:, :-1][tails.learned[:, 1:]]).float()
    said = tails.ids[tails.learned]
    tokens = logits.gather(1, said[:, None])[:, 0] - logits.logsumexp(1)
    owners = torch.tensor([i for i, e in enumerate(replies) for _ in range(e.learned)], device=tokens.device)
    return torch.zeros(len(replies), device=tokens.device).index_add(0, owners, tokens)
