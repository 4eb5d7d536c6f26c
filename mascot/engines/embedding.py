"""Sentence embeddings from the embedded all-MiniLM-L6-v2, offline."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mascot.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2 (22 M parameters, 384 dimensions), mean pooling, on the CPU.

    Loaded on first use, in about five seconds, most of it importing torch; safe to share between threads.
    """

    dimension = 384
    max_tokens = 256

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[PreTrainedTokenizerBase, PreTrainedModel] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts, shape (len(texts), 384); texts are cut at 256 tokens.

        Raises:
            ModelError: the model's folder is missing or incomplete.
        """
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        import torch

        with self._lock:
            tokenizer, model = self._loaded = self._loaded or self._load()
            parts = []
            for start in range(0, len(texts), 64):
                batch = tokenizer(
                    list(texts[start : start + 64]),
                    padding=True,
                    truncation=True,
                    max_length=self.max_tokens,
                    return_tensors="pt",
                )
                with torch.inference_mode():
                    hidden = model(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1)
                mean = (hidden * mask).sum(1) / mask.sum(1)
                parts.append(torch.nn.functional.normalize(mean, dim=1).numpy())
        return np.concatenate(parts)

    def _load(self) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        if not (self._folder / "model.safetensors").is_file():
            raise ModelError(
                f"the sentence embedder is missing in {self._folder}: run `make setup` to fetch it"
            )
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        return tokenizer, AutoModel.from_pretrained(self._folder, local_files_only=True).eval()
