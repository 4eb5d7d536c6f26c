"""A small BERT encoder in NumPy (Devlin et al. 2019, arXiv 1810.04805), for reading only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float32]


class Bert:
    """The encoder of a checkpoint with absolute positions and one segment.

    Args:
        weights: under the names of transformers' `BertModel`, float32.
        heads: of its attention.
        eps: of its layer norms.
    """

    def __init__(self, weights: Mapping[str, Array], heads: int, eps: float) -> None:
        self._weights, self._heads, self._eps = weights, heads, eps
        self._layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))

    def __call__(self, ids: NDArray[np.int64], present: Array) -> Array:
        """Last hidden states, (texts, tokens, width).

        Args:
            ids: (texts, tokens), shorter texts filled up on the right.
            present: 1 for a token, 0 for filling, (texts, tokens).
        """
        place = "embeddings"
        words = self._weights[f"{place}.word_embeddings.weight"][ids]
        positions = self._weights[f"{place}.position_embeddings.weight"][: ids.shape[1]]
        segment = self._weights[f"{place}.token_type_embeddings.weight"][0]
        states = self._norm(words + positions + segment, f"{place}.LayerNorm")
        hidden = np.where(present > 0, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for number in range(self._layers):
            states = self._layer(states, hidden, f"encoder.layer.{number}")
        return states

    def _layer(self, states: Array, hidden: Array, at: str) -> Array:
        heard = self._attention(states, hidden, f"{at}.attention.self")
        told = self._linear(heard, f"{at}.attention.output.dense")
        states = self._norm(states + told, f"{at}.attention.output.LayerNorm")
        inner = _gelu(self._linear(states, f"{at}.intermediate.dense"))
        return self._norm(states + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _attention(self, states: Array, hidden: Array, at: str) -> Array:
        texts, tokens, width = states.shape

        def split(name: str) -> Array:
            part = self._linear(states, f"{at}.{name}")
            return part.reshape(texts, tokens, self._heads, width // self._heads).transpose(0, 2, 1, 3)

        query, key, value = split("query"), split("key"), split("value")
        scores = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(width // self._heads)) + hidden
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return (weights @ value).transpose(0, 2, 1, 3).reshape(texts, tokens, width)

    def _linear(self, states: Array, at: str) -> Array:
        return states @ self._weights[f"{at}.weight"].T + self._weights[f"{at}.bias"]

    def _norm(self, states: Array, at: str) -> Array:
        centred = states - states.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(self._eps))
        return centred / spread * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]


def _gelu(x: Array) -> Array:
    return x * np.float32(0.5) * (1 + erf(x * np.float32(np.sqrt(0.5))))
