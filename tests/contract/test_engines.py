"""What every engine promises, asked of every engine there is."""

from __future__ import annotations

import importlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Engine, Piece, Request, Sampling, collect
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import EngineError
from tests.fixtures.adapters import EMBEDDED, random_adapter

CONTEXT = 1024
GREEDY = Sampling(max_tokens=12, temperature=0)
SYSTEM = Message("system", "You answer in one short sentence.")


def ask(text: str, prefill: str = "") -> Prompt:
    return Prompt((SYSTEM,), (Message("user", text),), prefill)


STORY = ask("Tell me a long story about a fox and a crow.")
FRANCE = ask("What is the capital of France?", "The capital of France is")


def scripted(_gguf: Path) -> Iterator[Engine]:
    def say(request: Request) -> str:
        asked = request.prompt.messages[-1].content
        return f"I was asked {asked} and I say: " + "one two three four five six seven " * 20

    def weigh(_request: Request, options: object) -> list[float]:
        assert isinstance(options, (list, tuple))
        return [9.0 if "Paris" in option else 1.0 for option in options]

    yield ScriptedEngine(say, weigh, context_tokens=CONTEXT)


def llamacpp(gguf: Path) -> Iterator[Engine]:
    from mascot.engines.llamacpp import LlamaCppEngine

    engine = LlamaCppEngine(gguf, context_tokens=CONTEXT, slots=2, threads=1)
    yield engine
    engine.close()


def transformers(gguf: Path) -> Iterator[Engine]:
    from mascot.engines.hf import TransformersEngine

    engine = TransformersEngine(gguf, context_tokens=CONTEXT, slots=2, threads=1, device="cpu")
    yield engine
    engine.close()


def openai(gguf: Path) -> Iterator[Engine]:
    from mascot.engines.openai import OpenAIEngine

    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.n_ctx, params.n_parallel = 2 * CONTEXT, 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.ui, params.verbosity = False, 0
    server = xllamacpp.Server(params)
    engine = OpenAIEngine(f"{server.listening_address}/v1", context_tokens=CONTEXT)
    yield engine
    engine.close()
    del server


ENGINES: list[Callable[[Path], Iterator[Engine]]] = [llamacpp, transformers, openai]


