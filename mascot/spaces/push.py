"""A Space on its way to the hub: one commit, so that nobody ever starts half of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from mascot.errors import InputError

_KEPT = {".gitattributes"}
"""What the hub puts there itself."""


def push(folder: Path, names: Sequence[str], repo: str, private: bool) -> str:
    """Make the Space hold exactly these files; returns the commit's address.

    The token is huggingface_hub's (`HF_TOKEN`, `hf auth login`); it is neither read nor shown here.

    Raises:
        InputError: no token, no such name, or the hub refuses or is not there.
    """
    api = HfApi()
    try:
        api.create_repo(repo, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
        old = set(api.list_repo_files(repo, repo_type="space")) - set(names) - _KEPT
        operations = [
            *(CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names),
            *(CommitOperationDelete(path_in_repo=name) for name in sorted(old)),
        ]
        commit = api.create_commit(repo, operations, commit_message="The app", repo_type="space")
    except LocalTokenNotFoundError:
        raise InputError("the hub wants to know who you are: `hf auth login`, or set HF_TOKEN") from None
    except HFValidationError:
        raise InputError(f"{repo!r} is no name of a Space: write OWNER/NAME") from None
    except HfHubHTTPError as error:
        reason = (error.server_message or f"HTTP {error.response.status_code}").splitlines()[0]
        raise InputError(f"the hub refuses {repo}: {reason}") from None
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        raise InputError(f"the hub cannot be reached: {' '.join(str(error).split())}") from None
    return commit.commit_url
