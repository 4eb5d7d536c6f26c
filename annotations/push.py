"""A dataset folder on its way to the Hugging Face Hub; by default it only says what would happen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mascot.errors import InputError
from mascot.hub.repository import CARD, check_name
from mascot.hub.repository import push as send


@dataclass(frozen=True)
class Upload:
    """What is, or would be, uploaded.

    Attributes:
        repo: The dataset repository, OWNER/NAME.
        private: Whether only its owners shall see it, if it is made now.
        files: Each file with its size in bytes.
        collection: The collection it goes into; empty where none was named.
        url: Where the commit is; empty when nothing was sent.
    """

    repo: str
    private: bool
    files: dict[str, int]
    collection: str = ""
    url: str = ""


def push(
    folder: Path, repo: str, message: str, private: bool = True, really: bool = False, collection: str = ""
) -> Upload:
    """Upload every file of a folder in one commit, so that no reader ever sees half of it.

    Without `really` nothing is sent and nothing asked: the upload is only described.

    Raises:
        InputError: the folder holds no dataset.
        HubError: the name is none, or the hub refuses or is not there; see `mascot.hub.repository.push`.
    """
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if CARD not in names:
        raise InputError(f"{folder} holds no dataset: there is no {CARD} in it")
    check_name(repo)
    files = {name: folder / name for name in names}
    described = Upload(repo, private, {name: file.stat().st_size for name, file in files.items()}, collection)
    if not really:
        return described
    done = send(repo, files, message, kind="dataset", private=private, collection=collection)
    return replace(described, url=done.url, collection=done.collection)
