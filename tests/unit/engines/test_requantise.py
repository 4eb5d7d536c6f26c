"""A model written anew as Q8_0 is the same model."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import quants

from mascot.engines.requantise import write_q8_0


def write_model(path: Path) -> None:
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_token_list(["a", "b", "ü"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_1)
    writer.add_tensor("norm", rng.normal(size=64).astype(np.float32))
    matrix = quants.quantize(rng.normal(size=(8, 64)).astype(np.float32), Kind.Q4_1)
    writer.add_tensor("matrix", matrix, raw_dtype=Kind.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_each_weight_stays_within_half_a_step_and_all_else_stays_as_it_was(tmp_path: Path) -> None:
    write_model(tmp_path / "a.gguf")
    write_q8_0(tmp_path / "a.gguf", tmp_path / "b.gguf")
    old, new = gguf.GGUFReader(tmp_path / "a.gguf"), gguf.GGUFReader(tmp_path / "b.gguf")

    before = {t.name: quants.dequantize(t.data, t.tensor_type) for t in old.tensors}
    after = {t.name: quants.dequantize(t.data, t.tensor_type) for t in new.tensors}
    assert (before["norm"] == after["norm"]).all()
    blocks = before["matrix"].reshape(-1, 32)
    # Half a step of the block, and the rounding of its scale to 16 bits.
    step = np.abs(blocks).max(axis=1, keepdims=True) / 127
    assert (np.abs(blocks - after["matrix"].reshape(-1, 32)) <= 0.58 * step).all()

    assert [t.tensor_type for t in new.tensors] == [Kind.F32, Kind.Q8_0]
    assert new.fields["general.name"].contents() == "tiny"
    assert new.fields["tokenizer.ggml.tokens"].contents() == ["a", "b", "ü"]
    assert new.fields["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0
