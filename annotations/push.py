"""A dataset folder on its way to the Hugging Face Hub; by default it only says what would happen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError

from mascot.errors import InputError


@dataclass(frozen=True)
class Upload:
    """What is, or would be, uploaded.

    Attributes:
        repo: The dataset repository, OWNER/NAME.
        private: Whether only its owners shall see it, if it is made now.
        files: Each file with its size in bytes.
        url: Where the commit is; empty when nothing was sent.
    """

    repo: str
    private: bool
    files: dict[str, int]
    url: str = ""


def push(folder: Path, repo: str, message: str, private: bool = True, really: bool = False) -> Upload:
    """Upload every file of a folder in one commit, so that no reader ever sees half of it.

    Without `really` nothing is sent and nothing asked: the upload is only described. The token and the
    address of the hub are those of huggingface_hub (`hf auth login`, `HF_TOKEN`, `HF_ENDPOINT`).

    Raises:
        InputError: the folder holds no dataset, the name is none, or the hub refuses or is not there.
    """
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if "README.md" not in names:
        raise InputError(f"{folder} holds no dataset: there is no README.md in it")
    upload = Upload(repo, private, {name: (folder / name).stat().st_size for name in names})
    if not really:
        return upload
    api = HfApi()
    operations = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names]
    try:
        api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        commit = api.create_commit(repo, operations, commit_message=message, repo_type="dataset")
    except LocalTokenNotFoundError:
        raise InputError("the hub wants to know who you are: `hf auth login`, or set HF_TOKEN") from None
    except HFValidationError:
        raise InputError(f"{repo!r} is no name of a repository: write OWNER/NAME") from None
    except HfHubHTTPError as error:
        raise InputError(f"the hub refuses {repo}: {_reason(error)}") from None
    except (httpx2.HTTPError, OSError) as error:
        raise InputError(f"the hub cannot be reached: {error}") from None
    except RuntimeError as error:  # what huggingface_hub makes of a large file that did not get through
        raise InputError(f"the upload broke off, and nothing was published: {error}") from None
    return Upload(repo, private, upload.files, commit.commit_url)


def _reason(error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status == 401:
        return "the token is missing or not valid: `hf auth login`, or set HF_TOKEN"
    if status == 403:
        return "the token may not write there"
    return (error.server_message or f"HTTP {status}").splitlines()[0]
