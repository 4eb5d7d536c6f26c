"""A language model as reward model: a frozen base, a low-rank adapter, a number read off the last token.

As in supervised fine-tuning the context is read once under the base alone and only tails are learned. It has
the protocol of a `trainer.Learner`, so a run stops, resumes and keeps its best weights as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn.functional import logsigmoid

from mascot.alignment.contexts import Contexts
from mascot.alignment.preferences import Candidate, Preference
from mascot.alignment.student import Student
from mascot.alignment.tokens import Encoded, Encoder
from mascot.alignment.writing import writing
from mascot.conversation.personas import Cast
from mascot.engines.hf_load import Loaded
from mascot.errors import ModelError

WEIGHTS: Final = "reward.safetensors"
_HEAD: Final = "head"
_AT_ONCE = 64
"""Candidates that are scored together."""


@dataclass(frozen=True)
class EncodedPair:
    """A preference as tokens."""

    chosen: Encoded
    rejected: Encoded
    margin: float
    weight: float
    learned: int = 1
    """One preference."""

    @property
    def tail(self) -> Sequence[int]:
        """The longer one."""
        return max(self.chosen.tail, self.rejected.tail, key=len)


class Judge:
    """The model that learns: an adapter and a head over a frozen base.

    Args:
        base: it is wrapped in place.
    """

    def __init__(self, base: Loaded, rank: int, alpha: int, dropout: float) -> None:
        self._student = Student(base.model, rank, alpha, dropout)
        width = base.model.get_input_embeddings().weight.shape[1]  # type: ignore[union-attr]
        self._head = torch.nn.Parameter(torch.zeros(int(width), device=base.model.device))
        self.resting = self._student.resting

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """What is trained."""
        return [*self._student.parameters, self._head]

    def learning(self, yes: bool) -> None:
        """Switch dropout on or off."""
        self._student.learning(yes)

    def renew(self) -> None:
        """Begin again with an adapter that changes nothing, and a head that finds everything alike."""
        self._student.renew()
        self._head.data.zero_()

    def rewards(self, batch: Sequence[Encoded], contexts: Contexts) -> torch.Tensor:
        """Shape (batch,): of each the last token's state, weighed by the head."""
        states = self._student.hidden(batch, contexts).states
        last = torch.tensor([len(e.tail) - 1 for e in batch], device=states.device)
        return states[torch.arange(len(batch), device=states.device), last].float() @ self._head

    def loss(self, batch: Sequence[EncodedPair], contexts: Contexts) -> tuple[torch.Tensor, int]:
        """Sum of the weighted Bradley-Terry losses (nats), and how many pairs these are."""
        both = [e for pair in batch for e in (pair.chosen, pair.rejected)]
        rewards = self.rewards(both, contexts)
        margins = torch.tensor([pair.margin for pair in batch], device=rewards.device)
        weights = torch.tensor([pair.weight for pair in batch], device=rewards.device)
        return -(weights * logsigmoid(rewards[::2] - rewards[1::2] - margins)).sum(), len(batch)

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of adapter and head."""
        return {**self._student.weights(), _HEAD: self._head.detach().clone()}

    def take(self, weights: dict[str, torch.Tensor]) -> None:
        """Put these weights in their place.

        Raises:
            ModelError: they are of another base model, or another rank.
        """
        head = weights.get(_HEAD)
        if head is None or head.shape != self._head.shape:
            raise ModelError("this reward model was made for another base model")
        self._student.take({name: tensor for name, tensor in weights.items() if name != _HEAD})
        self._head.data.copy_(head)


class LanguageReward:
    """The reward model. See `mascot.alignment.rewards.model.RewardModel`."""

    def __init__(self, base: Loaded, judge: Judge, cast: Cast, factor: float = 1.0) -> None:
        self._base, self._judge, self._cast, self._factor = base, judge, cast, factor
        self._encode = Encoder(base)

    def encoded(self, rows: Sequence[Preference]) -> list[EncodedPair]:
        """Preferences as tokens."""
        return [
            EncodedPair(
                self._encode(row.candidates[0].sample(self._cast, row.id)),
                self._encode(row.candidates[1].sample(self._cast, row.id)),
                row.margin,
                row.weight,
            )
            for row in rows
        ]

    def score(self, candidates: Sequence[Candidate]) -> list[float]:
        """The reward of each candidate; every context is read once."""
        if not candidates:
            return []
        encoded = [self._encode(candidate.sample(self._cast)) for candidate in candidates]
        with torch.no_grad():
            contexts = read_contexts(self._base, self._judge, encoded)
            return self.score_encoded(encoded, contexts)

    @torch.no_grad()
    def score_encoded(self, encoded: Sequence[Encoded], contexts: Contexts) -> list[float]:
        """The same of candidates as tokens, whose contexts were read."""
        self._judge.learning(False)
        parts = [encoded[i : i + _AT_ONCE] for i in range(0, len(encoded), _AT_ONCE)]
        return [self._factor * float(r) for part in parts for r in self._judge.rewards(part, contexts)]

    def scaled(self, factor: float) -> LanguageReward:
        """The same with every reward times a factor."""
        return LanguageReward(self._base, self._judge, self._cast, self._factor * factor)

    def save(self, folder: Path) -> None:
        """Write adapter and head in half precision; the factor is in the head."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = self._judge.weights()
        weights[_HEAD] = weights[_HEAD] * self._factor
        with writing(folder / WEIGHTS):
            save_file({k: v.half().contiguous().cpu() for k, v in weights.items()}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path, base: Loaded, rank: int, alpha: int, cast: Cast) -> LanguageReward:
        """The model in a folder.

        Raises:
            ModelError: it is not there, damaged, or of another base model.
        """
        try:
            weights = load_file(folder / WEIGHTS)
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{folder} holds no readable reward model ({type(error).__name__})") from None
        judge = Judge(base, rank, alpha, 0.0)
        judge.take({name: tensor.float().to(base.model.device) for name, tensor in weights.items()})
        return cls(base, judge, cast)


def read_contexts(
    base: Loaded,
    judge: Judge,
    encoded: Sequence[Encoded],
    watch: Callable[[int, int], None] | None = None,
) -> Contexts:
    """The contexts of these, read under the base alone; `watch(tokens so far, of)` is told how it goes."""
    with NamedTemporaryFile(prefix=".contexts-") as scratch:
        # The file goes at once and its memory stays: whatever ends this process, nothing is left behind.
        contexts = Contexts(base.model, Path(scratch.name), (e.context for e in encoded))
    read = 0
    with judge.resting():
        for tokens in contexts.read():
            read += tokens
            if watch:
                watch(read, contexts.tokens)
    return contexts
