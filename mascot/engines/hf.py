"""transformers in this process: the engine of a machine with a GPU, and of whatever llama.cpp cannot read.

One lock stands around the model and is held for one step at a time (a block of a prompt, or one token), so
several streams take turns and a slow reader holds up nobody. A conversation's memory of its prompt is kept
between requests; see `decoding.Memories`.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, EngineInfo, Finish, Piece, Request, check_options
from mascot.engines.decoding import Detokenizer, Memories, Memory, draw
from mascot.engines.hf_adapters import AdapterModel
from mascot.engines.hf_load import Quantization, load_model
from mascot.engines.stops import until_stop
from mascot.engines.thinking import strip_thinking
from mascot.engines.tries import weigh
from mascot.errors import EngineError

_ANCHOR = "."
"""Options are tokenized behind this, as tokenizers treat the beginning of a text in ways of their own."""


class TransformersEngine(Engine):
    """A causal language model under PyTorch.

    Args:
        source: hub id, folder, or GGUF file (converted once, de-quantised).
        revision: hub revision; None is `main`.
        quantization: nf4 and int8 by bitsandbytes on CUDA; on the CPU int8 is torch's dynamic one and nf4
            saves memory, not time. None is nf4 on CUDA, otherwise none.
        context_tokens: longest prompt and answer together; never more than the model's own.
        slots: memories of conversations that are kept.
        threads: PyTorch's threads on the CPU, for this whole process; 0 leaves them as they are. They spin:
            with a busy process beside them, one thread was measured five times as fast as two on two cores.
        device: cuda or cpu; None is cuda where there is one.

    Raises:
        ModelError: the model is missing, cannot be fetched or cannot be loaded.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        revision: str | None = None,
        quantization: Quantization | None = None,
        context_tokens: int = 4096,
        slots: int = 4,
        threads: int = 0,
        device: str | None = None,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        loaded = load_model(source, revision=revision, quantization=quantization, device=device)
        own_limit = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", context_tokens)
        name = source.name if isinstance(source, Path) else source
        self.info = EngineInfo(
            "transformers", name, min(context_tokens, own_limit), loaded.device, loaded.quantization
        )
        self._tokenizer, self._template, self._ends = loaded.tokenizer, loaded.template, loaded.ends
        self._model = AdapterModel(loaded.model, name)
        self._lock = threading.Lock()
        self._memories = Memories(slots)

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return until_stop(strip_thinking(self._decode(request, cancel)), request.sampling.stop)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        prompt = self._prompt(request)
        anchor = self._ids(_ANCHOR)
        tokens = [self._option_ids(option, anchor) for option in options]
        memory = self._memories.take(request.session, request.adapter)

        def next_token(path: list[int], allowed: list[int]) -> list[float]:
            logits = self._read(memory, [*prompt, *path], request.adapter, None)
            assert logits is not None
            return logits[allowed].double().softmax(-1).tolist()

        try:
            return weigh(tokens, next_token)
        finally:
            self._memories.put(request.session, request.adapter, memory)

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(self._template.render(prompt)))

    def load_adapter(self, name: str, path: Path) -> None:
        if self.info.device == "cpu" and self.info.quantization == "int8":
            raise EngineError("int8 on the CPU takes no adapters: set MASCOT_QUANTIZATION=none")
        with self._lock:
            self._model.load(name, path)
        self._memories.drop(name)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self._model.names

    def close(self) -> None:
        with self._lock:
            self._model.close()
            self._memories = Memories(1)
        gc.collect()
        if self.info.device == "cuda":
            torch.cuda.empty_cache()

    def _decode(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        ids = self._prompt(request)
        memory = self._memories.take(request.session, request.adapter)
        try:
            yield from self._continue(request, ids, memory, cancel)
        finally:
            self._memories.put(request.session, request.adapter, memory)

    def _continue(
        self, request: Request, ids: list[int], memory: Memory, cancel: threading.Event | None
    ) -> Iterator[Piece]:
        prompt_tokens, cached = len(ids), memory.reusable(ids)
        sampling = request.sampling
        generator = torch.Generator(self.info.device)
        if sampling.seed is None:
            generator.seed()
        else:
            generator.manual_seed(sampling.seed)
        text = Detokenizer(self._tokenizer, ids)
        limit = min(sampling.max_tokens, self.info.context_tokens - prompt_tokens)

        def piece(said: str, finish: Finish | None = None) -> Piece:
            return Piece(said, len(ids) - prompt_tokens, finish, prompt_tokens, cached)

        while True:
            logits = self._read(memory, ids, request.adapter, cancel)
            if logits is None:
                yield piece("", "cancelled")
                return
            token = draw(logits, ids, sampling, generator)
            if token in self._ends:
                yield piece(text.rest(), "stop")
                return
            ids.append(token)
            said = text.add(token)
            if len(ids) - prompt_tokens == limit:
                yield piece(said + text.rest(), "length")
                return
            yield piece(said)

    def _read(
        self, memory: Memory, ids: list[int], adapter: str | None, cancel: threading.Event | None
    ) -> torch.Tensor | None:
        """Logits of the token after `ids`; None if cancelled before."""
        while cancel is None or not cancel.is_set():
            with self._lock:
                model = self._model.under(adapter)
                try:
                    logits = memory.read(model, ids)
                except torch.OutOfMemoryError:
                    raise EngineError(
                        "the GPU has no memory left: set MASCOT_CONTEXT_TOKENS or MASCOT_SLOTS lower, "
                        "or take a smaller model"
                    ) from None
            if logits is not None:
                return logits
        return None

    def _prompt(self, request: Request) -> list[int]:
        if request.adapter is not None and request.adapter not in self.adapters:
            raise EngineError(
                f"unknown adapter {request.adapter!r}: this engine has {', '.join(self.adapters) or 'none'}"
            )
        ids = self._ids(self._template.render(request.prompt))
        if len(ids) >= self.info.context_tokens:
            raise EngineError(
                f"the prompt has {len(ids)} tokens, the context {self.info.context_tokens}: "
                "shorten it or set MASCOT_CONTEXT_TOKENS higher"
            )
        return ids

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _option_ids(self, option: str, anchor: list[int]) -> list[int]:
        ids = self._ids(_ANCHOR + option)
        # An option that melts into the anchor's token ("..") has to be taken as it is.
        return ids[len(anchor) :] if ids[: len(anchor)] == anchor else self._ids(option)
