"""A student that acts: it draws what follows a context, and says how likely it was.

An act is a piece of an answer: an utterance, or a choice among a few texts by constrained decoding, at each
token only among those still possible, as the director chooses in a live conversation (`engines.tries`).
Both are tokens with a probability each, so both are learned in the same way. What others have said stands
in the context, which is read without a gradient and never learned: their tokens are masked by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers.cache_utils import DynamicCache

from mascot.alignment.contexts import Contexts, Ids
from mascot.alignment.student import Student
from mascot.errors import ModelError


@dataclass(frozen=True)
class Start:
    """Where an act begins."""

    context: Ids
    """Everything before the invocation."""
    tail: Ids
    """The invocation, and what of the answer stands already."""
    options: tuple[Ids, ...] = ()
    """What is chosen from, two or more; none: anything can be said."""


@dataclass(frozen=True)
class Act:
    """What was drawn."""

    context: Ids
    tail: Ids
    """Up to the last token drawn."""
    learned: int
    """So many of the last tokens were drawn."""
    allowed: tuple[Ids | None, ...]
    """For each token drawn, those it was drawn from; None: all there are."""
    ended: bool
    """Whether it came to an end by itself."""
    choice: int | None = None
    """Which of the options."""

    @property
    def said(self) -> Ids:
        """The tokens drawn."""
        return self.tail[len(self.tail) - self.learned :]


@dataclass(frozen=True)
class Drawing:
    """How acts are drawn."""

    temperature: float
    limit: int
    """Most tokens of an act."""
    ends: frozenset[int]
    """Tokens that end what is said freely; the end is part of the act."""


class _Row:
    """An act while it is drawn."""

    def __init__(self, start: Start, ends: frozenset[int]) -> None:
        self._start, self._ends = start, ends
        self._said: list[int] = []
        self._allowed: list[Ids | None] = []
        self._alive = list(range(len(start.options)))
        self.done = False

    def may(self) -> Ids | None:
        """The tokens that can come next."""
        if self.done or not self._alive:
            return None
        options, at = self._start.options, len(self._said)
        if any(len(options[i]) == at for i in self._alive):
            raise ModelError("this model's tokens cannot tell the options apart: word them differently")
        return tuple(sorted({options[i][at] for i in self._alive}))

    def take(self, token: int, allowed: Ids | None) -> None:
        """One more token."""
        self._said.append(token)
        self._allowed.append(allowed)
        at = len(self._said)
        self._alive = [i for i in self._alive if self._start.options[i][at - 1] == token]
        self.done = len(self._alive) == 1 or token in self._ends

    def act(self) -> Act:
        return Act(
            self._start.context,
            (*self._start.tail, *self._said),
            len(self._said),
            tuple(self._allowed),
            self.done,
            self._alive[0] if self._alive else None,
        )


@torch.no_grad()
def draw(
    student: Student, contexts: Contexts, starts: Sequence[Start], how: Drawing, generator: torch.Generator
) -> list[Act]:
    """One act for each start, all drawn side by side.

    Args:
        contexts: has read those of all starts.
        generator: on the model's device.
    """
    rows = [_Row(start, how.ends) for start in starts]
    with student.merged():
        cache, before = contexts.batch([start.context for start in starts])
        lengths = torch.tensor([len(start.tail) for start in starts])
        ids = torch.zeros(len(starts), int(lengths.max()), dtype=torch.long)
        present = torch.zeros_like(ids)
        for i, start in enumerate(starts):
            ids[i, : len(start.tail)] = torch.tensor(start.tail)
            present[i, : len(start.tail)] = 1
        ids, present, lengths = (x.to(before.device) for x in (ids, present, lengths))
        mask = torch.cat([before, present], 1)
        at = before.sum(1) + lengths
        positions = before.sum(1, keepdim=True) + torch.arange(ids.shape[1], device=ids.device)
        states = _read(student, ids, mask, positions, cache)[torch.arange(len(starts)), lengths - 1]
        for _ in range(how.limit):
            may = [row.may() for row in rows]
            logits = _among(student.base.lm_head(states).float() / how.temperature, may)
            drawn = torch.multinomial(logits.softmax(-1), 1, generator=generator)
            for row, token, allowed in zip(rows, drawn[:, 0].tolist(), may, strict=True):
                if not row.done:
                    row.take(token, allowed)
            if all(row.done for row in rows):
                break
            mask = torch.cat([mask, torch.ones_like(mask[:, :1])], 1)
            states = _read(student, drawn, mask, at[:, None], cache)[:, -1]
            at = at + 1
    return [row.act() for row in rows]


def log_probabilities(
    student: Student, acts: Sequence[Act], contexts: Contexts, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of every token of the acts at which there was a choice: its log-probability among what was allowed.

    Returns:
        Log-probabilities in nats, (tokens,), and the index of the act that each belongs to, (tokens,).
    """
    allowed = [tokens for act in acts for tokens in act.allowed]
    owners = torch.tensor([i for i, act in enumerate(acts) for _ in act.allowed])
    free = torch.tensor([tokens is None or len(tokens) > 1 for tokens in allowed])
    tails = student.hidden(acts, contexts)
    free, owners = free.to(tails.ids.device), owners.to(tails.ids.device)
    states = tails.states[:, :-1][tails.learned[:, 1:]][free]
    said = tails.ids[tails.learned][free]
    logits = student.base.lm_head(states).float() / temperature
    chosen_from = [tokens for tokens in allowed if tokens is None or len(tokens) > 1]
    logits = _among(logits, chosen_from)
    return logits.gather(1, said[:, None])[:, 0] - logits.logsumexp(1), owners[free]


def _read(
    student: Student, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: DynamicCache
) -> torch.Tensor:
    return student.base.model(
        input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True
    ).last_hidden_state


def _among(logits: torch.Tensor, allowed: Sequence[Ids | None]) -> torch.Tensor:
    """Logits with all but the allowed tokens of each row out of the question."""
    bound = [i for i, tokens in enumerate(allowed) if tokens is not None]
    if not bound:
        return logits
    barred = torch.zeros(logits.shape, dtype=torch.bool)
    barred[bound] = True
    for i in bound:
        barred[i, list(allowed[i] or ())] = False
    return logits.masked_fill(barred.to(logits.device), -torch.inf)
