"""Adapters that nobody trained, so that changing the speaker costs here what it costs with trained ones."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mascot.engines.base import Engine
from mascot.engines.hf_load import convert_gguf

_OPENING = "<|im_start|>assistant\n"
"""What invokes an adapter of the embedded model."""


@contextmanager
def loaded_adapters(engine: Engine, model_file: Path, names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """One activated LoRA of random weights (rank 16, all linear layers) per name, loaded for the block."""
    with tempfile.TemporaryDirectory(prefix="mascot-bench-") as folder:
        for name, path in _written(convert_gguf(model_file), Path(folder), names):
            engine.load_adapter(name, path)
        yield tuple(names)


def _written(model_folder: Path, folder: Path, names: Sequence[str]) -> Iterator[tuple[str, Path]]:
    peft: Any = importlib.import_module("peft")
    transformers: Any = importlib.import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(model_folder)
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=16,
        lora_alpha=16,
        target_modules="all-linear",
        init_lora_weights=False,
        alora_invocation_tokens=tokenizer.encode(_OPENING, add_special_tokens=False),
    )
    adapted = peft.get_peft_model(model, config, adapter_name=names[0])
    for name in names[1:]:
        adapted.add_adapter(name, config)
    adapted.save_pretrained(folder)
    for name in names:
        yield name, folder / name
