"""llama.cpp through the prebuilt wheel `xllamacpp`: the engine of a machine without a GPU.

A conversation (`Request.session`) keeps a slot of the server, and with it the model's memory of its prompt,
until more conversations than slots are active and it has been silent the longest (`slots`). Persona and
director adapters share that memory (`llamacpp_serving`).
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import REPEAT_WINDOW, Engine, EngineInfo, Finish, Piece, Request, check_options
from mascot.engines.gguf_head import read_gguf_head
from mascot.engines.gguf_lora import export_lora, write_idle_lora
from mascot.engines.llamacpp_server import LlamaServer
from mascot.engines.llamacpp_serving import IDLE, Adapter, Serving
from mascot.engines.prefix import common_prefix
from mascot.engines.slots import Desk
from mascot.engines.templates import ChatTemplate
from mascot.engines.thinking import strip_thinking
from mascot.engines.tries import weigh
from mascot.errors import EngineError, MascotError

_CERTAIN: Final = 100.0
"""Added to the logits of the legal tokens: it leaves their proportions and drowns all others."""
_KNOWN: Final = 1024
"""Options whose tokens are kept: a cast's repertoires come back at every turn."""
_LINE: Final = 4
"""So many requests per slot may wait."""


class LlamaCppEngine(Engine):
    """A GGUF model on the CPU.

    Args:
        model_file: the GGUF.
        template: its chat template; None takes the one in the file.
        context_tokens: longest prompt and answer of one conversation together.
        slots: conversations served at the same time. Together they remember twice `context_tokens`, and who
            was silent longest is read again where that is not enough. This memory is taken at the start:
            23 kB per token for the embedded model, so 190 MB at 4,096.
        threads: threads of the decoder; they spin, so a thread too many costs more than one too few.
        timeout_seconds: longest silence of the server.

    Raises:
        ModelError: the file is missing or llama.cpp cannot read it.
    """

    def __init__(
        self,
        model_file: Path,
        template: ChatTemplate | None = None,
        *,
        context_tokens: int = 4096,
        slots: int = 4,
        threads: int = 1,
        timeout_seconds: float = 60.0,
    ) -> None:
        self.info = EngineInfo("llamacpp", model_file.name, context_tokens, "cpu", _quantization(model_file))
        self._file, self._slots, self._threads = model_file, slots, threads
        self._timeout_seconds = timeout_seconds
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._adapters: dict[str, Adapter] = {}
        self._exported = 0
        self._serving = self._serve({})
        self._exports = tempfile.TemporaryDirectory(prefix="mascot-adapters-", ignore_cleanup_errors=True)
        self._plain_tokens = lru_cache(_KNOWN)(self._read_plain)
        self._template = template or read_gguf_head(model_file).chat_template()

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return strip_thinking(self._stream(request, cancel))

    def _stream(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        with self._in_use() as serving:
            prompt = self._prompt(serving, request)
            sampling = _sampling(request, self.info.context_tokens - len(prompt))
            room, tokens = sampling["n_predict"], 0
            with serving.turn(request.session, request.adapter, prompt, room, cancel) as turn:
                if turn is None:
                    yield Piece("", 0, "cancelled")
                    return
                for event in serving.server.events(turn.body | sampling):
                    if cancel is not None and cancel.is_set():
                        yield Piece("", tokens, "cancelled")
                        return
                    if event is None:
                        continue
                    tokens = event["tokens_predicted"]
                    if event["stop"]:
                        yield _last_piece(event, len(prompt), turn.read)
                    elif event["content"]:
                        yield Piece(event["content"], tokens)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        with self._in_use() as serving:
            prompt = self._prompt(serving, request)
            tails = [self._plain_tokens(option) for option in options]
            room = max(len(tail) for tail in tails)
            with serving.turn(request.session, request.adapter, prompt, room) as turn:
                assert turn is not None
                body = turn.body
                return weigh(
                    tails, lambda path, tokens: _shares(serving, body | {"prompt": [*prompt, *path]}, tokens)
                )

    def _read_plain(self, text: str) -> tuple[int, ...]:
        with self._in_use() as serving:
            return tuple(_tokens(serving, text, special=False))

    def count(self, prompt: Prompt) -> int:
        with self._in_use() as serving:
            return len(_tokens(serving, self._template.render(prompt)))

    def load_adapter(self, name: str, path: Path) -> None:
        """Make a PEFT LoRA folder usable as `Request.adapter`, in place of one of the same name.

        llama.cpp takes adapters only as it starts. So another server takes the place of the first, which
        ends as soon as nobody speaks there any more; every conversation is then read again once.

        Raises:
            EngineError: it is missing or damaged, or made for another model; nothing has changed.
        """
        self.load_adapters({name: path})

    def load_adapters(self, paths: Mapping[str, Path]) -> None:
        """Several at once, for the price of one; as `load_adapter`."""
        with self._loading:
            adapters = self._adapters | {name: self._export(path) for name, path in paths.items()}
            self._replace({IDLE: self._idle(), **adapters})
            self._adapters = adapters

    @property
    def adapters(self) -> tuple[str, ...]:
        return tuple(self._adapters)

    def waiting(self, session: str) -> int:
        """How many are served before this session's next words, itself included; 0 if nothing holds it up."""
        return self._serving.desk.place(session)

    def forget(self) -> None:
        with self._in_use() as serving:
            serving.forget()

    def close(self) -> None:
        self._serving.server.close()
        self._exports.cleanup()

    def _export(self, path: Path) -> Adapter:
        self._exported += 1
        file = Path(self._exports.name) / f"{self._exported}.gguf"
        return Adapter(file, export_lora(path, self._file, file))

    def _serve(self, adapters: Mapping[str, Adapter]) -> Serving:
        tokens = 2 * self.info.context_tokens
        server = LlamaServer(
            self._file,
            tokens=tokens,
            slots=self._slots,
            threads=self._threads,
            adapters=[adapter.file for adapter in adapters.values()],
            timeout_seconds=self._timeout_seconds,
        )
        # An emptied slot still holds one token.
        return Serving(server, Desk(self._slots, tokens - self._slots, _LINE * self._slots), adapters)

    def _idle(self) -> Adapter:
        """The adapter that changes nothing; what all prompts that begin with a system message share
        switches it on."""
        begun = [
            _tokens(self._serving, self._template.render(Prompt((Message("system", text),), ())))
            for text in ("One.", "Two.")
        ]
        opening = tuple(begun[0][: common_prefix(*begun)])
        file = Path(self._exports.name) / "idle.gguf"
        if not file.exists():
            write_idle_lora(self._file, file, opening)
        return Adapter(file, opening)

    @contextmanager
    def _in_use(self) -> Iterator[Serving]:
        """The server of the moment, kept running to the end of the block."""
        with self._lock:
            serving = self._serving
            serving.users += 1
        try:
            yield serving
        finally:
            with self._lock:
                serving.users -= 1
                forsaken = serving is not self._serving and not serving.users
            if forsaken:
                serving.server.close()

    def _replace(self, adapters: Mapping[str, Adapter]) -> None:
        """Serve with these from now on; two servers' memory is held at once only while somebody speaks."""
        with self._lock:
            old = self._serving
            if not old.users:
                old.server.close()
                try:
                    self._serving = self._serve(adapters)
                except MascotError:
                    self._serving = self._serve(old.loaded)
                    raise
                return
        new = self._serve(adapters)
        with self._lock:
            self._serving = new
            forsaken = not old.users
        if forsaken:
            old.server.close()

    def _prompt(self, serving: Serving, request: Request) -> list[int]:
        if request.adapter is not None and request.adapter not in serving.adapters:
            names = ", ".join(serving.adapters) or "none"
            raise EngineError(f"unknown adapter {request.adapter!r}: this engine has {names}")
        prompt = _tokens(serving, self._template.render(request.prompt))
        if len(prompt) >= self.info.context_tokens:
            raise EngineError(
                f"the prompt has {len(prompt)} tokens, the context {self.info.context_tokens}: "
                "shorten it or set MASCOT_CONTEXT_TOKENS higher"
            )
        return prompt


def _tokens(serving: Serving, text: str, special: bool = True) -> list[int]:
    return serving.server.post("/tokenize", {"content": text, "parse_special": special})["tokens"]


def _sampling(request: Request, room: int) -> dict[str, Any]:
    sampling = request.sampling
    body: dict[str, Any] = {
        "n_predict": min(sampling.max_tokens, room),
        "temperature": sampling.temperature,
        "top_k": 0,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "repeat_last_n": REPEAT_WINDOW,
        "stop": list(sampling.stop),
    }
    return body if sampling.seed is None else body | {"seed": sampling.seed}


def _shares(serving: Serving, body: dict[str, Any], tokens: list[int]) -> list[float]:
    """Probability of each token as the next one, among these only."""
    question = {
        "n_predict": 1,
        "logit_bias": [[token, _CERTAIN] for token in tokens],
        "samplers": ["temperature"],
        "temperature": 1.0,
        "n_probs": len(tokens),
        "post_sampling_probs": True,
    }
    answer = serving.server.post("/completion", body | question)
    found = {p["id"]: p["prob"] for p in answer["completion_probabilities"][0]["top_probs"]}
    weights = [found.get(token, 0.0) for token in tokens]
    return [weight / sum(weights) for weight in weights]


def _last_piece(event: dict[str, Any], prompt_tokens: int, read: int) -> Piece:
    finish: Finish = "length" if event["stop_type"] == "limit" else "stop"
    cached = max(prompt_tokens - read - event["timings"]["prompt_n"], 0)
    return Piece(event["content"], event["tokens_predicted"], finish, prompt_tokens, cached)


def _quantization(model_file: Path) -> str:
    """`Q8_0` out of `smollm2-135m-instruct-q8_0.gguf`, by the custom of naming GGUF files."""
    last = model_file.stem.replace(".", "-").split("-")[-1].upper()
    return last if last[:1] in "QFIB" and any(c.isdigit() for c in last) else "unknown"
