"""What a transformers model remembers of what it has read: keys and values, and who read what.

A token's keys and values depend on it, on all tokens before it, and on the adapter under which each of
them was read. A memory therefore records pairs of token and adapter, and what is reused is the longest
common beginning of two such records. All the rules of sharing follow from that alone: before its invocation
an activated adapter reads as the base model does, so every persona shares that part; what a persona said
under its adapter is never another's; a finished turn is read again, as part of the next prompt.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch

from mascot.engines.hf_adapters import Adapter
from mascot.engines.prefix import common_prefix

Mark = tuple[int, Adapter | None]
"""A token, and the adapter under which it is read."""

_GROWTH = 256
"""Room is made for so many tokens at a time."""


class Memory:
    """The marks that a model has read, and their keys and values in each layer. Not thread-safe.

    Going back costs nothing: values behind the last mark are overwritten by what is read next.
    """

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self._layers: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def reusable(self, marks: Sequence[Mark]) -> int:
        """How many of `marks` need not be read again; the last one always is."""
        return min(common_prefix(self.marks, marks), len(marks) - 1)

    def keep(self, count: int) -> None:
        """Forget all but the first `count` marks."""
        del self.marks[count:]

    def write(
        self, layer: int, start: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Put keys and values (heads × tokens × size) at position `start`; all up to their end."""
        end = start + keys.shape[1]
        held = self._layers.get(layer)
        if held is None or held[0].shape[1] < end:
            held = self._layers[layer] = (_grown(held, 0, start, keys), _grown(held, 1, start, values))
        held[0][:, start:end] = keys
        held[1][:, start:end] = values
        return held[0][:, :end], held[1][:, :end]


def _grown(
    held: tuple[torch.Tensor, torch.Tensor] | None, side: int, kept: int, new: torch.Tensor
) -> torch.Tensor:
    heads, tokens, size = new.shape
    room = new.new_empty(heads, -(-(kept + tokens) // _GROWTH) * _GROWTH, size)
    if held is not None:
        room[:, :kept] = held[side][:, :kept]
    return room


class Memories:
    """Memories of the conversations that spoke last; the one silent longest is dropped. Not thread-safe.

    A memory belongs to whoever took it until it is put back, so no two requests ever share one. A session
    has one memory for the base model and all activated adapters, and one for each plain adapter.

    Args:
        count: memories that there may be, kept and taken together.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._taken = 0
        self._held: OrderedDict[tuple[str, Adapter | None], Memory] = OrderedDict()

    def take(self, session: str, marks: Sequence[Mark]) -> Memory:
        """The session's memory that these marks continue, cut to what is reusable, or an empty one."""
        memory = self._held.pop((session, marks[0][1]), None) or Memory()
        memory.keep(memory.reusable(marks))
        self._taken += 1
        self._make_room()
        return memory

    def put(self, session: str, memory: Memory) -> None:
        """Keep a memory for the session's next request; without a session there is none."""
        self._taken -= 1
        if session and memory.marks:
            self._held[session, memory.marks[0][1]] = memory
        self._make_room()

    def clear(self) -> bool:
        """Drop all that are kept; whether there were any."""
        any_held = bool(self._held)
        self._held.clear()
        return any_held

    def _make_room(self) -> None:
        while self._held and len(self._held) + self._taken > self._count:
            self._held.popitem(last=False)
