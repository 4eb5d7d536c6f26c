"""A light reward model: what can be seen of a reply, its words and its MiniLM embedding, weighed linearly.

Every feature is there once for all personas and once for each (Daumé 2007, "Frustratingly easy domain
adaptation"): advice is worth something from Action Guide and costs something from Anchor. Personas that the
model was not fitted on get what is common to all. The fit is convex and takes seconds, so it has nothing to
resume; most of its time is embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy import sparse

from mascot.alignment.preferences import Candidate, Preference
from mascot.alignment.rewards import bradley_terry
from mascot.alignment.rewards.bradley_terry import Numbers, Pairs
from mascot.alignment.rewards.features import Vector, Vocabulary, measures
from mascot.alignment.writing import writing
from mascot.engines.embedding import Embedder
from mascot.errors import ModelError

WEIGHTS: Final = "reward.safetensors"
GRAMS: Final = "vocabulary.txt"
_WORD, _VECTOR = 0.5, 5.0
"""Sizes of a word and of an embedding beside measures of unit deviation: what the ridge makes expensive."""
_KEPT: Final = 20_000
"""So many vectors of texts are remembered."""


class LightRecipe(BaseModel):
    """Settings of a light reward model."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    ridge: float = Field(default=1e-3, gt=0)
    least: int = Field(default=3, ge=1)
    """Texts of the training pairs that a word must occur in."""


class Remembered:
    """An embedder that makes the vector of a text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Make those that are not known, together."""
        wanted = dict.fromkeys(texts)
        new = [text for text in wanted if text not in self._vectors]
        if len(self._vectors) + len(new) > _KEPT:
            self._vectors.clear()
            new = list(wanted)
        self._vectors.update(zip(new, self._embedder.encode(new), strict=True))

    def __getitem__(self, text: str) -> Vector:
        return self._vectors[text]


class Seen:
    """Candidates as rows of numbers.

    Args:
        personas: who has weights of its own.
        scale: standard deviation of each measure, in the order of `measures`.
    """

    def __init__(
        self, vectors: Remembered, personas: Sequence[str], vocabulary: Vocabulary, scale: Numbers
    ) -> None:
        self.personas, self.vocabulary, self.scale = tuple(personas), vocabulary, scale
        self._vectors = vectors

    def rows(self, candidates: Sequence[Candidate]) -> sparse.csr_matrix:
        """Shape (candidates, features): for all personas, then for each of them."""
        learn = [text for c in candidates for text in (c.says, *(t.says for t in c.context if t.says))]
        self._vectors.learn(learn)
        if not candidates:
            return sparse.csr_matrix((0, 0))
        common = sparse.csr_matrix(sparse.hstack([self._dense(candidates), self._words(candidates)]))
        blocks = [common]
        for persona in self.personas:
            whose = sparse.diags([float(c.persona == persona) for c in candidates])
            blocks.append(sparse.csr_matrix(whose @ common))
        return sparse.csr_matrix(sparse.hstack(blocks))

    def _dense(self, candidates: Sequence[Candidate]) -> sparse.csr_matrix:
        seen = [list(measures(c, self._vectors.__getitem__).values()) for c in candidates]
        vectors = np.stack([self._vectors[c.says] for c in candidates])
        return sparse.csr_matrix(np.hstack([np.array(seen) / self.scale, _VECTOR * vectors]))

    def _words(self, candidates: Sequence[Candidate]) -> sparse.csr_matrix:
        found = [self.vocabulary.numbers(c.says) for c in candidates]
        ends = np.cumsum([0, *map(len, found)])
        numbers = np.array([number for row in found for number in row], dtype=np.int64)
        values = np.full(len(numbers), _WORD)
        return sparse.csr_matrix((values, numbers, ends), (len(candidates), len(self.vocabulary)))


class LightReward:
    """The reward model. See `mascot.alignment.rewards.model.RewardModel`."""

    def __init__(self, seen: Seen, weights: Numbers) -> None:
        self._seen, self._weights = seen, weights

    def score(self, candidates: Sequence[Candidate]) -> list[float]:
        """The reward of each candidate."""
        return [float(reward) for reward in self._seen.rows(candidates) @ self._weights] if candidates else []

    def scaled(self, factor: float) -> LightReward:
        """The same with every reward times a factor."""
        return LightReward(self._seen, self._weights * factor)

    def refined(self, rows: Sequence[Preference], ridge: float) -> LightReward:
        """The same after further preferences; what they do not speak of stays."""
        return LightReward(self._seen, bradley_terry.fit(_pairs(self._seen, rows), ridge, self._weights))

    def save(self, folder: Path) -> None:
        """Write the weights, in half precision, and the words they belong to."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / GRAMS).write_text("".join(f"{gram}\n" for gram in self._seen.vocabulary.grams), "utf-8")
        tensors = {"weights": self._weights.astype(np.float16), "scale": self._seen.scale.astype(np.float32)}
        with writing(folder / WEIGHTS):
            save_file(tensors, folder / WEIGHTS, {"personas": " ".join(self._seen.personas)})

    @classmethod
    def load(cls, folder: Path, embedder: Embedder, personas: Sequence[str]) -> LightReward:
        """The model in a folder.

        Raises:
            ModelError: it is not there, damaged, or its parts are of different models.
        """
        try:
            vocabulary = Vocabulary((folder / GRAMS).read_text("utf-8").splitlines())
            tensors = load_file(folder / WEIGHTS)
            weights, scale = (tensors[name].astype(np.float64) for name in ("weights", "scale"))
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise ModelError(f"{folder} holds no readable reward model ({type(error).__name__})") from None
        common, left = divmod(len(weights), 1 + len(personas))
        if left or common <= len(vocabulary) + len(scale):
            raise ModelError(f"{folder}: {WEIGHTS} and {GRAMS} are of different models: train it anew")
        nothing = measures(Candidate((), "", "", "", ""), lambda _: np.zeros(1, np.float32))
        if len(scale) != len(nothing):
            raise ModelError(f"{folder} weighs what this version does not see: train it anew")
        return cls(Seen(Remembered(embedder), personas, vocabulary, scale), weights)


def fit_light(rows: Sequence[Preference], embedder: Embedder, recipe: LightRecipe) -> LightReward:
    """A light reward model of these preferences, every one of which is learned."""
    candidates = [candidate for row in rows for candidate in row.candidates]
    vocabulary = Vocabulary.of(dict.fromkeys(c.says for c in candidates), recipe.least)
    personas = sorted({row.persona for row in rows})
    remembered = Remembered(embedder)
    remembered.learn(text for c in candidates for text in (c.says, *(t.says for t in c.context if t.says)))
    found = np.array([list(measures(c, remembered.__getitem__).values()) for c in candidates])
    # Of the differences, since nothing else is learned from; what never differs is not blown up.
    scale = np.maximum((found[::2] - found[1::2]).std(axis=0), 0.05)
    seen = Seen(remembered, personas, vocabulary, scale)
    return LightReward(seen, bradley_terry.fit(_pairs(seen, rows), recipe.ridge))


def _pairs(seen: Seen, rows: Sequence[Preference]) -> Pairs:
    numbers = seen.rows([candidate for row in rows for candidate in row.candidates])
    return Pairs(
        sparse.csr_matrix(numbers[::2] - numbers[1::2]),
        np.array([row.margin for row in rows]),
        np.array([row.weight for row in rows]),
    )
