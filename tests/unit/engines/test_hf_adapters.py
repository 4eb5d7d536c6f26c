"""Adapters of the transformers engine: switched from request to request, refused in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from mascot.errors import EngineError
from tests.fixtures.peft_oracle import Listener, Oracle
from tests.fixtures.tiny import activated, tiny, tiny_adapter

ASK = Prompt((Message("system", "Hi."),), (Message("user", "who"),))
GREEDY = Sampling(max_tokens=10, temperature=0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture
def engine(model: Path) -> Iterator[TransformersEngine]:
    made = TransformersEngine(model, device="cpu", threads=1)
    yield made
    made.close()


def text(engine: TransformersEngine, name: str | None) -> str:
    return collect(engine.stream(Request(ASK, GREEDY, "s", name))).text


def edited(folder: Path, **fields: object) -> Path:
    """The folder with other fields in its configuration."""
    config = folder / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | fields))
    return folder


def test_adapters_are_switched_from_request_to_request(
    engine: TransformersEngine, model: Path, tmp_path: Path
) -> None:
    alone = text(engine, None)
    for seed, name in enumerate(("ann", "bob")):
        engine.load_adapter(name, tiny_adapter(tmp_path / name, model, seed))
    assert engine.adapters == ("ann", "bob")
    said = [text(engine, name) for name in ("ann", "bob", None, "ann", None)]
    assert len({said[0], said[1], alone}) == 3
    assert said == [said[0], said[1], alone, said[0], alone]
    engine.load_adapter("ann", tmp_path / "bob")
    assert engine.adapters == ("bob", "ann")
    assert text(engine, "ann") == said[1]
    with pytest.raises(EngineError, match="unknown adapter 'eve': this engine has bob, ann"):
        text(engine, "eve")


@pytest.mark.parametrize("quantization", ["int8", "nf4"])
def test_quantised_models_take_adapters_too(model: Path, tmp_path: Path, quantization: str) -> None:
    engine = TransformersEngine(model, device="cpu", quantization=quantization, threads=1)  # type: ignore[arg-type]
    engine.load_adapter("ann", activated(tmp_path / "ann", model, 1))
    # Without a session: torch's int8 rounds a block of a prompt by one scale, so a cache moves last digits.
    said = [collect(engine.stream(Request(ASK, GREEDY, "", name))).text for name in (None, "ann", None)]
    assert said[0] == said[2] != said[1]
    engine.close()


@pytest.mark.parametrize("kind", ["plain", "activated", "rank-stabilised"])
def test_an_adapter_does_what_it_does_under_peft(
    engine: TransformersEngine, model: Path, tmp_path: Path, kind: str
) -> None:
    make = tiny_adapter if kind == "plain" else activated
    folder = make(tmp_path / "x", model, 3, lora_alpha=6, use_rslora=kind == "rank-stabilised")
    engine.load_adapter("x", folder)
    listener = Listener(engine)
    text(engine, "x")
    assert not Oracle(model, {"x": folder}).judge(listener.answers(), engine._ends).wrong


def test_an_adapter_that_does_not_fit_is_refused_and_changes_nothing(
    engine: TransformersEngine, model: Path, tmp_path: Path
) -> None:
    engine.load_adapter("good", activated(tmp_path / "good", model, 2))
    before = text(engine, "good"), text(engine, None)
    (tmp_path / "empty").mkdir()
    cut = activated(tmp_path / "cut", model, 1) / "adapter_model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-100])
    half = activated(tmp_path / "half", model, 1) / "adapter_model.safetensors"
    weights = load_file(half)
    save_file({key: weights[key] for key in sorted(weights)[:-1]}, half)
    for path, reason in (
        (tiny_adapter(tmp_path / "other", tiny(tmp_path / "large", hidden=128), 1), "is sized"),
        (activated(tmp_path / "uncalled", model, 1, alora_invocation_tokens=[250, 251]), "never writes"),
        (tiny_adapter(tmp_path / "dora", model, 1, use_dora=True), "use_dora"),
        (edited(activated(tmp_path / "biased", model, 1), bias="all"), "bias"),
        (edited(activated(tmp_path / "kind", model, 1), peft_type="telepathy"), "no readable"),
        (tmp_path / "empty", "adapter_config"),
        (tmp_path / "none", "adapter_config"),
        (cut.parent, "damaged"),
        (half.parent, "half of"),
    ):
        for name in ("x", "good"):
            with pytest.raises(EngineError, match=reason) as caught:
                engine.load_adapter(name, path)
            assert "\n" not in str(caught.value)
    assert engine.adapters == ("good",)
    assert (text(engine, "good"), text(engine, None)) == before


def test_only_the_last_invocation_of_a_talk_counts(
    engine: TransformersEngine, model: Path, tmp_path: Path
) -> None:
    folder = activated(tmp_path / "x", model, 3)
    engine.load_adapter("x", folder)
    talk = tuple(Message("assistant", f"answer {i}") for i in range(3))
    listener = Listener(engine)
    collect(engine.stream(Request(Prompt(talk, ASK.cue), GREEDY, "s", "x")))
    answer = listener.answers()[0]
    under = [adapter is not None for _, adapter in answer.task.marks[: len(answer.prompt)]]
    called = 1 + len("assistant\n")  # one control token, then bytes
    assert under == [False] * (len(under) - called) + [True] * called
    assert not Oracle(model, {"x": folder}).judge([answer], engine._ends).wrong
