"""The transformers engine on a tiny model with random weights: memories, quantization, adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.decoding import Detokenizer, Memories, Memory, draw
from mascot.engines.hf import TransformersEngine
from mascot.engines.hf_load import Quantization
from mascot.engines.templates import CHATML
from mascot.engines.tries import weigh
from mascot.errors import EngineError, ModelError

GREEDY = Sampling(max_tokens=10, temperature=0)


def ask(text: str) -> Prompt:
    return Prompt((Message("system", "Hi."),), (Message("user", text),))


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte, and two control tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", additional_special_tokens=["<|im_start|>"]
    )
    fast.chat_template = CHATML
    return fast


def tiny(folder: Path, hidden: int = 64, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.5,
        eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),  # type: ignore[arg-type]
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def adapter(folder: Path, base: Path, seed: int, **config: Any) -> Path:
    torch.manual_seed(seed)
    lora = LoraConfig(
        r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", init_lora_weights=False, **config
    )
    get_peft_model(LlamaForCausalLM.from_pretrained(base), lora).save_pretrained(folder)  # type: ignore[arg-type]
    return folder


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


def test_adapters_are_switched_from_request_to_request(model: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(model, device="cpu", threads=1)
    alone = text(engine, Request(ask("who"), GREEDY, "s"))
    for seed, name in enumerate(("ann", "bob")):
        engine.load_adapter(name, adapter(tmp_path / name, model, seed))
    assert engine.adapters == ("ann", "bob")
    said = [text(engine, Request(ask("who"), GREEDY, "s", n)) for n in ("ann", "bob", None, "ann", None)]
    assert len({said[0], said[1], alone}) == 3
    assert said == [said[0], said[1], alone, said[0], alone]
    engine.load_adapter("ann", tmp_path / "bob")
    assert engine.adapters == ("bob", "ann")
    assert text(engine, Request(ask("who"), GREEDY, "s", "ann")) == said[1]
    with pytest.raises(EngineError, match="unknown adapter 'eve': this engine has bob, ann"):
        text(engine, Request(ask("who"), GREEDY, adapter="eve"))


def test_an_adapter_for_another_model_is_refused_and_changes_nothing(model: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(model, device="cpu", threads=1)
    before = text(engine, Request(ask("who"), GREEDY))
    other = adapter(tmp_path / "other", tiny(tmp_path / "large", hidden=128), 1)
    activated = adapter(tmp_path / "activated", model, 1, alora_invocation_tokens=[1])
    (tmp_path / "empty").mkdir()
    for path, reason in (
        (other, "is sized"),
        (activated, "activated"),
        (tmp_path / "empty", "adapter_config"),
    ):
        with pytest.raises(EngineError, match=reason) as caught:
            engine.load_adapter("x", path)
        assert "\n" not in str(caught.value)
    assert engine.adapters == ()
    assert text(engine, Request(ask("who"), GREEDY)) == before


def test_int8_on_the_cpu_takes_no_adapters(model: Path, tmp_path: Path) -> None:
    engine = TransformersEngine(model, device="cpu", quantization="int8", threads=1)
    with pytest.raises(EngineError, match="MASCOT_QUANTIZATION"):
        engine.load_adapter("x", adapter(tmp_path / "x", model, 1))


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
    assert drawn(Sampling(temperature=0, repeat_penalty=1.5), (0,)) == {1}


def test_the_memory_silent_longest_makes_room() -> None:
    memories, held = Memories(2), {name: Memory() for name in "abc"}
    for name in "abc":
        memories.put(name, None, held[name])
    assert memories.take("a", None) is not held["a"]
    assert memories.take("c", None) is held["c"]
    assert memories.take("c", None) is not held["c"]  # it belongs to who took it


def test_options_of_the_same_tokens_are_refused() -> None:
    with pytest.raises(EngineError, match="tell the options apart"):
        weigh([[1, 2], [1, 2]], lambda _path, tokens: [1 / len(tokens)] * len(tokens))
