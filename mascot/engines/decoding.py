"""Tokens in, tokens out: what a decode loop needs besides the model."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from transformers.cache_utils import DynamicCache

from mascot.engines.base import Sampling
from mascot.engines.prefix import common_prefix

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PREFILL_BLOCK = 256
"""Tokens read at once: large enough to be fast, small enough to be cancelled in between."""
REPEAT_WINDOW = 64
"""Tokens that count as seen lately."""


class Memory:
    """The token ids that a model has read, and what it remembers of them."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._cache: DynamicCache | None = None

    def reusable(self, ids: Sequence[int]) -> int:
        """How many of `ids` need not be read again; the last one always is."""
        return min(common_prefix(self.ids, ids), len(ids) - 1)

    def read(self, model: torch.nn.Module, ids: Sequence[int]) -> torch.Tensor | None:
        """Read up to a block more of `ids`; the logits after its last token, or None while more is left."""
        self._forget_all_but(self.reusable(ids))
        if self._cache is None:
            self._cache = DynamicCache(config=model.config)  # type: ignore[arg-type]
        block = list(ids[len(self.ids) : len(self.ids) + PREFILL_BLOCK])
        kept, self.ids, cache = self.ids, [], self._cache
        self._cache = None  # until the model is through: an error in between must not leave half a block
        with torch.inference_mode():
            inputs = torch.tensor([block], device=next(model.parameters()).device)
            logits = model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        self.ids, self._cache = kept + block, cache
        return logits[0, -1].float() if len(self.ids) == len(ids) else None

    def _forget_all_but(self, count: int) -> None:
        surplus = len(self.ids) - count
        if surplus == 0:
            return
        try:
            if self._cache is not None:
                self._cache.crop(-surplus)
            del self.ids[count:]
        except (RuntimeError, ValueError, NotImplementedError, AttributeError):
            # Sliding windows and linear attention cannot go back: such a model reads everything again.
            self.ids, self._cache = [], None


class Memories:
    """Memories of the conversations that spoke last; the one silent longest is dropped.

    A memory belongs to whoever took it until it is put back, so no two streams ever share one.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str | None], Memory] = OrderedDict()

    def take(self, session: str, adapter: str | None) -> Memory:
        """The session's memory under this adapter, or an empty one."""
        with self._lock:
            return self._held.pop((session, adapter), None) or Memory()

    def put(self, session: str, adapter: str | None, memory: Memory) -> None:
        """Keep a memory for the session's next request; without a session there is none."""
        if not session:
            return
        with self._lock:
            self._held[session, adapter] = memory
            while len(self._held) > self._count:
                self._held.popitem(last=False)

    def drop(self, adapter: str | None) -> None:
        """Forget all that was read under an adapter."""
        with self._lock:
            for key in [key for key in self._held if key[1] == adapter]:
                del self._held[key]


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
