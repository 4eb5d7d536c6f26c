"""llama.cpp's own server without anything of ours, and a proxy that counts what is asked of it."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from mascot.engines.threads import cores


@contextmanager
def bare_server(
    model_file: Path, context_tokens: int, slots: int, threads: int, prefill: bool = True
) -> Iterator[str]:
    """The address of a server of this model, with as much memory and as many threads as our engine has.

    Args:
        prefill: whether an assistant's message at the end is continued. Then two of them are refused, and
            AutoGen sends two when it falls back on the previous speaker.
    """
    xllamacpp: Any = importlib.import_module("xllamacpp")  # ships no types
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file)
    params.n_ctx, params.n_parallel, params.kv_unified = 2 * context_tokens, slots, True
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = max(threads, cores())
    params.ui, params.verbosity, params.prefill_assistant = False, 0, prefill
    server = xllamacpp.Server(params)
    try:
        yield server.listening_address
    finally:
        del server


@dataclass(frozen=True)
class Call:
    """One completion that went through the proxy."""

    prompt: str
    """All messages' contents, joined by line breaks; empty where tokens were sent."""
    prompt_tokens: int
    """Sent."""
    cached_tokens: int
    """Of these, not read again."""
    completion_tokens: int

    @property
    def read_tokens(self) -> int:
        return self.prompt_tokens - self.cached_tokens


@dataclass
class Counted:
    """What went through a proxy so far."""

    url: str
    calls: list[Call] = field(default_factory=list)


@contextmanager
def counting_proxy(target: str) -> Iterator[Counted]:
    """A proxy before a server; answers are passed on whole, a stream as one block at its end."""
    client = httpx.Client(base_url=target, timeout=600.0, trust_env=False)
    counted = Counted("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(client, counted))
    counted.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield counted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        client.close()


def read_call(asked: bytes, answered: bytes) -> Call | None:
    """The call's figures out of request and answer, from `timings` where the server gives them (llama.cpp
    counts there what it read), otherwise from `usage`; None for what is no completion."""
    body, figures = _json(asked), {}
    for line in answered.decode("utf-8", "replace").splitlines():
        figures |= {k: v for k, v in _json(line.removeprefix("data:")).items() if k in ("timings", "usage")}
    messages = body.get("messages") or []
    prompt = "\n".join(str(message.get("content", "")) for message in messages)
    if timings := figures.get("timings"):
        read, cached = timings["prompt_n"], timings.get("cache_n", 0)
        return Call(prompt, read + cached, cached, timings["predicted_n"])
    if usage := figures.get("usage"):
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return Call(prompt, usage["prompt_tokens"], cached, usage["completion_tokens"])
    return None


def _json(text: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _handler(client: httpx.Client, counted: Counted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on(b"")

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def _pass_on(self, asked: bytes) -> None:
            headers = {"Content-Type": self.headers.get("Content-Type", "application/json")}
            answer = client.request(self.command, self.path, content=asked, headers=headers)
            if (call := read_call(asked, answer.content)) is not None:
                counted.calls.append(call)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
