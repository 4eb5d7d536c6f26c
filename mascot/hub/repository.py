"""Repositories of the Hugging Face Hub: what goes there, what comes from there, and one line if it does not.

The token and the address of the hub are those of huggingface_hub (`hf auth login`, `HF_TOKEN`,
`HF_ENDPOINT`); they are neither read nor shown here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from mascot.errors import HubError

Kind = Literal["model", "dataset"]
CARD: Final = "README.md"
_SLUG = re.compile(r"[\w.-]+/[\w.-]+-[0-9a-f]{24}")
_WHY: Final = {
    401: "the token is missing or not valid: `hf auth login`, or set HF_TOKEN",
    403: "the token may not do that there",
}


@dataclass(frozen=True)
class Pushed:
    """What became of a push."""

    url: str
    """Where the commit is."""
    collection: str = ""
    """The address of the collection that the repository is in; empty where none was named."""


def push(
    repo: str,
    files: Mapping[str, bytes | Path],
    message: str,
    *,
    kind: Kind = "model",
    private: bool = True,
    collection: str = "",
) -> Pushed:
    """Put files into a repository in one commit, so that no reader ever sees half of it.

    Args:
        files: by their names there.
        private: whether only its owners shall see it, if it is made now.
        collection: the slug of a collection that the repository is put into, or a title: then the owner's
            collection of that title, which is made where there is none, as private as the repository.

    Raises:
        HubError: no token, no such name, or the hub refuses or is not there. Where only the collection is
            refused after the commit, the line says so.
    """
    api = HfApi()
    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    with one_line(repo):
        check_name(repo)
        api.create_repo(repo, repo_type=kind, private=private, exist_ok=True)
    slug = _slug(api, collection, repo.split("/", maxsplit=1)[0], private) if collection else ""
    with one_line(repo):
        url = api.create_commit(repo, operations, commit_message=message, repo_type=kind).commit_url
    if not slug:
        return Pushed(url)
    with one_line(f"the collection {slug} (the files are at {url})"):
        return Pushed(url, api.add_collection_item(slug, repo, kind, exists_ok=True).url)


def sizes(repo: str, revision: str | None = None) -> dict[str, int]:
    """The files of a model repository with their sizes in bytes.

    Raises:
        HubError: as `push`; or there is no such repository.
    """
    with one_line(repo):
        check_name(repo)
        tree = HfApi().list_repo_tree(repo, recursive=True, revision=revision)
        return {file.path: file.size for file in tree if isinstance(file, RepoFile)}


def fetch(repo: str, names: Collection[str], folder: Path, revision: str | None = None) -> None:
    """Bring files of a model repository into a folder.

    Raises:
        HubError: as `sizes`; or one of them is not there.
    """
    with one_line(repo):
        for name in names:
            HfApi().hf_hub_download(repo, name, revision=revision, local_dir=folder)


def check_name(repo: str) -> None:
    """Refuse what is no OWNER/NAME; what the hub thinks of both it says itself.

    Raises:
        HubError: it is none.
    """
    if repo.count("/") != 1 or not all(repo.split("/")):
        raise HubError(f"{repo!r} is no name of a repository: write OWNER/NAME")


@contextmanager
def one_line(what: str) -> Iterator[None]:
    """Whatever goes wrong with the hub inside, as one line that names `what` and no token.

    Raises:
        HubError: that line.
    """
    try:
        yield
    except LocalTokenNotFoundError:
        raise HubError(f"the hub asks who wants {what}: `hf auth login`, or set HF_TOKEN") from None
    except HFValidationError:
        raise HubError(f"{what!r} is no name of a repository: write OWNER/NAME") from None
    except EntryNotFoundError:
        raise HubError(f"{what} has lost a file while it was read: try again") from None
    except RepositoryNotFoundError:
        raise HubError(f"the hub refuses {what}: there is none, or not for your token") from None
    except HfHubHTTPError as error:
        raise HubError(f"the hub refuses {what}: {_reason(error)}") from None
    except (httpx2.HTTPError, OSError) as error:
        raise HubError(f"the hub cannot be reached for {what}: {_words(error)}") from None
    except RuntimeError as error:  # what huggingface_hub makes of a large file that did not get through
        raise HubError(f"what was on its way for {what} broke off: {_words(error)}") from None


def _slug(api: HfApi, collection: str, owner: str, private: bool) -> str:
    """The slug of a collection, which is made where only its title is known."""
    with one_line(f"the collection {collection!r}"):
        if _SLUG.fullmatch(collection):
            return api.get_collection(collection).slug
        return api.create_collection(collection, namespace=owner, private=private, exists_ok=True).slug


def _reason(error: HfHubHTTPError) -> str:
    status = error.response.status_code
    return _WHY.get(status) or (error.server_message or f"HTTP {status}").splitlines()[0]


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
