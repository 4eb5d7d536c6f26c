"""llama.cpp in this process, through the prebuilt wheel `xllamacpp`: the engine of a machine without a GPU.

`xllamacpp.Server` is llama.cpp's own server inside this process, on a loopback port of its choice and
behind a key that only this object knows. Speaking HTTP to it costs about a millisecond and buys what
its Python callbacks do not offer: cancellation by closing the connection, parallel slots, tokenizing.

A conversation (`Request.session`) keeps a slot, and with it the model's memory of its prompt, until
more conversations than slots are active and it has been silent the longest.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from mascot.conversation.prompt import Prompt
from mascot.engines.base import Engine, EngineInfo, Finish, Piece, Request, check_options
from mascot.engines.gguf_head import read_gguf_head
from mascot.engines.templates import ChatTemplate
from mascot.engines.thinking import strip_thinking
from mascot.engines.tries import weigh
from mascot.errors import EngineError, EngineTimeoutError, ModelError

_CERTAIN = 100.0
"""Added to the logits of the legal tokens: it leaves their proportions and drowns all others."""


class LlamaCppEngine(Engine):
    """A GGUF model on the CPU.

    Args:
        model_file: the GGUF.
        template: its chat template; None takes the one in the file.
        context_tokens: longest prompt and answer of one conversation together.
        slots: conversations served at the same time; together they may hold twice `context_tokens`.
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
        key = secrets.token_urlsafe(24)
        self._server = _start(model_file, context_tokens, slots, threads, key)
        self._http = httpx.Client(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(timeout_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )
        self.info = EngineInfo("llamacpp", model_file.name, context_tokens, "cpu", _quantization(model_file))
        self._template = template or read_gguf_head(model_file).chat_template()
        self._slots = _Slots(slots)

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        return strip_thinking(self._stream(request, cancel))

    def _stream(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        body = self._completion(request) | {"stream": True}
        tokens = 0
        with self._translated(), self._http.stream("POST", "/completion", json=body) as response:
            _check(response)
            for line in response.iter_lines():
                if cancel is not None and cancel.is_set():
                    yield Piece("", tokens, "cancelled")
                    return
                if not line.startswith("data: "):
                    continue
                event = json.loads(line[6:])
                if "error" in event:
                    raise EngineError(f"llama.cpp: {event['error'].get('message', event['error'])}")
                tokens = event["tokens_predicted"]
                if event["stop"]:
                    yield _last_piece(event)
                    return
                if event["content"]:
                    yield Piece(event["content"], tokens)
        raise EngineError("llama.cpp ended its answer without a last line: the engine was closed")

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        body = self._completion(request)
        tails = [self._tokens(option, special=False) for option in options]
        return weigh(tails, lambda path, tokens: self._next_token(body, [*body["prompt"], *path], tokens))

    def _next_token(self, body: dict[str, Any], prefix: list[int], tokens: list[int]) -> list[float]:
        """Probability of each token as the next one, among these only."""
        question = {
            "prompt": prefix,
            "n_predict": 1,
            "stop": [],
            "logit_bias": [[token, _CERTAIN] for token in tokens],
            "samplers": ["temperature"],
            "temperature": 1.0,
            "n_probs": len(tokens),
            "post_sampling_probs": True,
        }
        answer = self._post("/completion", body | question)
        found = {p["id"]: p["prob"] for p in answer["completion_probabilities"][0]["top_probs"]}
        weights = [found.get(token, 0.0) for token in tokens]
        return [weight / sum(weights) for weight in weights]

    def count(self, prompt: Prompt) -> int:
        return len(self._tokens(self._template.render(prompt)))

    def close(self) -> None:
        self._http.close()
        del self._server

    def _tokens(self, text: str, special: bool = True) -> list[int]:
        return self._post("/tokenize", {"content": text, "parse_special": special})["tokens"]

    def _completion(self, request: Request) -> dict[str, Any]:
        if request.adapter is not None and request.adapter not in self.adapters:
            raise EngineError(
                f"unknown adapter {request.adapter!r}: this engine has {self.adapters or 'none'}"
            )
        sampling = request.sampling
        prompt = self._tokens(self._template.render(request.prompt))
        if len(prompt) >= self.info.context_tokens:
            raise EngineError(
                f"the prompt has {len(prompt)} tokens, the context {self.info.context_tokens}: "
                "shorten it or set MASCOT_CONTEXT_TOKENS higher"
            )
        body: dict[str, Any] = {
            "prompt": prompt,
            "n_predict": min(sampling.max_tokens, self.info.context_tokens - len(prompt)),
            "temperature": sampling.temperature,
            "top_k": 0,
            "top_p": sampling.top_p,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": 128,
            "stop": list(sampling.stop),
            "cache_prompt": True,
            "id_slot": self._slots.of(request.session),
        }
        return body if sampling.seed is None else body | {"seed": sampling.seed}

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        with self._translated():
            return _check(self._http.post(path, json=body)).json()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """httpx's errors as one line of ours."""
        try:
            yield
        except httpx.TimeoutException:
            seconds = self._http.timeout.read
            raise EngineTimeoutError(
                f"llama.cpp was silent for {seconds:.0f} s: set MASCOT_TIMEOUT_SECONDS higher"
            ) from None
        except (httpx.HTTPError, RuntimeError) as error:
            raise EngineError(f"llama.cpp does not answer ({error or type(error).__name__})") from None


class _Slots:
    """Which conversation sits in which slot; the one silent longest makes room."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lock = threading.Lock()
        self._by_session: OrderedDict[str, int] = OrderedDict()

    def of(self, session: str) -> int:
        """The session's slot; -1, any free one, for requests without a session."""
        if not session:
            return -1
        with self._lock:
            if session not in self._by_session:
                taken = len(self._by_session)
                slot = taken if taken < self.count else self._by_session.popitem(last=False)[1]
                self._by_session[session] = slot
            self._by_session.move_to_end(session)
            return self._by_session[session]


def _start(model_file: Path, context_tokens: int, slots: int, threads: int, key: str) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")  # ships no types

    if not model_file.is_file():
        raise ModelError(f"there is no model at {model_file}: run `make setup`, or set MASCOT_MODEL")
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx = 2 * context_tokens
    params.n_parallel = slots
    params.kv_unified = True
    # llama.cpp's store of prompts beside the slots mixes them up when slots are pinned (build 11549): an
    # answer can come out of another conversation. The contract suite would see it.
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = threads
    # Reading a prompt synchronises seldom enough that all cores help, even beside a busy process.
    params.cpuparams_batch.n_threads = max(threads, os.cpu_count() or 1)
    params.ui = False
    params.verbosity = 0
    params.api_keys = [key]
    try:
        return xllamacpp.Server(params)
    except Exception as error:  # noqa: BLE001 - the binding raises bare exceptions
        raise ModelError(f"llama.cpp cannot load {model_file}: truncated or not a GGUF? ({error})") from None


def _check(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    response.read()
    try:
        message = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"HTTP {response.status_code}"
    raise EngineError(f"llama.cpp refused: {message}")


def _last_piece(event: dict[str, Any]) -> Piece:
    finish: Finish = "length" if event["stop_type"] == "limit" else "stop"
    timings = event["timings"]
    read, cached = timings["prompt_n"], timings["cache_n"]
    return Piece(event["content"], event["tokens_predicted"], finish, read + cached, cached)


def _quantization(model_file: Path) -> str:
    """`Q8_0` out of `smollm2-135m-instruct-q8_0.gguf`, by the custom of naming GGUF files."""
    last = model_file.stem.replace(".", "-").split("-")[-1].upper()
    return last if last[:1] in "QFIB" and any(c.isdigit() for c in last) else "unknown"
