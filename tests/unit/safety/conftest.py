"""What the safety tests share: the embedded model, once, and a stand-in for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mascot.engines.embedding import MiniLM, Vectors
from mascot.safety.recogniser import CrisisRecogniser


class CountingEmbedder:
    """Answers with a vector that is like nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        return np.zeros((len(texts), MiniLM.dimension), dtype=np.float32)


@pytest.fixture
def counting() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture(scope="session")
def embedder() -> MiniLM:
    home = Path(os.environ.get("MASCOT_HOME", ".mascot"))
    return MiniLM(home / "models" / "all-minilm-l6-v2")


@pytest.fixture(scope="session")
def recogniser(embedder: MiniLM) -> CrisisRecogniser:
    return CrisisRecogniser(embedder)


@pytest.fixture(scope="session")
def patterns_alone() -> CrisisRecogniser:
    return CrisisRecogniser(None)
