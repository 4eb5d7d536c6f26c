"""Decoding by our engines and by the bare ones under them: same model, same threads, same sampling."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from mascot.bench.measure import Figure, Say, decode_rate, interleaved
from mascot.bench.server import bare_server
from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Engine, Request, Sampling

OURS, BARE = "ours", "bare engine"
_STORY = "Tell a very long story about the keeper of a lighthouse."
Rate = Callable[[int], float]
"""Tokens per second in a round."""


def decoding(engine: Engine, bare: Rate, tokens: int, rounds: int, say: Say) -> list[Figure]:
    """Tokens per second of our engine and of a bare one, for answers of at most so many tokens."""
    measured = our_rate(engine, tokens)
    measured(rounds)
    bare(rounds)
    samples = interleaved({OURS: measured, BARE: bare}, rounds)
    figures = [Figure(name, taken, "tok/s") for name, taken in samples.items()]
    say(", ".join(f"{figure.what} {figure.median:.1f} tok/s" for figure in figures))
    return figures


def our_rate(engine: Engine, tokens: int) -> Rate:
    """Decoding by one of our engines."""
    prompt = Prompt((), (Message("user", _STORY),))

    def rate(number: int) -> float:
        request = Request(prompt, Sampling(**_drawn(number), max_tokens=tokens), "bench/decode")
        pieces = engine.stream(request)
        return decode_rate((piece.tokens, time.perf_counter()) for piece in pieces if piece.text)

    return rate


@contextmanager
def bare_llamacpp(model_file: Path, threads: int, tokens: int) -> Iterator[Rate]:
    """llama.cpp's server alone, one slot."""
    with bare_server(model_file, 1024, 1, threads) as address, httpx.Client(base_url=address) as http:
        messages = {"messages": [{"role": "user", "content": _STORY}]}
        prompt = http.post("/apply-template", json=messages).json()["prompt"]

        def rate(number: int) -> float:
            body = {"prompt": prompt, "n_predict": tokens, "stream": True, "top_k": 0, **_drawn(number)}
            with http.stream("POST", "/completion", json=body, timeout=600) as response:
                events = (json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data:"))
                return decode_rate(
                    (e["tokens_predicted"], time.perf_counter()) for e in events if e["content"]
                )

        yield rate


@contextmanager
def bare_transformers(folder: Path, tokens: int) -> Iterator[Rate]:
    """`model.generate` alone, with PyTorch's threads as they are set in this process."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    messages = [{"role": "user", "content": _STORY}]
    ids = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )

    class Clock(transformers.generation.streamers.BaseStreamer):
        def __init__(self) -> None:
            self.seen: list[tuple[int, float]] = []

        def put(self, value: object) -> None:  # noqa: ARG002 - only the moment matters
            self.seen.append((len(self.seen), time.perf_counter()))

        def end(self) -> None:
            """The last token has been put already."""

    def rate(number: int) -> float:
        clock, options = Clock(), {**_drawn(number), "do_sample": True, "max_new_tokens": tokens}
        torch.manual_seed(options.pop("seed"))
        model.generate(**ids, **options, streamer=clock, top_k=0)
        return decode_rate(clock.seen[1:])  # what is put first is the prompt

    yield rate


def _drawn(number: int) -> dict[str, Any]:
    """The sampling of a round, the same on both sides."""
    return {"temperature": 0.7, "top_p": 1.0, "min_p": 0.05, "seed": number}
