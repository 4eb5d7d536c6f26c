"""transformers in this process: the engine of a machine with a GPU, and of whatever llama.cpp cannot read.

Requests become tasks; a scheduler takes all of them through the model together, step by step. What a
conversation has read is remembered between its requests and shared by every activated adapter:

    hf_adapters    LoRA folders, and their share in a step
    hf_memory      what was read, under which adapter, and what of it can be used again
    hf_packed      one step of many conversations
    hf_tasks       an answer, a choice
    hf_scheduler   who takes part in the next step
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Engine, EngineInfo, Finish, Piece, Request, check_options
from mascot.engines.decoding import Detokenizer
from mascot.engines.hf_adapters import unusable
from mascot.engines.hf_load import Quantization, load_model
from mascot.engines.hf_memory import Mark
from mascot.engines.hf_packed import PackedModel
from mascot.engines.hf_scheduler import Scheduler
from mascot.engines.hf_tasks import Answer, Weighing
from mascot.engines.stops import until_stop
from mascot.engines.thinking import strip_thinking
from mascot.engines.tries import weigh
from mascot.errors import EngineError

_ANCHOR = "."
"""Options are tokenized behind this, as tokenizers treat the beginning of a text in ways of their own."""
_ANY_PROMPT = Prompt((), (Message("user", "Hello."),))


class TransformersEngine(Engine):
    """A causal language model under PyTorch.

    Args:
        source: hub id, folder, or GGUF file (converted once, de-quantised).
        revision: hub revision; None is `main`.
        quantization: nf4 and int8 by bitsandbytes on CUDA; on the CPU int8 is torch's dynamic one and nf4
            saves memory, not time. None is nf4 on CUDA, otherwise none.
        context_tokens: longest prompt and answer together; never more than the model's own.
        slots: requests served at the same time, and memories of conversations that there are at most.
        waiting: requests that may stand in line for a slot; beyond, new ones are refused.
        threads: PyTorch's threads on the CPU, for this whole process; 0 leaves them as they are. They spin:
            with a busy process beside them, one thread was measured five times as fast as two on two cores.
        device: cuda or cpu; None is cuda where there is one.

    Raises:
        ModelError: the model is missing, cannot be fetched, cannot be loaded or cannot be run here.
    """

    def __init__(
        self,
        source: str | Path,
        *,
        revision: str | None = None,
        quantization: Quantization | None = None,
        context_tokens: int = 4096,
        slots: int = 4,
        waiting: int = 64,
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
        model = PackedModel(loaded.model, name)
        self._adapters = model.adapters
        self._scheduler = Scheduler(model.step, slots, waiting)

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return until_stop(strip_thinking(self._answer(request, cancel)), request.sampling.stop)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        anchor = self._ids(_ANCHOR)
        tokens = [self._option_ids(option, anchor) for option in options]
        task = Weighing(request.session, self._marks(request), tokens)
        self._scheduler.submit(task)
        found = task.found.get()
        if isinstance(found, Exception):
            raise found

        def next_token(path: list[int], allowed: list[int]) -> list[float]:
            return found[tuple(path)][allowed].double().softmax(-1).tolist()

        return weigh(tokens, next_token)

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(self._template.render(prompt)))

    def load_adapter(self, name: str, path: Path) -> None:
        adapter = self._adapters.read(name, path)
        try:
            adapter.acts_from(self._ids(self._template.render(_ANY_PROMPT)))
        except EngineError:
            called = self._tokenizer.decode(list(adapter.invocation))
            raise unusable(
                path, f"it is called by {called!r}, which this model's chat template never writes"
            ) from None
        self._adapters.add(adapter)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self._adapters.names

    def close(self) -> None:
        self._scheduler.close()
        self._adapters.close()
        gc.collect()
        if self.info.device == "cuda":
            torch.cuda.empty_cache()

    def _answer(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        marks = self._marks(request)
        prompt = [token for token, _ in marks]
        generator = torch.Generator(self.info.device)
        if request.sampling.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.sampling.seed)
        limit = min(request.sampling.max_tokens, self.info.context_tokens - len(prompt))
        task = Answer(request.session, marks, cancel, request.sampling, self._ends, limit, generator)
        self._scheduler.submit(task)
        try:
            yield from self._pieces(task, prompt)
        finally:
            task.leave()

    def _pieces(self, task: Answer, prompt: list[int]) -> Iterator[Piece]:
        text, tokens = Detokenizer(self._tokenizer, prompt), 0
        finish: Finish | None = None
        while finish is None:
            news = task.said.get()
            if isinstance(news, Exception):
                raise news
            token, finish = news
            if finish is None and task.cancelled:  # tokens made since then are nobody's any more
                yield Piece("", tokens, "cancelled", len(prompt), task.cached)
                return
            said = ""
            if token is not None:
                tokens += 1
                said = text.add(token)
            if finish in ("stop", "length"):
                said += text.rest()
            yield Piece(said, tokens, finish, len(prompt), task.cached)

    def _marks(self, request: Request) -> list[Mark]:
        """The prompt as tokens, each with the adapter under which it is read."""
        adapter = self._adapters.find(request.adapter)
        ids = self._ids(self._template.render(request.prompt))
        if len(ids) >= self.info.context_tokens:
            raise EngineError(
                f"the prompt has {len(ids)} tokens, the context {self.info.context_tokens}: "
                "shorten it or set MASCOT_CONTEXT_TOKENS higher"
            )
        acts_from = len(ids) if adapter is None else adapter.acts_from(ids)
        return [(token, adapter if at >= acts_from else None) for at, token in enumerate(ids)]

    def _ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _option_ids(self, option: str, anchor: list[int]) -> list[int]:
        ids = self._ids(_ANCHOR + option)
        # An option that melts into the anchor's token ("..") has to be taken as it is.
        return ids[len(anchor) :] if ids[: len(anchor)] == anchor else self._ids(option)
