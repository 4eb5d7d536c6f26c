"""A PEFT LoRA folder written as a llama.cpp adapter, a GGUF file of its own.

What PEFT and llama.cpp see differently, and how it is settled here:

- Names: `model.layers.0.self_attn.q_proj` is `blk.0.attn_q`, by the table of the `gguf` package.
- Rotation: llama.cpp keeps the rows of a Llama's query and key matrices in another order, so rows of
  `lora_B` for these two move the same way.
- Activated LoRA: PEFT switches the adapter on at the first invocation token, llama.cpp's server one token
  before it (`alora_invocation_start - 1` throughout its `server-context.cpp`). The file therefore names the
  invocation without its first token, and both begin at the same place.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mascot.engines.gguf_head import GgufHead, read_gguf_head
from mascot.errors import EngineError

WEIGHTS: Final = "adapter_model.safetensors"
CONFIG: Final = "adapter_config.json"

_ROTATED: Final = {"llama": True, "qwen2": False, "qwen3": False, "gemma2": False, "gemma3": False}
"""Architectures that can be written, and whether llama.cpp reorders their query and key rows."""
_PREFIX: Final = "base_model.model."


@dataclass(frozen=True)
class LoraConfig:
    """The part of PEFT's `adapter_config.json` that a GGUF can carry."""

    rank: int
    alpha: float
    """What the product of the matrices is multiplied with, times the rank."""
    invocation: tuple[int, ...]
    """Tokens from which on the adapter acts; empty for a plain LoRA, which always does."""


def read_lora_config(folder: Path) -> LoraConfig:
    """Read and check a PEFT folder's configuration.

    Raises:
        EngineError: it is missing, no LoRA, or of a kind that a GGUF cannot carry.
    """
    try:
        fields = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind, rank, alpha = fields["peft_type"], int(fields["r"]), float(fields["lora_alpha"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unusable(folder, f"no readable {CONFIG} ({type(error).__name__})") from error
    if kind != "LORA":
        raise unusable(folder, f"it is {kind}, not LoRA")
    extras = ("use_dora", "lora_bias", "modules_to_save", "rank_pattern", "alpha_pattern", "fan_in_fan_out")
    for extra in extras:
        if fields.get(extra):
            raise unusable(folder, f"llama.cpp has no {extra}")
    if fields.get("bias", "none") != "none":
        raise unusable(folder, "llama.cpp has no bias in adapters")
    if fields.get("use_rslora"):
        alpha *= math.sqrt(rank)
    return LoraConfig(rank, alpha, tuple(fields.get("alora_invocation_tokens") or ()))


def export_lora(folder: Path, base: Path, target: Path) -> tuple[int, ...]:
    """Write the adapter in `folder` for the model in the GGUF file `base`, in half precision.

    Returns the tokens that switch it on, as the file names them.

    Raises:
        EngineError: the folder is damaged, or made for another model.
        ModelError: `base` is no GGUF.
    """
    config, head = read_lora_config(folder), read_gguf_head(base)
    if head.architecture not in _ROTATED:
        raise unusable(folder, f"adapters for {head.architecture} models cannot be written")
    tensors = _renamed(folder, _read(folder), head)
    _check_shapes(folder, tensors, head)
    invocation = config.invocation[1:] or config.invocation
    _write(target, head.architecture, config.alpha, invocation, tensors)
    return invocation


def write_idle_lora(base: Path, target: Path, invocation: Sequence[int]) -> None:
    """An activated adapter that changes nothing.

    Raises:
        ModelError: `base` is no GGUF.
    """
    head, name = read_gguf_head(base), "blk.0.attn_v.weight"
    inside, outside = head.shapes[name]
    tensors = {f"{name}.lora_a": np.zeros((1, inside)), f"{name}.lora_b": np.zeros((outside, 1))}
    _write(target, head.architecture, 1.0, invocation, tensors)


def unusable(path: Path, reason: str) -> EngineError:
    """The one line about an adapter that cannot be used."""
    return EngineError(f"the adapter {path} does not fit this model: {reason}")


def _read(folder: Path) -> dict[str, NDArray[Any]]:
    try:
        with safe_open(str(folder / WEIGHTS), framework="np") as weights:
            return {key: weights.get_tensor(key) for key in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise unusable(folder, f"{WEIGHTS} is missing or damaged") from error


def _renamed(folder: Path, weights: dict[str, NDArray[Any]], head: GgufHead) -> dict[str, NDArray[Any]]:
    architecture = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == head.architecture)
    names = gguf.get_tensor_name_map(architecture, head.blocks)
    tensors: dict[str, NDArray[Any]] = {}
    for key, values in weights.items():
        layer, _, side = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".lora_")
        name = names.get_name(layer)
        if name is None or side not in ("A", "B"):
            raise unusable(folder, f"it adapts {key.removeprefix(_PREFIX)}, which this model does not have")
        if side == "B" and _ROTATED[head.architecture] and name.endswith(("attn_q", "attn_k")):
            heads = head.heads if name.endswith("attn_q") else head.key_heads
            values = _rotated(values, heads)  # noqa: PLW2901
        tensors[f"{name}.weight.lora_{side.lower()}"] = values
    return tensors


def _rotated(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows of each head's two halves, interleaved: llama.cpp's order for Llama's rotary positions."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _check_shapes(folder: Path, tensors: dict[str, NDArray[Any]], head: GgufHead) -> None:
    for name, values in tensors.items():
        layer, _, side = name.rpartition(".lora_")
        if layer not in head.shapes:
            raise unusable(folder, f"it adapts {layer}, which this model does not have")
        inside, outside = head.shapes[layer]
        given, needed = (values.shape[1], inside) if side == "a" else (values.shape[0], outside)
        if given != needed:
            raise unusable(folder, f"its {layer} is sized {given}, this model's {needed}")


def _write(
    target: Path,
    architecture: str,
    alpha: float,
    invocation: Sequence[int],
    tensors: dict[str, NDArray[Any]],
) -> None:
    writer = gguf.GGUFWriter(target, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    if invocation:
        writer.add_key_value(
            gguf.Keys.Adapter.ALORA_INVOCATION_TOKENS,
            list(invocation),
            gguf.GGUFValueType.ARRAY,
            gguf.GGUFValueType.UINT32,  # llama.cpp refuses signed numbers here
        )
    for name, values in tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
