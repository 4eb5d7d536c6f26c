"""One memory for every persona: greedy answers equal those without any cache, token by token.

The scripted steps here are what a group conversation does: somebody speaks under an adapter, what was said
becomes part of the talk, another speaks, the director weighs options, the base model is asked in between,
several conversations run at once. PEFT alone says what is right, see `tests.fixtures.peft_oracle`.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Completion, Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from tests.fixtures.peft_oracle import Listener, Oracle
from tests.fixtures.tiny import activated, tiny, tiny_adapter

GREEDY = Sampling(max_tokens=6, temperature=0)
NAMES = ("ann", "bob", "director", "plain", None)
TABLE = Message("system", "A table.")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("model") / "tiny", context=2048)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, model: Path) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("adapters")
    made = {
        name: activated(home / name, model, seed, r=rank)
        for seed, (name, rank) in enumerate((("ann", 2), ("bob", 4), ("director", 8)))
    }
    return made | {"plain": tiny_adapter(home / "plain", model, 9)}


@pytest.fixture(scope="module")
def oracle(model: Path, folders: dict[str, Path]) -> Oracle:
    return Oracle(model, folders)


def serving(model: Path, folders: dict[str, Path]) -> TransformersEngine:
    engine = TransformersEngine(model, device="cpu", threads=1, slots=3)
    for name, folder in folders.items():
        engine.load_adapter(name, folder)
    return engine


@pytest.fixture(scope="module")
def engine(model: Path, folders: dict[str, Path]) -> Iterator[TransformersEngine]:
    made = serving(model, folders)
    yield made
    made.close()


@pytest.fixture
def session() -> str:
    """A conversation that nobody has had yet."""
    return uuid4().hex


def cue(name: str | None) -> Message:
    return Message("user", f"({name or 'Anyone'}!)")


def hold(
    engine: TransformersEngine, session: str, turns: list[tuple[str | None, str]], sampling: Sampling = GREEDY
) -> list[Completion]:
    """A conversation; each turn is said under an adapter after the person's words, and then part of it."""
    shared, done = [TABLE], []
    for name, text in turns:
        if text:
            shared.append(Message("user", text))
        prompt = Prompt(tuple(shared), (cue(name),))
        done.append(collect(engine.stream(Request(prompt, sampling, session, name))))
        shared.append(Message("assistant", done[-1].text))
    return done


TURNS = st.lists(st.tuples(st.sampled_from(NAMES), st.text("abc ", max_size=12)), min_size=1, max_size=5)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(talks=st.lists(TURNS, min_size=1, max_size=5))
def test_every_turn_of_every_talk_is_what_it_is_without_a_cache(
    engine: TransformersEngine, oracle: Oracle, talks: list[list[tuple[str | None, str]]]
) -> None:
    """More talks at once than there are slots; in the next example they go on where others were."""
    listener = Listener(engine)
    with ThreadPoolExecutor(len(talks)) as pool:
        list(pool.map(lambda numbered: hold(engine, f"s{numbered[0]}", numbered[1]), enumerate(talks)))
    verdict = oracle.judge(listener.answers(), engine._ends)
    assert not verdict.wrong
    assert verdict.tokens >= sum(map(len, talks))


def test_adapters_of_random_weights_say_other_things(engine: TransformersEngine, session: str) -> None:
    """Else the equality above would be an equality of nothing."""
    prompt = Prompt((TABLE,), (cue("x"),))
    said = {name: collect(engine.stream(Request(prompt, GREEDY, session, name))).text for name in NAMES}
    assert len(set(said.values())) == len(NAMES), said


def test_a_change_of_speaker_reads_only_what_was_newly_said(engine: TransformersEngine, session: str) -> None:
    talk = Message("user", "word " * 100)
    prompts = {name: Prompt((TABLE, talk), (cue(name),)) for name in ("ann", "bob", "director")}
    first = collect(engine.stream(Request(prompts["ann"], GREEDY, session, "ann")))
    cues = first.prompt_tokens - engine.count(Prompt((TABLE, talk), ())) + 30
    for name in ("bob", "director", "ann"):
        done = collect(engine.stream(Request(prompts[name], GREEDY, session, name)))
        assert done.prompt_tokens - done.cached_tokens <= cues, name
    nobody = collect(engine.stream(Request(prompts["ann"], GREEDY, session)))
    assert nobody.prompt_tokens - nobody.cached_tokens <= cues


def test_what_was_said_under_an_adapter_is_read_again_by_the_base_model(
    engine: TransformersEngine, session: str
) -> None:
    """Even when the next prompt is word for word the last one and its answer."""
    prompt = Prompt((TABLE,), (cue("ann"),), "So")
    before = engine.count(Prompt((TABLE,), (cue("ann"),)))
    collect(engine.stream(Request(prompt, GREEDY, session, "ann")))
    for name in ("bob", None):
        done = collect(engine.stream(Request(prompt, GREEDY, session, name)))
        assert done.cached_tokens < before


def test_a_plain_adapter_shares_nothing_but_with_itself(engine: TransformersEngine, session: str) -> None:
    prompt = Prompt((TABLE, Message("user", "word " * 30)), (cue("x"),))
    cached = [
        collect(engine.stream(Request(prompt, GREEDY, session, name))).cached_tokens
        for name in (None, "plain", "ann", "plain")
    ]
    assert cached[0] == cached[1] == 0
    assert cached[2] > 100
    assert cached[3] > 100


def test_an_adapter_loaded_anew_under_an_old_name_forgets_the_old_one(
    model: Path, folders: dict[str, Path], session: str
) -> None:
    engine = serving(model, folders)
    prompt = Prompt((TABLE,), (cue("x"),))
    for name, other in (("plain", "bob"), ("ann", "director")):
        collect(engine.stream(Request(prompt, GREEDY, session, name)))
        engine.load_adapter(name, folders[other])
        now = collect(engine.stream(Request(prompt, GREEDY, session, name))).text
        assert now == collect(engine.stream(Request(prompt, GREEDY, "fresh", other))).text
    engine.close()


def test_options_are_weighed_as_without_a_cache(
    engine: TransformersEngine, oracle: Oracle, session: str
) -> None:
    options = ["ab", "acc", "b", "dxy"]
    talk = (TABLE, Message("user", "Hello there."))
    for name in ("ann", "director", None, "plain", "ann"):
        prompt = Prompt(talk, (cue(name),), "Next:")
        chosen = engine.choose(Request(prompt, session=session, adapter=name), options)
        ids = engine._ids(engine._template.render(prompt))

        def share(path: str, letters: str, ids: list[int] = ids, name: str | None = name) -> list[float]:
            row = oracle.logits(ids, engine._ids(path), name)[-1]
            return row[[engine._ids(letter)[0] for letter in letters]].softmax(-1).tolist()

        a, b, d = share("", "abd")
        ab, ac = share("a", "bc")
        assert chosen == pytest.approx([a * ab, a * ac, b, d], abs=1e-4)
        collect(engine.stream(Request(prompt, GREEDY, session, name)))


def test_a_choice_leaves_no_trace_in_the_memory(
    engine: TransformersEngine, oracle: Oracle, session: str
) -> None:
    listener = Listener(engine)
    prompt = Prompt((TABLE, Message("user", "Hello there.")), (cue("ann"),), "Next:")
    for name in ("ann", None):
        engine.choose(Request(prompt, session=session, adapter=name), ["abcdefgh", "xyz"])
        collect(engine.stream(Request(prompt, GREEDY, session, name)))
    assert not oracle.judge(listener.answers(), engine._ends).wrong
