"""What a GGUF file says about itself, read in a fraction of a second.

The `gguf` package maps every array of the head as it opens a file, which takes seconds for a vocabulary;
here arrays are only kept where they are asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from mascot.engines.templates import CHATML, ChatTemplate
from mascot.errors import ModelError

_SCALARS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_CONTROL = 3
"""Token type of control tokens."""


@dataclass(frozen=True)
class GgufHead:
    """The part of a GGUF file that an engine needs before it loads the rest."""

    name: str
    architecture: str
    blocks: int
    """Layers."""
    heads: int
    """Attention heads."""
    key_heads: int
    """Heads that keys and values have."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of each tensor, by name; a matrix has its inputs first."""
    context_tokens: int
    """Longest context that the model was trained for."""
    licence: str
    template: str | None
    bos: str
    eos: str
    control: tuple[str, ...]
    """Control tokens, as text."""

    def chat_template(self) -> ChatTemplate:
        """The file's own template; plain ChatML where there is none, or where it comes to the same.

        (SmolLM2's own template is ChatML that adds a system text where a conversation has none.)

        Raises:
            ModelError: the template takes no conversation.
        """
        plain = ChatTemplate(CHATML, self.bos, self.eos, self.control)
        if self.template is None:
            return plain
        own = ChatTemplate(self.template, self.bos, self.eos, self.control)
        return plain if own.agrees(plain) else own


def read_gguf_head(file: Path) -> GgufHead:
    """Read the head of a GGUF file.

    Raises:
        ModelError: the file is missing, truncated or no GGUF file.
    """
    try:
        with file.open("rb") as stream:
            fields, shapes = _fields(stream)
    except FileNotFoundError:
        raise ModelError(f"the model file {file} is missing: run `make setup`, or set MASCOT_MODEL") from None
    except (OSError, struct.error, UnicodeDecodeError, KeyError) as error:
        raise ModelError(
            f"{file} is no complete GGUF file ({error}): delete it and fetch it again"
        ) from error
    return _head(file, fields, shapes)


def _head(file: Path, fields: dict[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> GgufHead:
    tokens: list[str] = fields.get("tokenizer.ggml.tokens", [])
    types: list[int] = fields.get("tokenizer.ggml.token_type", [])

    def token(name: str) -> str:
        number = fields.get(f"tokenizer.ggml.{name}_token_id")
        return tokens[number] if number is not None and number < len(tokens) else ""

    architecture = str(fields.get("general.architecture", ""))
    heads = fields.get(f"{architecture}.attention.head_count", 0)
    return GgufHead(
        name=fields.get("general.name", file.stem),
        architecture=architecture,
        blocks=fields.get(f"{architecture}.block_count", 0),
        heads=heads,
        key_heads=fields.get(f"{architecture}.attention.head_count_kv", heads),
        shapes=shapes,
        context_tokens=fields.get(f"{architecture}.context_length", 2048),
        licence=fields.get("general.license", ""),
        template=fields.get("tokenizer.chat_template"),
        bos=token("bos"),
        eos=token("eos"),
        control=tuple(t for t, kind in zip(tokens, types, strict=False) if kind == _CONTROL),
    )


_WANTED_ARRAYS: Final = frozenset({"tokenizer.ggml.tokens", "tokenizer.ggml.token_type"})


def _fields(stream: BinaryIO) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """What the file says about its model, and the shapes of its tensors."""
    magic, version, tensors, count = struct.unpack("<4sIQQ", stream.read(24))
    if magic != b"GGUF" or version not in (2, 3):
        raise struct.error(f"it begins with {magic!r}, version {version}")
    fields: dict[str, Any] = {}
    for _ in range(count):
        name = _string(stream)
        fields[name] = _value(stream, _number(stream, "<I"), name in _WANTED_ARRAYS)
    return fields, dict(_shape(stream) for _ in range(tensors))


def _shape(stream: BinaryIO) -> tuple[str, tuple[int, ...]]:
    name = _string(stream)
    shape = tuple(_number(stream, "<Q") for _ in range(_number(stream, "<I")))
    stream.read(12)  # its kind, and where it lies
    return name, shape


def _value(stream: BinaryIO, kind: int, keep: bool) -> Any:
    if kind == _STRING:
        return _string(stream)
    if kind != _ARRAY:
        return _number(stream, _SCALARS[kind])
    inner, length = _number(stream, "<I"), _number(stream, "<Q")
    if inner in (_STRING, _ARRAY):
        values = [_value(stream, inner, keep) for _ in range(length)]
        return values if keep else None
    size = struct.calcsize(_SCALARS[inner]) * length
    raw = stream.read(size)
    if len(raw) < size:
        raise struct.error("it ends within its head")
    return list(struct.unpack(f"<{length}{_SCALARS[inner][1]}", raw)) if keep else None


def _string(stream: BinaryIO) -> str:
    length = _number(stream, "<Q")
    raw = stream.read(length)
    if len(raw) < length:
        raise struct.error("it ends within its head")
    return raw.decode("utf-8", errors="replace")


def _number(stream: BinaryIO, form: str) -> Any:
    return struct.unpack(form, stream.read(struct.calcsize(form)))[0]
