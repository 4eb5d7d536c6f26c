"""Where segments lie: a folder (a mounted bucket is one), or a private dataset repository of the hub."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

from mascot.archive.segments import number_of
from mascot.errors import HubError, SettingsError, StoreError
from mascot.hub.repository import one_line

T = TypeVar("T")
HUB = "hf://datasets/"


class Shelf(Protocol):
    """Files by name, each written once. Every method raises StoreError when the place cannot be reached."""

    def names(self) -> list[str]:
        """The segments that are there, sorted."""
        ...

    def read(self, name: str) -> bytes: ...

    def replace(self, put: Mapping[str, bytes], drop: Collection[str]) -> None:
        """Put files there, durably, and only then take others away; also those that are gone already."""
        ...


class Folder:
    """A folder of this machine, of a network disk or of a bucket that is mounted as one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        with self._reached():
            found = (str(file.relative_to(self._path).as_posix()) for file in self._path.glob("*/*.jsonl"))
            return sorted(name for name in found if number_of(name) is not None)

    def read(self, name: str) -> bytes:
        with self._reached():
            return (self._path / name).read_bytes()

    def replace(self, put: Mapping[str, bytes], drop: Collection[str]) -> None:
        with self._reached():
            for name, content in put.items():
                self._write(self._path / name, content)
            for name in drop:
                (self._path / name).unlink(missing_ok=True)

    def _write(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            Path(scratch).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(scratch).unlink()
            raise
        _sync(file.parent)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StoreError(f"the archive at {self._path} cannot be used: {reason}") from None


def _sync(folder: Path) -> None:
    """A new name is on disk only when its folder is; not every kind of file system can be asked."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Dataset:
    """A dataset repository: one commit per export, nothing half done.

    After something was taken away, also by a replacement that broke off, the history is squashed, so that no
    earlier commit keeps it.
    """

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._api = HfApi()
        self._made = False

    def names(self) -> list[str]:
        def ask() -> list[str]:
            if not self._made:
                self._api.create_repo(self._repo, repo_type="dataset", private=True, exist_ok=True)
                self._made = True
            return self._api.list_repo_files(self._repo, repo_type="dataset")

        return sorted(name for name in self._asked(ask) if number_of(name) is not None)

    def read(self, name: str) -> bytes:
        def fetch() -> bytes:
            with tempfile.TemporaryDirectory(prefix="mascot-archive-") as folder:
                file = self._api.hf_hub_download(self._repo, name, repo_type="dataset", local_dir=folder)
                return Path(file).read_bytes()

        return self._asked(fetch)

    def replace(self, put: Mapping[str, bytes], drop: Collection[str]) -> None:
        there = set(self.names()) if drop else set()
        operations = [
            *(
                CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)
                for name, content in put.items()
            ),
            *(CommitOperationDelete(path_in_repo=name) for name in drop if name in there),
        ]

        def commit() -> None:
            if operations:
                message = f"Archive: {len(put)} segments"
                self._api.create_commit(self._repo, operations, commit_message=message, repo_type="dataset")
            if drop:
                self._api.super_squash_history(self._repo, repo_type="dataset")

        self._asked(commit)

    def _asked(self, deed: Callable[[], T]) -> T:
        try:
            with one_line(f"the archive {HUB}{self._repo}"):
                return deed()
        except HubError as error:
            raise StoreError(str(error)) from None


def open_shelf(place: str) -> Shelf:
    """The shelf that a setting names: `hf://datasets/OWNER/NAME`, or the path of a folder.

    Raises:
        SettingsError: it is neither.
    """
    if place.startswith(HUB):
        repo = place.removeprefix(HUB)
        if repo.count("/") != 1 or not all(repo.split("/")):
            raise SettingsError(f"MASCOT_ARCHIVE={place!r}: write {HUB}OWNER/NAME, or the path of a folder")
        return Dataset(repo)
    if "://" in place:
        raise SettingsError(f"MASCOT_ARCHIVE={place!r}: write {HUB}OWNER/NAME, or the path of a folder")
    return Folder(Path(place).expanduser().resolve())
