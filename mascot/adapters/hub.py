"""Adapters to and from the Hugging Face Hub, each a model repository: a PEFT folder, its lineage, a card.

Only these files travel, and weights only as safetensors, which cannot run anything.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import ValidationError

from mascot.adapters.lineage import LINEAGE, Lineage, read_lineage
from mascot.adapters.registry import Entry, Registry
from mascot.engines.gguf_lora import CONFIG, WEIGHTS
from mascot.errors import AdapterError
from mascot.hub.card import card, table
from mascot.hub.repository import CARD, fetch, sizes

PARTS = (CONFIG, WEIGHTS, LINEAGE)
_WHAT = (
    "An adapter of MASCOT Studio: one voice of a group of persona agents, or its director. It was made for "
    "conversation in such a group, and is no clinician."
)


def card_of(lineage: Lineage, licence: str = "") -> str:
    """The text of README.md: what the hub reads, then where the adapter came from."""
    front = {
        "base_model": lineage.base,
        "base_model_relation": "adapter",
        "library_name": "peft",
        "tags": ["mascot-studio", "lora", lineage.name],
    }
    rows = {
        "adapter": f"{lineage.name}, version {lineage.version}",
        "base model": f"{lineage.base} (`{lineage.base_hash}`)",
        "began from": lineage.parent or "the base model",
        "data": f"`{lineage.data_hash}`",
        "code": f"MASCOT Studio {lineage.code}, {lineage.created:%Y-%m-%d}",
    }
    sections = _WHAT, table(rows), f"## Figures\n\n{table(lineage.metrics)}"
    settings = f"## Settings\n\n{table(lineage.settings)}"
    return card(front, f"{lineage.name}, {lineage.version}", *sections, settings, licence=licence)


def parts(entry: Entry, licence: str = "") -> dict[str, bytes]:
    """Every file of the adapter's repository, by name."""
    found = {name: (entry.folder / name).read_bytes() for name in PARTS}
    return {CARD: card_of(entry.lineage, licence).encode(), **found}


def there(repo: str, revision: str | None = None) -> dict[str, int]:
    """The files of an adapter's repository that would be fetched, with their sizes in bytes.

    Raises:
        HubError: no such repository, or the hub refuses or is not there.
        AdapterError: one of the files is not there.
    """
    found = sizes(repo, revision)
    if missing := [name for name in PARTS if name not in found]:
        raise AdapterError(f"{repo} holds no adapter of ours: there is no {', '.join(missing)}")
    return {name: found[name] for name in PARTS}


def pull(repo: str, registry: Registry, revision: str | None = None, version: str | None = None) -> Entry:
    """Take an adapter from there into the registry, as a candidate.

    Args:
        revision: a branch, a tag or a commit; None is the newest.
        version: its name here; None is the name that it has there.

    Raises:
        HubError: as `there`.
        AdapterError: as `there`; or the version is taken, or a file is damaged.
        EngineError: its configuration cannot be used.
    """
    there(repo, revision)
    with tempfile.TemporaryDirectory(prefix="mascot-adapter-") as folder:
        fetch(repo, PARTS, Path(folder), revision)
        return registry.add(Path(folder), _renamed(read_lineage(Path(folder)), version))


def _renamed(lineage: Lineage, version: str | None) -> Lineage:
    try:
        return Lineage.model_validate(lineage.model_dump() | {"version": version or lineage.version})
    except ValidationError:
        raise AdapterError(
            f"--version {version!r} is no name: use small letters, digits, dots and dashes"
        ) from None