@pytest.fixture(
    scope="module",
    params=[scripted, *(pytest.param(e, marks=pytest.mark.model) for e in ENGINES)],
    ids=lambda make: make.__name__,
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    needs_model = request.param is not scripted
    yield from request.param(request.getfixturevalue("embedded_gguf") if needs_model else Path())


def text_of(engine: Engine, request: Request) -> str:
    return collect(engine.stream(request)).text


def test_a_stream_ends_with_exactly_one_finish_and_its_figures(engine: Engine) -> None:
    pieces = list(engine.stream(Request(STORY, GREEDY)))
    assert [p.finish is not None for p in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].prompt_tokens > 0
    assert 0 <= pieces[-1].cached_tokens <= pieces[-1].prompt_tokens
    assert "".join(p.text for p in pieces).strip()


def test_text_comes_as_it_is_made(engine: Engine) -> None:
    pieces = [p for p in engine.stream(Request(STORY, GREEDY)) if p.text]
    assert len(pieces) > 3
    assert [p.tokens for p in pieces] == sorted(p.tokens for p in pieces)


def test_greedy_is_deterministic(engine: Engine) -> None:
    assert text_of(engine, Request(STORY, GREEDY)) == text_of(engine, Request(STORY, GREEDY))


def test_a_seed_gives_the_same_text_again(engine: Engine) -> None:
    request = Request(STORY, Sampling(max_tokens=16, temperature=1.0, min_p=0.0, seed=7))
    assert text_of(engine, request) == text_of(engine, request)


def test_another_seed_gives_another_text(engine: Engine) -> None:
    if isinstance(engine, ScriptedEngine):
        pytest.skip("a script has no chance in it")
    drawn = Sampling(max_tokens=16, temperature=1.5, min_p=0.0, top_p=1.0, seed=7)
    texts = {text_of(engine, Request(STORY, replace(drawn, seed=seed))) for seed in (7, 8, 9)}
    assert len(texts) > 1


@pytest.mark.parametrize("length", [1, 2, 5, 9])
def test_no_part_of_a_stop_string_is_seen(engine: Engine, length: int) -> None:
    whole = text_of(engine, Request(STORY, GREEDY))
    stop = whole[6 : 6 + length]
    sampling = Sampling(max_tokens=12, temperature=0, stop=("never said", stop))
    done = collect(engine.stream(Request(STORY, sampling)))
    assert done.text == whole[: whole.index(stop)]
    assert done.finish == "stop"


def test_no_more_than_the_most_tokens_are_made(engine: Engine) -> None:
    done = collect(engine.stream(Request(STORY, Sampling(max_tokens=3, temperature=0))))
    assert (done.tokens, done.finish) == (3, "length")


def test_cancelling_ends_the_stream_and_the_next_request_is_answered(engine: Engine) -> None:
    cancel = threading.Event()
    after = 0
    pieces: list[Piece] = []
    for piece in engine.stream(Request(STORY, Sampling(max_tokens=200, temperature=0)), cancel):
        after += cancel.is_set()
        pieces.append(piece)
        if piece.tokens >= 3:
            cancel.set()
    assert pieces[-1].finish == "cancelled"
    assert after <= 3
    assert text_of(engine, Request(STORY, GREEDY))


def test_a_request_cancelled_before_it_began_says_next_to_nothing(engine: Engine) -> None:
    cancel = threading.Event()
    cancel.set()
    done = collect(engine.stream(Request(STORY, GREEDY), cancel))
    assert done.finish == "cancelled"
    assert done.tokens <= 1


def test_streams_closed_early_free_the_engine(engine: Engine) -> None:
    for _ in range(4):  # more than there are slots
        stream = engine.stream(Request(STORY, Sampling(max_tokens=400, temperature=0)))
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    started = time.monotonic()
    assert text_of(engine, Request(STORY, GREEDY))
    assert time.monotonic() - started < 20


def test_a_stream_that_is_not_read_holds_up_nobody(engine: Engine) -> None:
    slow = engine.stream(Request(STORY, Sampling(max_tokens=20, temperature=0)))
    first = next(slow)
    assert text_of(engine, Request(STORY, GREEDY))
    rest = collect(slow)
    assert (first.text + rest.text).startswith(text_of(engine, Request(STORY, GREEDY))[:10])


def test_conversations_at_once_never_see_each_other(engine: Engine) -> None:
    """More conversations than slots; each one's answer names its own colour and no other's."""
    colours = ("red", "green", "blue")

    def about(colour: str, turn: int) -> str:
        prompt = ask(f"Write about the colour {colour}.", "The Art of")
        return text_of(engine, Request(prompt, Sampling(max_tokens=8, temperature=0), f"{colour} {turn}"))

    for turn in range(6):
        with ThreadPoolExecutor(3) as pool:
            said = list(pool.map(lambda colour, turn=turn: about(colour, turn).lower(), colours))
        assert [[c for c in colours if c in text] for text in said] == [[c] for c in colours], said


def test_choosing_gives_probabilities_whatever_the_order(engine: Engine) -> None:
    options = [" Paris", " London", " a very large city", " a very old town"]
    chosen = engine.choose(Request(FRANCE), options)
    assert sum(chosen) == pytest.approx(1.0)
    assert min(chosen) >= 0
    backwards = engine.choose(Request(FRANCE), options[::-1])
    assert backwards[::-1] == pytest.approx(chosen, abs=0.02)


def test_the_obvious_option_is_preferred(engine: Engine) -> None:
    chosen = engine.choose(Request(FRANCE), [" London", " Paris", " Berlin"])
    assert max(chosen) == chosen[1]
    assert chosen[1] > 0.5


def test_one_option_is_certain(engine: Engine) -> None:
    assert engine.choose(Request(FRANCE), [" Rome"]) == [1.0]


@pytest.mark.parametrize("options", [[], ["a", ""], [" Paris", " Paris in spring"], ["same", "same"]])
def test_options_that_cannot_be_told_apart_are_refused(engine: Engine, options: list[str]) -> None:
    with pytest.raises(EngineError):
        engine.choose(Request(FRANCE), options)


def test_the_memory_of_a_conversation_changes_nothing(engine: Engine) -> None:
    shared = [SYSTEM]
    for turn, said in enumerate(("My cat is called Tom.", "He is three years old.", "Where is he now?")):
        shared.append(Message("user", said))
        prompt = Prompt(tuple(shared), (Message("user", f"You are agent {turn}. Answer."),))
        said_next = ["I", "He", "Tom", "The"]
        remembered = engine.choose(Request(prompt, session="growing"), said_next)
        # Not the words: what else the engine is doing moves the last digits, and greedy words with them.
        assert remembered == pytest.approx(engine.choose(Request(prompt), said_next), abs=0.05)
        answer = collect(engine.stream(Request(prompt, GREEDY, "growing")))
        shared.append(Message("assistant", answer.text))


def test_a_prompt_longer_than_the_context_is_refused_in_one_line(engine: Engine) -> None:
    with pytest.raises(EngineError, match="context") as caught:
        text_of(engine, Request(ask("word " * 3 * CONTEXT), GREEDY))
    assert "\n" not in str(caught.value)


def test_an_unknown_adapter_is_refused(engine: Engine) -> None:
    assert engine.adapters == ()
    for call in (
        lambda r: text_of(engine, r),
        lambda r: str(engine.choose(r, ["a", "b"])),
    ):
        with pytest.raises(EngineError, match="unknown adapter 'nobody'"):
            call(Request(STORY, GREEDY, adapter="nobody"))


def test_the_count_grows_with_the_prompt(engine: Engine) -> None:
    counts = [engine.count(p) for p in (ask("Hi."), ask("Hi. How are you today?"), STORY, FRANCE)]
    assert 0 < counts[0] < counts[1]
    longer = Prompt((*STORY.shared, Message("user", "More.")), STORY.cue, "Once upon")
    assert engine.count(longer) > counts[2]


def test_the_count_is_what_the_stream_reports(engine: Engine) -> None:
    done = collect(engine.stream(Request(FRANCE, GREEDY)))
    assert engine.count(FRANCE) == done.prompt_tokens


NAMES = ("ann", "bob", None)


@pytest.fixture(scope="module", params=[llamacpp, transformers], ids=lambda make: make.__name__)
def adapted(
    request: pytest.FixtureRequest, embedded_gguf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine with two activated adapters."""
    home = tmp_path_factory.mktemp("adapters")
    for engine in request.param(embedded_gguf):
        for seed, name in enumerate(("ann", "bob")):
            engine.load_adapter(name, random_adapter(home / name, seed, strength=0.2))
        yield engine


@pytest.mark.model
def test_an_adapter_changes_what_is_said_and_only_where_it_is_asked_for(adapted: Engine) -> None:
    assert adapted.adapters == ("ann", "bob")
    fresh = {name: text_of(adapted, Request(STORY, GREEDY, adapter=name)) for name in NAMES}
    assert len(set(fresh.values())) == len(NAMES)
    for name in ("ann", None, "bob", "ann", "bob", None):
        assert text_of(adapted, Request(STORY, GREEDY, "one table", name)) == fresh[name]


@pytest.mark.model
def test_a_change_of_adapter_reads_only_what_follows_the_shared_talk(adapted: Engine) -> None:
    shared = (SYSTEM, Message("user", "The fox saw the crow with its piece of cheese. " * 12))
    for turn, name in enumerate(("ann", "bob", "ann", "bob")):
        prompt = Prompt(shared, (Message("user", f"({name} is next.)"),))
        done = collect(adapted.stream(Request(prompt, GREEDY, "shared talk", name)))
        if turn:
            assert done.prompt_tokens - done.cached_tokens < 40


@pytest.mark.model
def test_streams_at_once_under_different_adapters_say_what_they_say_alone(adapted: Engine) -> None:
    said_next = ["The", "Once", "A", "You", "In"]
    requests = [Request(STORY, GREEDY, f"{name} alone", name) for name in NAMES]
    alone = [adapted.choose(request, said_next) for request in requests]
    for one, other in itertools.combinations(alone, 2):
        assert max(abs(p - q) for p, q in zip(one, other, strict=True)) > 0.1
    # Not the words: what else the engine is doing moves the last digits, and greedy words with them.
    with ThreadPoolExecutor(len(requests)) as pool:
        for found, wanted in zip(
            pool.map(lambda r: adapted.choose(r, said_next), requests), alone, strict=True
        ):
            assert found == pytest.approx(wanted, abs=0.05)


@pytest.mark.model
def test_an_adapter_that_cannot_be_used_is_refused_in_one_line_and_disturbs_nobody(
    adapted: Engine, tmp_path: Path
) -> None:
    before = text_of(adapted, Request(STORY, GREEDY, adapter="ann"))
    cut = random_adapter(tmp_path / "cut", 3) / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:1000])
    for folder in (
        cut.parent,
        random_adapter(tmp_path / "deeper", 3, sizes=replace(EMBEDDED, layers=31)),
        tmp_path / "nowhere",
    ):
        for name in ("new", "ann"):
            with pytest.raises(EngineError, match="adapter") as caught:
                adapted.load_adapter(name, folder)
            assert "\n" not in str(caught.value)
    assert adapted.adapters == ("ann", "bob")
    assert text_of(adapted, Request(STORY, GREEDY, adapter="ann")) == before
