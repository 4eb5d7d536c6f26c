"""Samples as tokens: the context that the base model reads, and the tail that the adapter is active in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mascot.alignment.samples import Sample
from mascot.engines.hf_load import Loaded
from mascot.errors import ModelError

INVOCATION: Final = "<|im_start|>assistant\n"
"""From these words on an adapter acts; what stands before them is read under the base model alone."""
_END: Final = "<|im_end|>"


@dataclass(frozen=True)
class Encoded:
    """A sample as token ids."""

    sample: Sample
    context: tuple[int, ...]
    """Everything before the invocation."""
    tail: tuple[int, ...]
    """The invocation, what is already said of the answer, and the reply."""
    learned: int
    """So many of the last tokens of the tail are learned."""


class Encoder:
    """Turns samples into tokens as the engines do.

    Raises:
        ModelError: the model's chat template does not call for an answer by `INVOCATION`.
    """

    def __init__(self, base: Loaded) -> None:
        self._base = base

    @property
    def invocation(self) -> list[int]:
        """The tokens an activated adapter waits for."""
        return self.ids(INVOCATION)

    @property
    def end(self) -> int:
        """The token that ends a turn."""
        return self.ids(_END)[0]

    def text(self, ids: Sequence[int]) -> str:
        """What tokens say, without control tokens."""
        return str(self._base.tokenizer.decode(list(ids), skip_special_tokens=True))

    def __call__(self, sample: Sample) -> Encoded:
        text = self._base.template.render(sample.prompt)
        context, invocation, begun = text.rpartition(INVOCATION)
        if not invocation:
            raise ModelError(
                "this base model's chat template does not end a prompt with '<|im_start|>assistant': "
                "adapters can be trained for models with ChatML only"
            )
        reply = self.ids(sample.reply) + (self.ids(_END) if sample.ends else [])
        tail = (*self.ids(invocation + begun), *reply)
        return Encoded(sample, tuple(self.ids(context)), tail, len(reply))

    def ids(self, text: str) -> list[int]:
        """Tokens of a piece of text."""
        return self._base.tokenizer.encode(text, add_special_tokens=False)
