"""transformers on a ZeroGPU Space, where a GPU is lent for one call at a time.

Every call runs in a process forked from this one: the weights go to `cuda` here, before the page is
served, and whatever a call computes besides its result is gone with it. So nothing is remembered between
calls: a prompt is read from its beginning each time, and there are no adapters. Elsewhere `@spaces.GPU` does
nothing, and nothing here is used.
"""

from __future__ import annotations

import importlib
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, EngineInfo, Finish, Piece, Request, Sampling, check_options
from mascot.engines.decoding import Detokenizer, draw
from mascot.engines.hf_load import load_model
from mascot.engines.stops import until_stop
from mascot.engines.thinking import strip_thinking
from mascot.engines.tries import weigh
from mascot.errors import EngineError, ModelError

Lend = Callable[[Callable[..., Any]], Callable[..., Any]]
"""`spaces.GPU(duration=…)`: makes a function one that has a GPU while it runs."""
LENT_SECONDS = 30
"""How long one utterance may hold the GPU; a shorter claim is served sooner."""
_ANCHOR = "."


def lend() -> Lend:
    """The decorator of the `spaces` package, which such a Space has installed.

    Raises:
        ModelError: it is not there.
    """
    try:
        spaces: Any = importlib.import_module("spaces")
    except ImportError:
        raise ModelError("SPACES_ZERO_GPU is set, and the package `spaces` is not installed here") from None
    return spaces.GPU(duration=LENT_SECONDS)


class ZeroGpuEngine(Engine):
    """A causal language model that has a GPU during a call.

    Args:
        source: hub id or folder.
        lend: the decorator that lends one.
        revision: hub revision; None is `main`.
        context_tokens: longest prompt and answer together; never more than the model's own.
        device: where the weights go in this process.

    Raises:
        ModelError: the model is missing, cannot be fetched or cannot be loaded.
    """

    def __init__(
        self,
        source: str | Path,
        lend: Lend,
        *,
        revision: str | None = None,
        context_tokens: int = 4096,
        device: str = "cuda",
    ) -> None:
        loaded = load_model(source, revision=revision, quantization="none", device="cpu")
        model = loaded.model if device == "cpu" else loaded.model.to(device=device, dtype=torch.bfloat16)  # pyright: ignore
        own_limit = getattr(model.config.get_text_config(), "max_position_embeddings", context_tokens)
        name = source.name if isinstance(source, Path) else source
        self.info = EngineInfo("zerogpu", name, min(context_tokens, own_limit), device)
        self._tokenizer, self._template, self._ends = loaded.tokenizer, loaded.template, loaded.ends

        def write(ids: list[int], sampling: Sampling, limit: int, seed: int) -> Iterator[tuple[int, bool]]:
            yield from _write(model, ids, sampling, loaded.ends, limit, seed)

        def compare(ids: list[int], options: list[list[int]]) -> list[float]:
            return _compare(model, ids, options)

        self._write, self._compare = lend(write), lend(compare)

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return until_stop(strip_thinking(self._pieces(request, cancel)), request.sampling.stop)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        ids = self._prompt(request)
        if len(options) == 1:
            return [1.0]
        return self._compare(ids, [self._option(option) for option in options])

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(self._template.render(prompt)))

    def _pieces(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        ids, sampling = self._prompt(request), request.sampling
        limit = min(sampling.max_tokens, self.info.context_tokens - len(ids))
        seed = secrets.randbelow(2**31) if sampling.seed is None else sampling.seed
        text, tokens = Detokenizer(self._tokenizer, ids), 0
        finish: Finish = "length"
        for token, ends in self._write(ids, sampling, limit, seed):
            if cancel is not None and cancel.is_set():
                finish = "cancelled"
                break
            if ends:
                finish = "stop"
                break
            tokens += 1
            yield Piece(text.add(token), tokens)
        rest = "" if finish == "cancelled" else text.rest()
        yield Piece(rest, tokens, finish, len(ids), 0)

    def _prompt(self, request: Request) -> list[int]:
        if request.adapter is not None:
            raise EngineError(f"unknown adapter {request.adapter!r}: there are none on ZeroGPU")
        ids = self._ids(self._template.render(request.prompt))
        if len(ids) >= self.info.context_tokens:
            raise EngineError(
                f"the prompt has {len(ids)} tokens, the context {self.info.context_tokens}: "
                "shorten it or set MASCOT_CONTEXT_TOKENS higher"
            )
        return ids

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _option(self, option: str) -> list[int]:
        anchor, ids = self._ids(_ANCHOR), self._ids(_ANCHOR + option)
        return ids[len(anchor) :] if ids[: len(anchor)] == anchor else self._ids(option)


@torch.inference_mode()
def _write(
    model: PreTrainedModel, ids: list[int], sampling: Sampling, ends: frozenset[int], limit: int, seed: int
) -> Iterator[tuple[int, bool]]:
    """Tokens as they are drawn, each with whether it ends the answer."""
    generator = torch.Generator(model.device).manual_seed(seed)
    cache, new, seen = DynamicCache(config=model.config), ids, list(ids)
    for _ in range(limit):
        logits = _read(model, new, cache)
        token = draw(logits, seen, sampling, generator)
        yield token, token in ends
        if token in ends:
            return
        seen.append(token)
        new = [token]


@torch.inference_mode()
def _compare(model: PreTrainedModel, ids: list[int], options: list[list[int]]) -> list[float]:
    """How constrained decoding would share the probability among the options."""
    cache = DynamicCache(config=model.config)
    after_prompt = _read(model, ids, cache)

    def next_token(path: list[int], allowed: list[int]) -> list[float]:
        logits = after_prompt
        if path:
            logits = _read(model, path, cache)
            cache.crop(-len(path))
        return logits[allowed].double().softmax(-1).tolist()

    return weigh(options, next_token)


def _read(model: PreTrainedModel, ids: list[int], cache: DynamicCache) -> torch.Tensor:
    """The logits after these further tokens."""
    read = torch.tensor([ids], device=model.device)
    return model(read, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1].float()
