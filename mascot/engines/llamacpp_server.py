"""llama.cpp's own server inside this process, spoken to over the loopback.

It listens on a port of its choice and answers only who knows the key that this object made. HTTP costs
about a millisecond and buys what the Python callbacks of `xllamacpp` do not offer: cancellation by closing
the connection, parallel slots, tokenizing.
"""

from __future__ import annotations

import importlib
import json
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from mascot.engines.threads import cores
from mascot.errors import EngineError, EngineTimeoutError, ModelError


class LlamaServer:
    """One running server.

    Args:
        model_file: the GGUF.
        tokens: what all slots together can hold.
        slots: requests that are worked on at the same time.
        threads: threads that write; all cores read.
        adapters: GGUF adapters; a request names them by their place in this list.
        timeout_seconds: longest silence.

    Raises:
        ModelError: the model is missing, or llama.cpp cannot read it or one of the adapters.
    """

    def __init__(
        self,
        model_file: Path,
        *,
        tokens: int,
        slots: int,
        threads: int,
        adapters: Sequence[Path] = (),
        timeout_seconds: float = 60.0,
    ) -> None:
        key = secrets.token_urlsafe(24)
        self._server: Any = _start(model_file, tokens, slots, threads, adapters, key)
        self._http = httpx.Client(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(timeout_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        )

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The server's answer.

        Raises:
            EngineError: there is none, or it is a refusal.
        """
        with self._translated():
            return _check(self._http.post(path, json=body)).json()

    def events(self, body: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
        """A completion as it is made; None for a line that says nothing. Closing the iterator cancels it.

        Raises:
            EngineError: as `post`; also when it ends without its last event.
        """
        with (
            self._translated(),
            self._http.stream("POST", "/completion", json=body | {"stream": True}) as response,
            closing(_check(response).iter_lines()) as lines,  # type: ignore[type-var]
        ):
            for line in lines:
                if not line.startswith("data: "):
                    yield None
                    continue
                event = json.loads(line[6:])
                if "error" in event:
                    raise EngineError(f"llama.cpp: {event['error'].get('message', event['error'])}")
                yield event
                if event["stop"]:
                    return
        raise EngineError("llama.cpp ended its answer without a last line: the engine was closed")

    def close(self) -> None:
        """Stop the server and its threads, and give back its memory."""
        self._http.close()
        self._server = None

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


def _start(
    model_file: Path, tokens: int, slots: int, threads: int, adapters: Sequence[Path], key: str
) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")  # ships no types

    if not model_file.is_file():
        raise ModelError(f"there is no model at {model_file}: run `make setup`, or set MASCOT_MODEL")
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx = tokens
    params.n_parallel = slots
    params.kv_unified = True
    # llama.cpp's store of prompts beside the slots mixes them up when slots are pinned (build 11549): an
    # answer can come out of another conversation. The contract suite would see it.
    params.cache_ram_mib = 0
    params.slot_save_path = tempfile.gettempdir()  # nothing is saved there; without it slots are not emptied
    params.cpuparams.n_threads = threads
    # Reading a prompt synchronises seldom enough that all cores help, even beside a busy process.
    params.cpuparams_batch.n_threads = max(threads, cores())
    # Strength 0 until a request asks: one that names no adapter would otherwise get them all.
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in adapters]
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
