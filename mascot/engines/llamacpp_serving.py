"""Prompts read in a server's slots, under adapters that share what was read.

Activated adapters share a conversation's memory: what comes before the invocation is read by the base model,
whoever speaks. llama.cpp (build 11549) does that rightly only under three conditions, all met here:

- A change between an adapter and none drops the slot's memory. So requests without one use an adapter that
  changes nothing, the idle one. Its invocation is the opening of every prompt, and one that lies at the
  very beginning never costs reading anything twice.
- Two slots that read under the same adapter at once confuse what comes before and after its invocation. So
  everything before is read first, in a request of its own under the idle adapter, and what is left for the
  adapter's own request begins at the invocation. A prompt without that opening is served with nobody
  beside it, from its beginning.
- A slot's memory is reused as far as the tokens agree, also where an adapter acted as they were read. So a
  prompt that would reuse such tokens has them forgotten first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mascot.engines.llamacpp_server import LlamaServer
from mascot.engines.prefix import common_prefix
from mascot.engines.slots import Desk, Slot

IDLE: Final = ""
"""Name of the adapter that changes nothing."""


@dataclass(frozen=True)
class Adapter:
    """An adapter as llama.cpp has it."""

    file: Path
    invocation: tuple[int, ...]
    """Tokens that switch it on, one token early (see `gguf_lora`); empty for one that is always on."""

    def acts_from(self, prompt: Sequence[int]) -> int | None:
        """The first token that is read under it; None if it acts everywhere or nowhere."""
        at = last_of(self.invocation, prompt) if self.invocation else -1
        return None if at < 0 else max(at - 1, 0)


@dataclass
class Turn:
    """A slot made ready for a prompt."""

    body: dict[str, Any]
    """What a completion has to name."""
    read: int
    """Tokens that were read for it already."""


class Serving:
    """A server with its slots.

    Args:
        server: started with the adapters in this order.
        desk: gives out its slots.
        adapters: by name; the idle one under `IDLE` if there are any.
    """

    def __init__(self, server: LlamaServer, desk: Desk, adapters: Mapping[str, Adapter]) -> None:
        self.server, self.desk = server, desk
        self.users = 0
        """Requests that hold on to it; kept by its owner."""
        self.adapters = tuple(name for name in adapters if name != IDLE)
        """Names that a request may take."""
        self.loaded = dict(adapters)
        """All that the server was started with."""
        self._numbers = {name: number for number, name in enumerate(adapters)}

    @contextmanager
    def turn(
        self,
        session: str,
        adapter: str | None,
        prompt: list[int],
        room: int,
        cancel: threading.Event | None = None,
    ) -> Iterator[Turn | None]:
        """A slot in which all of the prompt that comes before the adapter has been read.

        None if `cancel` came before there was one.

        Args:
            room: tokens to be written, at most.

        Raises:
            EngineError: too many are waiting, or the server does not answer.
        """
        acts = self.loaded[adapter].acts_from(prompt) if adapter else None
        alone = acts is not None and not self._opens(prompt)
        seat = self.desk.seat(session, prompt, len(prompt) + room, alone=alone, cancel=cancel)
        with seat as taken:
            if taken is None:
                yield None
                return
            slot, emptied = taken
            for other in emptied:
                self._read(other, prompt[:1], anew=True)
            read = 0
            if alone:
                slot.read, slot.acted = prompt, 0
            else:
                read = self._prepare(slot, prompt, acts)
            yield Turn(self._body(slot, adapter, prompt) | {"cache_prompt": not alone}, read)

    def forget(self) -> None:
        """Empty every slot that is not at work."""
        for index in self.desk.clear():
            self.server.post(f"/slots/{index}?action=erase", {})

    def _prepare(self, slot: Slot, prompt: list[int], acts: int | None) -> int:
        """Read what comes before the adapter, wherever one acts now or did before; returns tokens read."""
        acted, before = slot.acted, prompt[:acts]
        if acts and acted == acts and slot.read[:acts] == before:  # the same question, answered further
            slot.read = prompt
            return 0
        mixed = acted is not None and common_prefix(before, slot.read) > acted
        slot.read = prompt
        if acted is None and acts is None:
            return 0
        slot.acted = 0  # until the server has answered nobody knows what it remembers
        read = self._read(slot, before[:acted]) if mixed and acted else 0
        if before:
            read += self._read(slot, before, anew=mixed and not acted)
        slot.acted = acts
        return read

    def _read(self, slot: Slot, tokens: list[int], *, anew: bool = False) -> int:
        body = self._body(slot, None, tokens) | {"n_predict": 0, "cache_prompt": not anew}
        return self.server.post("/completion", body)["timings"]["prompt_n"]

    def _body(self, slot: Slot, adapter: str | None, prompt: list[int]) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": prompt, "id_slot": slot.index}
        if self.loaded:
            body["lora"] = [{"id": self._numbers[adapter or IDLE], "scale": 1.0}]
        return body

    def _opens(self, prompt: list[int]) -> bool:
        return last_of(self.loaded[IDLE].invocation, prompt) == 0


def last_of(part: Sequence[int], whole: Sequence[int]) -> int:
    """Where `part` begins in `whole` for the last time; -1 if it does not."""
    length, part = len(part), list(part)
    return next((i for i in range(len(whole) - length, -1, -1) if list(whole[i : i + length]) == part), -1)
