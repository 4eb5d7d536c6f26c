"""What the base model remembers of the contexts, read once and kept for every epoch and every adapter.

An activated adapter changes no key and no value of what stands before its invocation (Greenewald et al. 2025,
arXiv 2504.12397), so no gradient flows through there: a context can be read once, without one, and its
keys and values used by every step that comes back to it. They are kept in a file that is mapped into memory,
one row for each token, half precision: the system keeps it in memory where there is room. For a model on a
GPU they are kept beside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache, DynamicLayer

from mascot.alignment.writing import writing
from mascot.engines.prefix import common_prefix

Ids = tuple[int, ...]
_AT_ONCE = 64
"""Contexts that a GPU reads side by side: each whole, which costs it less than one after the other."""


def _reserve(file: Path, size: int) -> None:
    """Take the room now: where a mapped file finds none later, the system ends the process without a word.

    Raises:
        ModelError: there is not so much room.
    """
    with writing(file), file.open("wb") as opened:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(opened.fileno(), 0, size)


class Contexts:
    """Keys and values of contexts under one model.

    Args:
        file: scratch space, if the model is not on a GPU; about 23 KB for each token of a 135 M model in
            half precision.
        dtype: float16 halves the space, float32 loses nothing.

    Raises:
        ModelError: there is no room for the file.
    """

    def __init__(
        self, model: PreTrainedModel, file: Path, contexts: Iterable[Ids], dtype: torch.dtype = torch.float16
    ) -> None:
        # In this order each context shares the most it can with the one before it.
        self._order = sorted(set(contexts))
        config = model.config.get_text_config()
        heads = config.num_key_value_heads or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._shape = (config.num_hidden_layers, 2, heads, size)
        self._model = model
        width = torch.Size(self._shape).numel()
        space = max(1, self.tokens) * width
        if model.device.type == "cpu":
            _reserve(file, space * dtype.itemsize)
            stored = torch.from_file(str(file), shared=True, size=space, dtype=dtype)
        else:
            stored = torch.empty(space, dtype=dtype, device=model.device)
        self._stored = stored.view(-1, *self._shape)
        self._rows: dict[Ids, torch.Tensor] = {}

    @property
    def tokens(self) -> int:
        """How many tokens have to be read."""
        before: Ids = ()
        total = 0
        for ids in self._order:
            total += len(ids) - common_prefix(before, ids)
            before = ids
        return total

    def read(self, side_by_side: bool | None = None) -> Iterator[int]:
        """Read all contexts; yields how many tokens each of them needed.

        Args:
            side_by_side: many at a time, each whole; if not said, on a GPU.
        """
        if side_by_side is None:
            side_by_side = self._model.device.type != "cpu"
        return self._read_side_by_side() if side_by_side else self._read_in_turn()

    def _read_in_turn(self) -> Iterator[int]:
        """Each begins with what it shares with the one before it, which is not read again."""
        before: Ids = ()
        rows = torch.empty(0, dtype=torch.long)
        cache = DynamicCache(config=self._model.config)
        used = 0
        for ids in self._order:
            known = common_prefix(before, ids)
            if known < len(before):
                cache.crop(known - len(before))
            new = len(ids) - known
            self._extend(cache, ids[known:], used)
            rows = torch.cat([rows[:known], torch.arange(used, used + new)])
            self._rows[ids] = rows
            used, before = used + new, ids
            yield new

    @torch.no_grad()
    def _read_side_by_side(self) -> Iterator[int]:
        before: Ids = ()
        rows = torch.empty(0, dtype=torch.long)
        used = 0
        for first in range(0, len(self._order), _AT_ONCE):
            some = self._order[first : first + _AT_ONCE]
            cache = DynamicCache(config=self._model.config)
            # What fills up the shorter ones stands after them, where no token of theirs looks.
            ids = torch.zeros(len(some), max(map(len, some)), dtype=torch.long)
            for i, context in enumerate(some):
                ids[i, : len(context)] = torch.tensor(context)
            self._model(
                input_ids=ids.to(self._model.device), past_key_values=cache, use_cache=True, logits_to_keep=1
            )
            fresh: list[tuple[int, int]] = []
            for i, context in enumerate(some):
                known, length = common_prefix(before, context), len(context)
                rows = torch.cat([rows[:known], torch.arange(used, used + length - known)])
                fresh += [(i, at) for at in range(known, length)]
                self._rows[context] = rows
                used, before = used + length - known, context
                yield length - known
            self._keep(cache, fresh, used - len(fresh))

    def batch(self, contexts: Sequence[Ids]) -> tuple[DynamicCache, torch.Tensor]:
        """The memories of several contexts side by side, the shorter ones filled up on the left.

        Returns:
            The cache, and a mask of shape (contexts, longest) that is 1 where it holds a token; both where
            the model is.
        """
        longest = max(len(ids) for ids in contexts)
        rows = torch.zeros(len(contexts), longest, dtype=torch.long)
        mask = torch.zeros(len(contexts), longest, dtype=torch.long)
        for i, ids in enumerate(contexts):
            rows[i, longest - len(ids) :] = self._rows[ids]
            mask[i, longest - len(ids) :] = 1
        rows, mask = rows.to(self._stored.device), mask.to(self._stored.device)
        kept = self._stored.index_select(0, rows.flatten()).view(*rows.shape, *self._shape)
        cache = DynamicCache()
        for layer in range(self._shape[0]):
            keys, values = kept[:, :, layer].to(self._model.dtype).permute(2, 0, 3, 1, 4).unbind()
            cache.update(keys, values, layer)
        return cache, mask

    @torch.no_grad()
    def _extend(self, cache: DynamicCache, ids: Ids, row: int) -> None:
        if not ids:
            return
        self._model(input_ids=torch.tensor([ids]), past_key_values=cache, use_cache=True, logits_to_keep=1)
        held = cache.get_seq_length()
        self._keep(cache, [(0, at) for at in range(held - len(ids), held)], row)

    def _keep(self, cache: DynamicCache, tokens: Sequence[tuple[int, int]], row: int) -> None:
        """Store tokens of a cache, each given as context and place, from this row on."""
        which, places = torch.tensor(tokens, device=self._stored.device).view(-1, 2).unbind(1)
        for number, layer in enumerate(cache.layers):
            assert isinstance(layer, DynamicLayer)
            for side, states in enumerate((layer.keys, layer.values)):
                assert states is not None
                new = states[which, :, places]
                self._stored[row : row + len(tokens), number, side] = new.to(self._stored.dtype)
