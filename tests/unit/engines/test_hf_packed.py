"""Families of models under packed steps: read as they read themselves, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from mascot.errors import ModelError
from tests.fixtures.peft_oracle import Listener, Oracle
from tests.fixtures.tiny import byte_tokenizer

SIZES: dict[str, Any] = {
    "vocab_size": len(byte_tokenizer()),
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 1024,
    "initializer_range": 0.3,
    "eos_token_id": byte_tokenizer().convert_tokens_to_ids("<|im_end|>"),
}


def saved(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "make",
    [
        lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=24)),
        lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES)),
    ],
    ids=["mistral with a window", "qwen3"],
)
def test_models_of_other_families_say_what_they_say_unpacked(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(5)
    folder = saved(make(), tmp_path / "model")
    engine = TransformersEngine(folder, device="cpu", threads=1)
    listener = Listener(engine)
    for said in ("word " * 60, "word " * 60 + "and on"):
        prompt = Prompt((Message("user", said),), (Message("user", "Go."),))
        collect(engine.stream(Request(prompt, Sampling(max_tokens=8, temperature=0), "s")))
    verdict = Oracle(folder, {}).judge(listener.answers(), engine._ends)
    assert not verdict.wrong
    assert verdict.tokens > 1
    engine.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Gemma2ForCausalLM(Gemma2Config(**SIZES)),
        lambda: MambaForCausalLM(
            MambaConfig(vocab_size=SIZES["vocab_size"], hidden_size=64, num_hidden_layers=2)
        ),
    ],
    ids=["soft caps", "no attention at all"],
)
@pytest.mark.filterwarnings("ignore")
def test_models_that_cannot_be_packed_are_refused_in_one_line(make: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unusual kind") as caught:
        TransformersEngine(saved(make(), tmp_path / "model"), device="cpu", threads=1)
    assert "\n" not in str(caught.value)
