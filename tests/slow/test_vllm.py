"""Our engine against a real vLLM server on the CPU, where an environment with vLLM is named.

`MASCOT_TEST_VLLM=/path/to/environment pytest tests/slow/test_vllm.py`; docs/scale.md says how to make one.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mascot.conversation.events import Directive
from mascot.conversation.layout import speak
from mascot.conversation.personas import load_cast
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.director.model import ModelDirector, ask
from mascot.director.rules import legal
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from mascot.engines.hf_load import convert_gguf
from mascot.engines.openai import OpenAIEngine
from tests.fixtures.adapters import random_adapter
from tests.fixtures.models import embedded_gguf

__all__ = ["embedded_gguf"]
ENVIRONMENT = os.environ.get("MASCOT_TEST_VLLM", "")
pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not ENVIRONMENT, reason="MASCOT_TEST_VLLM names no environment with vLLM"),
]
START_SECONDS = 400.0
CAST = load_cast()
GREEDY = Sampling(max_tokens=12, temperature=0)


@pytest.fixture(scope="module")
def engine(embedded_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAIEngine]:
    folder = tmp_path_factory.mktemp("vllm")
    one, other = (random_adapter(folder / name, seed, invocation=None) for seed, name in enumerate("ab"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (folder / "vllm.log").open("w")
    command = [f"{ENVIRONMENT}/bin/vllm", "serve", str(convert_gguf(embedded_gguf)), "--port", str(port)]
    command += ["--served-model-name", "base", "--dtype", "float32", "--max-model-len", "2048"]
    command += ["--enforce-eager", "--enable-lora", "--lora-modules", f"one={one}", f"other={other}"]
    # One place more than there are adapters: on the CPU this vLLM gives the last place's adapter, if there is
    # one, to requests without any that share a batch with those that have one (vLLM's pull request 48421).
    command += ["--max-loras", "3", "--enable-prompt-tokens-details"]
    process = subprocess.Popen(
        command, stdout=log, stderr=log, env=os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1"}
    )
    engine = None
    try:
        _wait(port, process, Path(log.name))
        engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1", "base", timeout_seconds=300)
        engine.load_adapters({"one": one, "other": other})
        yield engine
        assert process.poll() is None, f"vLLM did not live to the end:\n{Path(log.name).read_text()[-6000:]}"
    finally:
        if engine is not None:
            engine.close()
        process.terminate()
        process.wait(60)
        log.close()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(1)
    pytest.fail(f"vLLM was not up in {START_SECONDS:.0f} s:\n{log.read_text()[-3000:]}")


def talk(turns: int) -> Transcript:
    said = [
        Turn(PERSON if i % 5 == 0 else CAST.ids[i % 4], f"Thing number {i} happened.") for i in range(turns)
    ]
    return Transcript(CAST.ids, turns=tuple(said), floor="group")


def spoken(engine: OpenAIEngine, agent: str, adapter: str | None = None, turns: int = 60):
    directive = Directive(agent=agent, action="name the feeling", tone="calm", score=1.0)
    prompt = speak(talk(turns), CAST, directive, "card")
    return collect(engine.stream(Request(prompt, GREEDY, "talk", adapter)))


def test_another_speaker_reads_only_its_cue(engine: OpenAIEngine) -> None:
    spoken(engine, "anchor")
    second = spoken(engine, "catalyst")
    assert second.prompt_tokens > 700
    assert second.cached_tokens > 0.6 * second.prompt_tokens


def test_the_director_gets_the_probability_of_every_legal_move(engine: OpenAIEngine) -> None:
    question = Prompt((), (Message("user", "What is the capital of France?"),), "The capital of France is")
    paris, rome = engine.choose(Request(question), [" Paris", " Rome"])
    assert paris > 0.8
    assert paris + rome == pytest.approx(1)


def test_its_probabilities_are_those_of_the_same_weights_here(
    engine: OpenAIEngine, embedded_gguf: Path
) -> None:
    request = Request(ask(talk(20), CAST, trained=False))
    options = [*(f" {persona.name}" for persona in CAST), " the person", " the people"]
    first, second = (engine.choose(request, options) for _ in range(2))
    assert first == pytest.approx(second, abs=1e-3), "what comes out of the cache is what was read"
    local = TransformersEngine(embedded_gguf, device="cpu")
    try:
        assert first == pytest.approx(local.choose(request, options), abs=0.01)
    finally:
        local.close()


@pytest.mark.parametrize("adapter", [None, "one"])
def test_a_directive_from_the_server_is_legal(engine: OpenAIEngine, adapter: str | None) -> None:
    """Beside LoRA, and by an adapter of the director's own: asked for the wrong thing, vLLM ended here."""
    transcript = talk(6)
    moves = legal(transcript, CAST)
    decision = ModelDirector(engine, adapter).decide(transcript, CAST, moves, "talk")
    assert decision.agent in {*moves.agents, None}
    if decision.agent is not None:
        assert decision.action in CAST[decision.agent].repertoire
        assert decision.tone in CAST[decision.agent].tones


def test_choices_and_words_asked_for_at_once_are_those_asked_for_alone(engine: OpenAIEngine) -> None:
    options = [f" {persona.name}" for persona in CAST]
    questions = [
        Request(ask(talk(turns), CAST, trained=False), adapter=adapter)
        for turns, adapter in [(4, None), (8, "one"), (12, None), (5, "other")]
    ]
    alone = [engine.choose(question, options) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        words = [pool.submit(spoken, engine, agent, None, 10) for agent in CAST.ids]
        chosen = list(pool.map(lambda question: engine.choose(question, options), questions))
        assert all(one.result().tokens for one in words)
    for one, other in zip(chosen, alone, strict=True):
        assert one == pytest.approx(other, abs=0.01)


def test_adapters_are_switched_by_name_and_do_not_see_one_anothers_cache(engine: OpenAIEngine) -> None:
    fresh = {name: spoken(engine, "anchor", name).text for name in ("one", "other")}
    fresh["base"] = spoken(engine, "anchor").text
    assert len(set(fresh.values())) == 3
    again = {name: spoken(engine, "anchor", name).text for name in ("one", "other")}
    assert again == {name: fresh[name] for name in again}
