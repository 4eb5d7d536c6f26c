"""The sentence embedder in NumPy against transformers' own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from mascot.engines.bert import Bert
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import ModelError
from mascot.settings import read_settings

TEXTS = [
    "x",
    "I snapped at my mother, and she has not picked up since.",
    " ",
    "naïve café 😀 今日は",
    "word " * 600,
]


@pytest.fixture(scope="module")
def embedder() -> MiniLM:
    return MiniLM(read_settings().models / EMBEDDED_EMBEDDER)


def test_it_reads_as_transformers_does() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40
    )
    theirs = BertModel(config).eval()
    weights = {name: tensor.detach().numpy() for name, tensor in theirs.state_dict().items()}
    ids, present = np.array([[3, 9, 4, 7], [5, 6, 0, 0]]), np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.float32)
    long, short = Bert(weights, heads=4, eps=config.layer_norm_eps)([[3, 9, 4, 7], [5, 6]])
    with torch.inference_mode():
        expected = theirs(torch.tensor(ids), attention_mask=torch.tensor(present)).last_hidden_state.numpy()
    assert long.dtype == np.float32
    np.testing.assert_allclose(long, expected[0], atol=1e-5)
    np.testing.assert_allclose(short, expected[1, :2], atol=1e-5)


def test_a_text_means_the_same_alone_and_among_others(embedder: MiniLM) -> None:
    together = embedder.encode(TEXTS)
    assert together.shape == (len(TEXTS), embedder.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(embedder.encode([text])[0], vector, atol=1e-5)


def test_likeness_of_meaning_is_likeness_of_vectors(embedder: MiniLM) -> None:
    quarrel, same, other = embedder.encode(
        ["My mother and I had a row.", "I argued with my mum.", "The committee adopted the budget."]
    )
    assert quarrel @ same > 0.4
    assert quarrel @ other < 0.2


def test_no_text_is_no_vector(embedder: MiniLM) -> None:
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_a_missing_or_damaged_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing or damaged: run `make setup`"):
        MiniLM(tmp_path).encode(["hello"])
