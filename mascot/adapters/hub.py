"""Adapters to and from the Hugging Face Hub, each a model repository: a PEFT folder, its lineage, a card.

Only these files travel, and weights only as safetensors, which cannot run anything. The token and the
address of the hub are those of huggingface_hub (`hf auth login`, `HF_TOKEN`, `HF_ENDPOINT`); they are neither
read nor shown here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import yaml
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from pydantic import ValidationError

from mascot.adapters.lineage import LINEAGE, Lineage, read_lineage
from mascot.adapters.registry import Entry, Registry
from mascot.engines.gguf_lora import CONFIG, WEIGHTS
from mascot.errors import AdapterError

CARD = "README.md"
PARTS = (CONFIG, WEIGHTS, LINEAGE)


def card(lineage: Lineage, licence: str = "") -> str:
    """The text of README.md: what the hub reads, then where the adapter came from."""
    front = {
        "base_model": lineage.base,
        "base_model_relation": "adapter",
        "library_name": "peft",
        "tags": ["mascot-studio", "lora", lineage.name],
    }
    if licence:
        front["license"] = licence
    rows = {
        "adapter": f"{lineage.name}, version {lineage.version}",
        "base model": f"{lineage.base} (`{lineage.base_hash}`)",
        "began from": lineage.parent or "the base model",
        "data": f"`{lineage.data_hash}`",
        "code": f"MASCOT Studio {lineage.code}, {lineage.created:%Y-%m-%d}",
    }
    return (
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n# {lineage.name}, {lineage.version}\n\n"
        "An adapter of MASCOT Studio: one voice of a group of persona agents, or its director. It was made "
        "for conversation in such a group, and is no clinician.\n\n"
        f"{_table(rows)}\n## Figures\n\n{_table(lineage.metrics)}\n## Settings\n\n{_table(lineage.settings)}"
    )


def _table(rows: Mapping[str, object]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| | |", "|---|---|", *lines]) + "\n"


def parts(entry: Entry, licence: str = "") -> dict[str, bytes]:
    """Every file of the adapter's repository, by name."""
    found = {name: (entry.folder / name).read_bytes() for name in PARTS}
    return {CARD: card(entry.lineage, licence).encode(), **found}


def push(entry: Entry, repo: str, licence: str = "", private: bool = True) -> str:
    """Put an adapter there in one commit; returns the commit's address.

    Raises:
        AdapterError: no token, no such name, or the hub refuses or is not there.
    """
    api = HfApi()
    operations = [CommitOperationAdd(name, content) for name, content in parts(entry, licence).items()]
    message = f"{entry.lineage.name} {entry.lineage.version}"
    with _in_one_line(repo):
        api.create_repo(repo, private=private, exist_ok=True)
        return api.create_commit(repo, operations, commit_message=message).commit_url


def there(repo: str, revision: str | None = None) -> dict[str, int]:
    """The files of an adapter's repository that would be fetched, with their sizes in bytes.

    Raises:
        AdapterError: as `push`; or one of them is not there.
    """
    with _in_one_line(repo):
        tree = HfApi().list_repo_tree(repo, revision=revision)
        sizes = {file.path: file.size for file in tree if isinstance(file, RepoFile)}
    if missing := [name for name in PARTS if name not in sizes]:
        raise AdapterError(f"{repo} holds no adapter of ours: there is no {', '.join(missing)}")
    return {name: sizes[name] for name in PARTS}


def pull(repo: str, registry: Registry, revision: str | None = None, version: str | None = None) -> Entry:
    """Take an adapter from there into the registry, as a candidate.

    Args:
        revision: a branch, a tag or a commit; None is the newest.
        version: its name here; None is the name that it has there.

    Raises:
        AdapterError: as `there`; or the version is taken, or a file is damaged.
        EngineError: its configuration cannot be used.
    """
    there(repo, revision)
    with tempfile.TemporaryDirectory(prefix="mascot-adapter-") as folder:
        with _in_one_line(repo):
            for name in PARTS:
                HfApi().hf_hub_download(repo, name, revision=revision, local_dir=folder)
        return registry.add(Path(folder), _renamed(read_lineage(Path(folder)), version))


def _renamed(lineage: Lineage, version: str | None) -> Lineage:
    try:
        return Lineage.model_validate(lineage.model_dump() | {"version": version or lineage.version})
    except ValidationError:
        raise AdapterError(
            f"--version {version!r} is no name: use small letters, digits, dots and dashes"
        ) from None


@contextmanager
def _in_one_line(repo: str) -> Iterator[None]:
    try:
        yield
    except LocalTokenNotFoundError:
        raise AdapterError("the hub wants to know who you are: `hf auth login`, or set HF_TOKEN") from None
    except HFValidationError:
        raise AdapterError(f"{repo!r} is no name of a repository: write OWNER/NAME") from None
    except EntryNotFoundError:
        raise AdapterError(f"{repo} has lost a file while it was read: try again") from None
    except HfHubHTTPError as error:
        reason = (error.server_message or f"HTTP {error.response.status_code}").splitlines()[0]
        raise AdapterError(f"the hub refuses {repo}: {reason}") from None
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        raise AdapterError(f"the hub cannot be reached: {' '.join(str(error).split())}") from None
