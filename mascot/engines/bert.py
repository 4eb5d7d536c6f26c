"""A small BERT encoder in NumPy (Devlin et al. 2019, arXiv 1810.04805), for reading only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_ROWS = 16


class Bert:
    """The encoder of a checkpoint with absolute positions and one segment.

    Texts of different lengths are read side by side without filling up the shorter ones: all tokens lie in
    one array, and only attention takes the texts one by one.

    Args:
        weights: under the names of transformers' `BertModel`, float32.
        heads: of its attention.
        eps: of its layer norms.
    """

    def __init__(self, weights: Mapping[str, Array], heads: int, eps: float) -> None:
        self._weights, self._heads, self._eps = weights, heads, eps
        self._layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder."))

    def __call__(self, texts: Sequence[Sequence[int]]) -> list[Array]:
        """Last hidden states of each text's tokens, (tokens, width).

        Args:
            texts: at least one, each with the ids of its tokens, at least one.
        """
        place = "embeddings"
        ends = np.cumsum([len(text) for text in texts])
        spans = [slice(end - len(text), end) for text, end in zip(texts, ends, strict=True)]
        words = self._weights[f"{place}.word_embeddings.weight"][np.concatenate(texts)]
        order = np.concatenate([np.arange(len(text)) for text in texts])
        positions = self._weights[f"{place}.position_embeddings.weight"][order]
        segment = self._weights[f"{place}.token_type_embeddings.weight"][0]
        states = self._norm(words + positions + segment, f"{place}.LayerNorm")
        for number in range(self._layers):
            states = self._layer(states, spans, f"encoder.layer.{number}")
        return [states[span] for span in spans]

    def _layer(self, states: Array, spans: Sequence[slice], at: str) -> Array:
        heard = self._attention(states, spans, f"{at}.attention.self")
        told = self._linear(heard, f"{at}.attention.output.dense")
        states = self._norm(states + told, f"{at}.attention.output.LayerNorm")
        inner = _gelu(self._linear(states, f"{at}.intermediate.dense"))
        return self._norm(states + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _attention(self, states: Array, spans: Sequence[slice], at: str) -> Array:
        width = states.shape[-1] // self._heads

        def split(name: str) -> Array:
            return self._linear(states, f"{at}.{name}").reshape(-1, self._heads, width).swapaxes(0, 1)

        query, key, value = split("query") / np.float32(np.sqrt(width)), split("key"), split("value")
        heard = np.empty_like(value)
        for span in spans:
            scores = query[:, span] @ key[:, span].swapaxes(1, 2)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heard[:, span] = weights / weights.sum(-1, keepdims=True) @ value[:, span]
        return heard.swapaxes(0, 1).reshape(states.shape)

    def _linear(self, states: Array, at: str) -> Array:
        found = states @ self._weights[f"{at}.weight"].T
        found += self._weights[f"{at}.bias"]
        return found

    def _norm(self, states: Array, at: str) -> Array:
        centred = states - states.mean(-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(self._eps))
        return centred / spread * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]


def _gelu(x: Array) -> Array:
    """x Φ(x), within 1e-6; the error function is formula 7.1.26 of Abramowitz and Stegun (1964).

    SciPy's took a third of the whole reading. A few rows at a time stay in the processor's cache.
    """
    found = np.empty_like(x)
    for start in range(0, len(x), _ROWS):
        some = x[start : start + _ROWS]
        size = np.abs(some)
        t = 1 / (1 + np.float32(0.3275911 / np.sqrt(2)) * size)
        tail = np.float32(1.061405429) * t
        for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            tail += np.float32(coefficient)
            tail *= t
        tail *= np.exp(np.float32(-0.5) * size * size)
        found[start : start + _ROWS] = np.maximum(some, 0) - np.float32(0.5) * size * tail
    return found
