"""Loading a model for the transformers engine: from the hub, a folder, or a GGUF file."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils.logging import disable_progress_bar

from mascot.engines.fetch import fetch_hub
from mascot.engines.gguf_head import read_gguf_head
from mascot.engines.templates import CHATML, ChatTemplate
from mascot.errors import ModelError

Quantization = Literal["nf4", "int8", "none"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A model ready to be asked."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    template: ChatTemplate
    device: str
    quantization: str
    ends: frozenset[int]
    """Tokens that end an answer: the model's own ends, and every other control token."""


def load_model(
    source: str | Path, *, revision: str | None, quantization: Quantization | None, device: str | None
) -> Loaded:
    """Load a hub id, a folder or a GGUF file.

    Raises:
        ModelError: it is missing, cannot be fetched, or is no causal language model.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    quantization = quantization or ("nf4" if device == "cuda" else "none")
    folder = _folder(source, revision)
    disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        options, as_loaded = _options(folder, quantization, device)
        model = AutoModelForCausalLM.from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{source} cannot be loaded as a language model: {reason}") from error
    model.eval()
    if as_loaded == "int8" and device == "cpu":
        model = _dynamic_int8(model)
    return Loaded(model, tokenizer, _template(tokenizer), device, as_loaded, _ends(model, tokenizer))


def _folder(source: str | Path, revision: str | None) -> Path:
    path = Path(source).expanduser()
    if path.suffix == ".gguf":
        return convert_gguf(path)
    if path.is_dir():
        return path
    if isinstance(source, Path):
        raise ModelError(f"there is no model at {source}: check MASCOT_MODEL")
    return fetch_hub(source, None, revision)


def _options(folder: Path, quantization: Quantization, device: str) -> tuple[dict[str, Any], str]:
    """Arguments for loading, and what the weights then are."""
    half = torch.bfloat16 if device == "cuda" and torch.cuda.is_bf16_supported() else torch.float16
    dtype = half if device == "cuda" else torch.float32
    # With "auto", accelerate may spread a large model over several GPUs.
    options: dict[str, Any] = {"dtype": dtype, "device_map": "auto" if device == "cuda" else {"": device}}
    stored = getattr(AutoConfig.from_pretrained(folder), "quantization_config", None)
    if stored:
        return options, str(stored.get("quant_method", "quantized"))
    if quantization == "nf4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    elif quantization == "int8" and device == "cuda":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    return options, quantization


def _dynamic_int8(model: PreTrainedModel) -> PreTrainedModel:
    with warnings.catch_warnings():
        # torch announces that this will move to a package of its own.
        for category in (DeprecationWarning, UserWarning):
            warnings.filterwarnings("ignore", r".*(torchao|torch\.ao|quantize)", category)
        return torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)


def _template(tokenizer: PreTrainedTokenizerBase) -> ChatTemplate:
    source = tokenizer.chat_template
    if isinstance(source, dict):
        source = source.get("default")
    return ChatTemplate(
        source or CHATML,
        str(tokenizer.bos_token or ""),
        str(tokenizer.eos_token or ""),
        [str(tokenizer.convert_ids_to_tokens(token)) for token in sorted(_control(tokenizer))],
    )


def _control(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    added = tokenizer.added_tokens_decoder
    return {*tokenizer.all_special_ids, *(token for token, entry in added.items() if entry.special)}


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    own = model.generation_config.eos_token_id if model.generation_config else None
    return frozenset({*_control(tokenizer), *(own if isinstance(own, list) else [own])} - {None})


def convert_gguf(file: Path) -> Path:
    """The folder `<name>-hf` beside a GGUF file, written the first time (about 25 s for 135 M parameters).

    Weights are de-quantised to float32. A changed file is converted again.

    Raises:
        ModelError: the file is missing, truncated, or of a kind that transformers does not read.
    """
    head = read_gguf_head(file)
    folder = file.with_name(f"{file.stem}-hf")
    stat = file.stat()
    source = {"bytes": stat.st_size, "modified": stat.st_mtime_ns}
    marker = folder / "source.json"
    if marker.is_file() and json.loads(marker.read_text()) == source:
        return folder
    _log.info("converting %s for transformers, once", file.name)
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".convert-") as scratch:
            made = Path(scratch) / folder.name
            _write_converted(file, made, head.chat_template().source)
            (made / marker.name).write_text(json.dumps(source))
            for path in made.iterdir():
                path.chmod(0o644)
            if folder.exists():
                shutil.rmtree(folder)
            made.rename(folder)
    except (OSError, ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        if marker.is_file() and json.loads(marker.read_text()) == source:
            return folder  # another process was faster
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{file} cannot be converted for transformers: {reason}") from error
    return folder


def _write_converted(file: Path, folder: Path, template: str) -> None:
    loaded = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = loaded.config
    # As loaded it still calls itself quantised, and such a model refuses to be saved.
    vars(config).pop("quantization_config", None)
    model = AutoModelForCausalLM.from_config(config)
    model.load_state_dict(loaded.state_dict())
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
