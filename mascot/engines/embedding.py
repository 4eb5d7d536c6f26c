"""Sentence embeddings from the embedded all-MiniLM-L6-v2, offline."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from mascot.engines.bert import Bert
from mascot.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]
_AT_ONCE = 64
"""Texts that are read side by side."""


class Embedder(Protocol):
    """Anything that turns texts into unit vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension)."""
        ...


class MiniLM:
    """all-MiniLM-L6-v2 (22 M parameters, 384 dimensions), mean pooling, on the CPU.

    Loaded on first use, in a fifth of a second: it is small enough for NumPy, and an app that speaks through
    llama.cpp is spared PyTorch, which would cost it 300 MB and the first visitor five seconds. Safe to
    share between threads.
    """

    dimension = 384
    max_tokens = 256

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blas = ThreadpoolController()
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, Bert] | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of the texts, shape (len(texts), 384); texts are cut at 256 tokens.

        Raises:
            ModelError: the model's folder is missing or incomplete.
        """
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            tokenizer, model = self._loaded = self._loaded or self._load()
        found = [tokenizer.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda i: len(found[i].ids))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        # A second thread saves little on an idle machine; beside busy processes the two wait for each other
        # by spinning, and a message of 1,000 characters took 22 s instead of 1.5 s.
        with self._blas.limit(limits=1, user_api="blas"):
            for start in range(0, len(order), _AT_ONCE):
                some = order[start : start + _AT_ONCE]
                vectors[some] = _mean(model, [found[i].ids for i in some])
        return vectors

    def _load(self) -> tuple[Tokenizer, Bert]:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            config = json.loads((self._folder / "config.json").read_text("utf-8"))
            tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
            weights = load_file(self._folder / "model.safetensors")
        except Exception as error:
            raise ModelError(
                f"the sentence embedder in {self._folder} is missing or damaged: run `make setup` to fetch it"
            ) from error
        tokenizer.enable_truncation(self.max_tokens)
        tokenizer.no_padding()
        return tokenizer, Bert(weights, config["num_attention_heads"], config["layer_norm_eps"])


def _mean(model: Bert, ids: Sequence[Sequence[int]]) -> Vectors:
    """Unit vectors in the direction of the mean over each text's tokens."""
    mean = np.stack([states.mean(0) for states in model(ids)])
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)
