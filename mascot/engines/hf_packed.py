"""Several conversations through a transformers model in one go, without padding.

A step is a row of segments: some tokens of one conversation each, one where it is speaking, a block where
a prompt is being read. All of them stand side by side as one long sequence, so the linear layers, where
nearly all the time goes, see one matrix. Only in the attention each segment looks into its own memory,
which is why conversations of any lengths fit together and nothing is copied when one comes or goes. This is
how servers batch (Yu et al. 2022, Orca: selective batching); transformers leaves the place for it open,
its attention interface.

Segments of one memory follow one another within a step. Several may begin at the same position: each
overwrites the one before in every layer, and so options are weighed side by side after one prompt.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

from mascot.engines.hf_adapters import Adapter, LowRank
from mascot.engines.hf_memory import Memory
from mascot.errors import ModelError

_NAME = "mascot_packed"
_SAME, _ROUGHLY_SAME = 0.999, 0.9
"""Correlation of the logits of one prompt, read plainly and packed."""
_FOREIGN = ("softcap", "s_aux")
"""Parts that some models' attention has and ours has not."""


@dataclass(eq=False)
class Segment:
    """Tokens of one conversation that follow one another, all read under one adapter or under none."""

    memory: Memory
    start: int
    """Position of the first token in its conversation."""
    tokens: Sequence[int]
    adapter: Adapter | None
    wanted: int = 0
    """Logits are wanted after so many of the last tokens."""
    _masks: dict[int | None, torch.Tensor | None] = field(default_factory=dict)

    def mask(self, window: int | None, groups: int, device: torch.device) -> torch.Tensor | None:
        """What each token sees, (groups · tokens) × positions; None is everything.

        Args:
            window: a token sees only so many positions, its own among them.
            groups: query heads that share a key head.
        """
        if window not in self._masks:
            end = self.start + len(self.tokens)
            if len(self.tokens) == 1 and (window is None or end <= window):
                self._masks[window] = None
            else:
                at = torch.arange(self.start, end, device=device)[:, None]
                seen = torch.arange(end, device=device)[None, :]
                mask = (seen <= at) if window is None else (seen <= at) & (seen > at - window)
                self._masks[window] = mask.repeat(groups, 1)
        return self._masks[window]


class PackedModel:
    """A causal language model that reads segments. Not thread-safe.

    Raises:
        ModelError: its attention is of a kind that cannot be packed.
    """

    def __init__(self, model: PreTrainedModel, name: str) -> None:
        self._model = model
        self.adapters = LowRank(model, name)
        probe = torch.arange(12, device=model.device)[None] % model.config.get_text_config().vocab_size
        with torch.inference_mode():
            plain = model(input_ids=probe, use_cache=False).logits[0, -1].float()
        AttentionInterface.register(_NAME, _attend)
        model.set_attn_implementation(_NAME)
        self._check(probe[0].tolist(), plain, name)

    def step(self, segments: Sequence[Segment]) -> list[torch.Tensor]:
        """Read segments side by side; the wanted logits of each, wanted × vocabulary, in float32.

        The caller records the marks: what is written behind a memory's last mark does not count.
        """
        # Each adapter's tokens together, and the base model's first: what a conversation reads before an
        # invocation comes before what follows it.
        places: dict[Adapter | None, int] = {None: 0}
        for segment in segments:
            places.setdefault(segment.adapter, len(places))
        order = sorted(range(len(segments)), key=lambda i: places[segments[i].adapter])
        pack = [segments[i] for i in order]
        ends = list(itertools.accumulate(len(s.tokens) for s in pack))
        tokens = [token for s in pack for token in s.tokens]
        positions = [p for s in pack for p in range(s.start, s.start + len(s.tokens))]
        rows = [row for s, end in zip(pack, ends, strict=True) for row in range(end - s.wanted, end)]
        device = self._model.device
        with torch.inference_mode(), self.adapters.acting((s.adapter, len(s.tokens)) for s in pack):
            logits = self._model(
                input_ids=torch.tensor([tokens], device=device),
                position_ids=torch.tensor([positions], device=device),
                use_cache=False,
                # Where no logits are wanted, those of one token are made and thrown away.
                logits_to_keep=torch.tensor(rows or [0], device=device),
                pack=pack,
            ).logits[0]
        parts: dict[int, torch.Tensor] = {}
        first = 0
        for i, segment in zip(order, pack, strict=True):
            parts[i] = logits[first : first + segment.wanted].float()
            first += segment.wanted
        return [parts[i] for i in range(len(segments))]

    def _check(self, probe: list[int], plain: torch.Tensor, name: str) -> None:
        """Refuse a model that reads otherwise when it is packed."""
        one, other, half = Memory(), Memory(), len(probe) // 2
        pack = [
            Segment(one, 0, probe[:half], None),
            Segment(other, 0, probe[::-1], None),
            Segment(one, half, probe[half:], None, 1),
        ]
        try:
            likeness = torch.corrcoef(torch.stack([self.step(pack)[-1][0], plain]))[0, 1]
            same = bool(likeness >= (_ROUGHLY_SAME if _rounds_together(self._model) else _SAME))
        except (TypeError, ValueError, RuntimeError, AttributeError, IndexError):
            same = False
        if not same:
            raise ModelError(
                f"{name} cannot be run by the transformers engine, its attention is of an unusual kind: "
                "take another model, or a server through MASCOT_ENGINE=openai"
            )


def _rounds_together(model: PreTrainedModel) -> bool:
    """Whether tokens of a step are rounded by a scale that they share, as torch's dynamic int8 does."""
    return any("quantized" in type(module).__module__ for module in model.modules())


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    *,
    pack: Sequence[Segment],
    scaling: float | None = None,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of each segment to its own memory.

    Args:
        query, key, value: 1 × heads × tokens × size.

    Returns:
        1 × tokens × heads × size, and no weights.

    Raises:
        ValueError: the model asks for something that is not done here.
    """
    if any(options.get(name) is not None for name in _FOREIGN):
        raise ValueError(f"attention with {' or '.join(_FOREIGN)}")
    heads, groups = query.shape[1], query.shape[1] // key.shape[1]
    parts: list[torch.Tensor] = []
    first = 0
    for segment in pack:
        count = len(segment.tokens)
        rows = slice(first, first + count)
        first += count
        keys, values = segment.memory.write(
            module.layer_idx, segment.start, key[0, :, rows], value[0, :, rows]
        )
        # Query heads of one key head become further queries of it: no key is ever copied.
        asked = query[0, :, rows].reshape(1, keys.shape[0], groups * count, -1)
        mask = segment.mask(sliding_window, groups, query.device)
        seen = scaled_dot_product_attention(asked, keys[None], values[None], attn_mask=mask, scale=scaling)
        parts.append(seen.view(heads, count, -1).transpose(0, 1))
    return torch.cat(parts)[None], None
