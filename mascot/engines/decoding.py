"""Tokens in, tokens out: what a decode loop needs besides the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from mascot.engines.base import REPEAT_WINDOW, Sampling

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Detokenizer:
    """Text out of tokens as they come; a character of several tokens appears when it is complete."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, before: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        # Some tokenizers drop the space that begins a text: decode with a few tokens of what came before.
        self._ids = list(before[-8:])
        self._start, self._said = 0, len(self._ids)

    def add(self, token: int) -> str:
        """The text that this token completes."""
        self._ids.append(token)
        new = self._new_text()
        if new.endswith("\ufffd"):
            return ""
        self._start, self._said = self._said, len(self._ids)
        return new

    def rest(self) -> str:
        """What is left at the end, without a character that was never completed."""
        return self._new_text().rstrip("\ufffd")

    def _new_text(self) -> str:
        before = self._decode(self._ids[self._start : self._said])
        return self._decode(self._ids[self._start :])[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        text = self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text


def draw(logits: torch.Tensor, seen: Sequence[int], sampling: Sampling, generator: torch.Generator) -> int:
    """The next token: penalty, nucleus, least probability, temperature, in llama.cpp's order.

    Args:
        logits: one value per token of the vocabulary.
        seen: all tokens so far, prompt included.
    """
    if sampling.repeat_penalty != 1.0 and seen:
        lately = torch.tensor(sorted(set(seen[-REPEAT_WINDOW:])), device=logits.device)
        values = logits[lately]
        penalised = torch.where(
            values > 0, values / sampling.repeat_penalty, values * sampling.repeat_penalty
        )
        logits = logits.index_copy(0, lately, penalised)
    if sampling.temperature <= 0:
        return int(logits.argmax())
    chances = logits.softmax(-1)
    # The least probability first: it leaves few tokens to sort, and both filters keep the likeliest ones.
    able = (chances >= sampling.min_p * chances.max()).nonzero().squeeze(-1)
    ordered, order = chances[able].sort(descending=True, stable=True)
    nucleus = ordered.cumsum(0) - ordered < sampling.top_p
    able = able[order][nucleus]
    tempered = (logits[able] / sampling.temperature).softmax(-1)
    return int(able[torch.multinomial(tempered, 1, generator=generator)])
