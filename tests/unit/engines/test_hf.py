"""The transformers engine on a tiny model with random weights: memories, quantization, decoding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.decoding import Detokenizer, draw
from mascot.engines.hf import TransformersEngine
from mascot.engines.hf_load import Quantization
from mascot.engines.tries import weigh
from mascot.errors import EngineError, ModelError
from tests.fixtures.tiny import byte_tokenizer, tiny

GREEDY = Sampling(max_tokens=10, temperature=0)


def ask(text: str) -> Prompt:
    return Prompt((Message("system", "Hi."),), (Message("user", text),))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny") / "tiny")


@pytest.fixture(scope="module")
def engine(model: Path) -> TransformersEngine:
    return TransformersEngine(model, device="cpu", threads=1, slots=2)


def text(engine: TransformersEngine, request: Request) -> str:
    return collect(engine.stream(request)).text


@pytest.mark.parametrize("quantization", ["none", "int8", "nf4"])
def test_every_quantization_answers_and_remembers_on_the_cpu(model: Path, quantization: Quantization) -> None:
    engine = TransformersEngine(model, device="cpu", quantization=quantization, threads=1)
    assert (engine.info.device, engine.info.quantization) == ("cpu", quantization)
    assert engine.info.context_tokens == 1024
    first = collect(engine.stream(Request(ask("one"), GREEDY, "s")))
    again = collect(engine.stream(Request(ask("one"), GREEDY, "s")))
    assert first.tokens == again.tokens > 0
    assert (first.cached_tokens, again.cached_tokens) == (0, again.prompt_tokens - 1)
    assert sum(engine.choose(Request(ask("one")), ["a", "b"])) == pytest.approx(1)
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        collect(engine.stream(Request(ask("one"), GREEDY)))


def test_a_long_prompt_is_read_in_blocks_to_the_same_end(engine: TransformersEngine) -> None:
    prompt = ask("word " * 150)
    assert engine.count(prompt) > 512
    whole = collect(engine.stream(Request(prompt, GREEDY, "long")))
    shorter = Prompt(prompt.shared, (Message("user", "word " * 100 + "!"),))
    kept = collect(engine.stream(Request(shorter, GREEDY, "long")))
    assert kept.cached_tokens > 400
    assert kept.text == text(engine, Request(shorter, GREEDY))
    assert whole.text == text(engine, Request(prompt, GREEDY))


def test_choosing_equals_the_product_over_tokens(engine: TransformersEngine, model: Path) -> None:
    options = ["ab", "ac", "b", "dxy"]
    chosen = engine.choose(Request(ask("pick")), options)
    plain = LlamaForCausalLM.from_pretrained(model).eval()
    tokenizer = byte_tokenizer()
    prompt = engine._ids(engine._template.render(ask("pick")))

    def share(path: str, letters: str) -> list[float]:
        ids = prompt + tokenizer.encode(path, add_special_tokens=False)
        with torch.inference_mode():
            logits = plain(torch.tensor([ids])).logits[0, -1]  # type: ignore[operator]
        return logits[[tokenizer.encode(c)[0] for c in letters]].softmax(-1).tolist()

    a, b, d = share("", "abd")
    ab, ac = share("a", "bc")
    assert chosen == pytest.approx([a * ab, a * ac, b, d], abs=1e-4)


def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for source in (tmp_path, tmp_path / "none", tmp_path / "none.gguf"):
        with pytest.raises(ModelError) as caught:
            TransformersEngine(source, device="cpu")
        assert "\n" not in str(caught.value)


@given(st.text(min_size=1, max_size=30).filter(lambda s: "\ufffd" not in s))
def test_characters_of_several_tokens_appear_whole(written: str) -> None:
    tokenizer = byte_tokenizer()
    stream = Detokenizer(tokenizer, tokenizer.encode("Before: "))
    said = [stream.add(token) for token in tokenizer.encode(written)]
    assert "".join(said) + stream.rest() == written
    assert not any("\ufffd" in piece for piece in said)


def test_half_a_character_at_the_end_is_not_shown() -> None:
    tokenizer = byte_tokenizer()
    stream = Detokenizer(tokenizer, [])
    assert [stream.add(t) for t in tokenizer.encode("a\u20ac")[:-1]] == ["a", "", ""]
    assert stream.rest() == ""


def test_drawing_follows_the_filters() -> None:
    logits = torch.tensor([4.0, 3.9, 1.0, -5.0])
    generator = torch.Generator().manual_seed(0)

    def drawn(sampling: Sampling, seen: tuple[int, ...] = ()) -> set[int]:
        return {draw(logits, seen, sampling, generator) for _ in range(400)}

    loose = Sampling(temperature=1.0, top_p=1.0, min_p=0.0)
    assert drawn(loose) >= {0, 1, 2}
    assert drawn(Sampling(temperature=1.0, top_p=1.0, min_p=0.5)) == {0, 1}
    assert drawn(Sampling(temperature=1.0, top_p=0.3, min_p=0.0)) == {0}
    assert drawn(Sampling(temperature=0)) == {0}
    wary = Sampling(temperature=0, repeat_penalty=1.5)
    assert drawn(wary, (0,)) == {1}
    assert drawn(wary, (0, *[2] * 127)) == {1}  # as far back as llama.cpp is told to look
    assert drawn(wary, (0, *[2] * 128)) == {0}


def test_options_of_the_same_tokens_are_refused() -> None:
    with pytest.raises(EngineError, match="tell the options apart"):
        weigh([[1, 2], [1, 2]], lambda _path, tokens: [1 / len(tokens)] * len(tokens))
