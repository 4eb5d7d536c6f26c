"""What is learned from tails over contexts of the base model is what PEFT's activated LoRA learns."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from torch.nn.functional import cross_entropy
from transformers.cache_utils import DynamicLayer

from mascot.alignment.contexts import Contexts
from mascot.alignment.student import Student, read_weights
from mascot.alignment.tokens import Encoded, Encoder
from mascot.errors import ModelError
from tests.fixtures.tiny_llama import TINY_INVOCATION, tiny_llama
from tests.unit.alignment.support import corpus, little, tiny_base


def acting(student: Student) -> Student:
    """Give its adapter random weights: a new one changes nothing."""
    torch.manual_seed(5)
    student.take({name: 0.1 * torch.randn_like(w) for name, w in student.weights().items()})
    return student


def learned(batch: list[Encoded], file: Path, dtype: torch.dtype) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss per token and gradients by tails over contexts."""
    base = tiny_base()
    contexts = Contexts(base.model, file, [e.context for e in batch], dtype)
    assert sum(contexts.read()) == contexts.tokens
    student = acting(Student(base.model, 4, 8, 0.0))
    loss, count = student.loss(batch, contexts)
    (loss / count).backward()
    named = zip(student.weights(), student.parameters, strict=True)
    return float(loss.detach() / count), {name: p.grad for name, p in named if p.grad is not None}


def by_peft(batch: list[Encoded]) -> tuple[float, dict[str, torch.Tensor]]:
    """The same by PEFT's own activated LoRA over the whole text, one sample after the other."""
    weights = acting(Student(tiny_llama(), 4, 8, 0.0)).weights()
    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        alora_invocation_tokens=list(TINY_INVOCATION),
    )
    model = get_peft_model(tiny_llama(), config)
    set_peft_model_state_dict(model, weights)
    total = torch.tensor(0.0)
    for e in batch:
        ids = torch.tensor([[*e.context, *e.tail]])
        logits = model(input_ids=ids).logits[0, -e.learned - 1 : -1]
        total = total + cross_entropy(logits, ids[0, -e.learned :], reduction="sum")
    loss = total / sum(e.learned for e in batch)
    loss.backward()
    named = zip(weights, (p for p in model.parameters() if p.requires_grad), strict=True)
    return float(loss.detach()), {name: p.grad for name, p in named if p.grad is not None}


@pytest.fixture
def batch() -> list[Encoded]:
    """Samples of the corpus, of different lengths, two of them with the same context."""
    encode = Encoder(tiny_base())
    samples = corpus("train", 0.02)
    return [encode(s) for s in (*samples[:5], *samples[-6:])]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float16, 2e-2)])
def test_loss_and_gradients_are_those_of_pefts_activated_lora(
    batch: list[Encoded], tmp_path: Path, dtype: torch.dtype, tolerance: float
) -> None:
    loss, gradients = learned(batch, tmp_path / "scratch", dtype)
    expected_loss, expected = by_peft(batch)
    assert loss == pytest.approx(expected_loss, rel=tolerance)
    assert gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        assert gradient.norm() > 0
        assert (gradients[name] - gradient).norm() < tolerance * gradient.norm(), name


def test_contexts_are_read_once_where_they_are_shared(batch: list[Encoded], tmp_path: Path) -> None:
    contexts = Contexts(tiny_llama(), tmp_path / "scratch", [e.context for e in batch])
    assert contexts.tokens < 0.7 * sum(len(ids) for ids in {e.context for e in batch})


def test_contexts_read_side_by_side_are_those_read_one_after_the_other(
    batch: list[Encoded], tmp_path: Path
) -> None:
    all_of_them = [e.context for e in batch]
    memories = []
    for side_by_side in (False, True):
        contexts = Contexts(tiny_llama(), tmp_path / str(side_by_side), all_of_them, torch.float32)
        assert sum(contexts.read(side_by_side)) == contexts.tokens
        cache, mask = contexts.batch(all_of_them)
        layers = [layer for layer in cache.layers if isinstance(layer, DynamicLayer)]
        memories.append((torch.stack([s for y in layers for s in (y.keys, y.values) if s is not None]), mask))
    (one, mask), (other, same) = memories
    assert torch.equal(mask, same)
    assert torch.allclose(one, other, atol=1e-5)


def test_a_saved_adapter_is_an_activated_lora_for_peft(tmp_path: Path) -> None:
    encode = Encoder(tiny_base())
    student = acting(Student(tiny_llama(), 4, 8, 0.0))
    student.save(tmp_path / "adapter", encode.invocation, "tiny/tiny")
    loaded = PeftModel.from_pretrained(tiny_llama(), str(tmp_path / "adapter")).eval()
    config = loaded.peft_config["default"]
    assert isinstance(config, LoraConfig)
    assert config.alora_invocation_tokens == list(TINY_INVOCATION)
    assert config.base_model_name_or_path == "tiny/tiny"
    ids = torch.tensor([[*encode(little()[0]).context, *encode(little()[0]).tail]])
    with torch.no_grad():
        before, after = tiny_llama()(input_ids=ids).logits[0], loaded(input_ids=ids).logits[0]
    start = len(encode(little()[0]).context)
    assert torch.equal(before[:start], after[:start])
    assert not torch.allclose(before[start:], after[start:], atol=1e-2)


def test_saved_twice_is_the_same_file(tmp_path: Path) -> None:
    student = acting(Student(tiny_llama(), 4, 8, 0.0))
    for name in ("one", "two"):
        student.save(tmp_path / name, list(TINY_INVOCATION), "tiny/tiny")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_an_adapter_of_another_rank_is_refused() -> None:
    with pytest.raises(ModelError, match="another rank"):
        Student(tiny_llama(), 4, 8, 0.0).take(Student(tiny_llama(), 8, 8, 0.0).weights())


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_text("no weights")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelError, match="no readable adapter"):
            read_weights(folder)


def test_a_base_that_calls_for_answers_otherwise_is_refused() -> None:
    base = tiny_base("{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}[bot]")
    with pytest.raises(ModelError, match="ChatML only"):
        Encoder(base)(little()[0])
