"""The front matter by which the hub knows what a Space is, and how to start it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from mascot.errors import InputError

Hardware = Literal["cpu", "gpu", "zero"]
PYTHON = "3.11"
CPU_WHEELS = "--extra-index-url https://download.pytorch.org/whl/cpu\n"
"""Spares a Space without a GPU the gigabytes of CUDA that the plain wheel of PyTorch depends on."""
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)


@dataclass(frozen=True)
class Kind:
    """What differs between Spaces of different hardware."""

    suggested: str
    models: tuple[str, ...]


KINDS: dict[Hardware, Kind] = {
    "cpu": Kind(
        "cpu-basic",
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "sentence-transformers/all-MiniLM-L6-v2"),
    ),
    "gpu": Kind("t4-small", ("Qwen/Qwen3-4B-Instruct-2507", "sentence-transformers/all-MiniLM-L6-v2")),
    "zero": Kind("zero-a10g", ("Qwen/Qwen3-4B-Instruct-2507", "sentence-transformers/all-MiniLM-L6-v2")),
}


def front_matter(requirements: str, hardware: Hardware) -> dict[str, Any]:
    """The keys of the Space's README, by what the app itself is pinned to.

    Raises:
        InputError: requirements.txt pins no version of Gradio.
    """
    pinned = re.search(r"^gradio==(\S+)$", requirements, re.M)
    if pinned is None:
        raise InputError("requirements.txt pins no gradio==VERSION: a Space must be told which one")
    return {
        "title": "MASCOT Studio",
        "emoji": "🪑",
        "colorFrom": "gray",
        "colorTo": "indigo",
        "sdk": "gradio",
        "sdk_version": pinned[1],
        "python_version": PYTHON,
        "app_file": "app.py",
        "suggested_hardware": KINDS[hardware].suggested,
        "startup_duration_timeout": "1h",
        "pinned": False,
        "license": "apache-2.0",
        "short_description": "A small group of persona agents, led by a director",
        "hf_oauth": True,
        "hf_oauth_expiration_minutes": 480,
        "models": list(KINDS[hardware].models),
        "tags": ["multi-agent", "persona", "human-evaluation"],
    }


def with_front_matter(readme: str, front: dict[str, Any]) -> str:
    """The README with this front matter, in the place of any it has."""
    body = _FRONT.sub("", readme, count=1).lstrip("\n")
    block = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{block}---\n\n{body}"


def read_front_matter(readme: str) -> dict[str, Any]:
    """What stands at the top of a README; nothing if it has none."""
    found = _FRONT.match(readme)
    return yaml.safe_load(found[1]) if found else {}


def requirements_for(requirements: str, hardware: Hardware) -> str:
    """requirements.txt for the hardware; a ZeroGPU Space brings the package `spaces` itself."""
    return CPU_WHEELS + requirements if hardware == "cpu" else requirements
