"""A Space on its way to the hub: one commit, so that nobody ever starts half of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from mascot.hub.repository import check_name, one_line

_KEPT = {".gitattributes"}
"""What the hub puts there itself."""


def push(folder: Path, names: Sequence[str], repo: str, private: bool) -> str:
    """Make the Space hold exactly these files; returns the commit's address.

    Raises:
        HubError: no token, no such name, or the hub refuses or is not there.
    """
    api = HfApi()
    with one_line(repo):
        check_name(repo)
        api.create_repo(repo, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        old = set(api.list_repo_files(repo, repo_type="space")) - set(names) - _KEPT
        operations = [
            *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names),
            *(CommitOperationDelete(path_in_repo=name) for name in sorted(old)),
        ]
        return api.create_commit(repo, operations, commit_message="The app", repo_type="space").commit_url
