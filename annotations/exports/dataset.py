"""A folder with everything a dataset needs: data files by format and split, the card, the Croissant file.

It is written beside its place and moved there when it is whole: a folder that exists is complete.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from annotations.exports.comparisons import Judged
from annotations.exports.format import Format, Source
from annotations.exports.splits import SPLITS, Shares
from annotations.exports.survey import Survey, survey
from annotations.exports.tables import KINDS, Kind, Tables
from annotations.records import Rated
from annotations.store import Store
from mascot.conversation.personas import Cast
from mascot.errors import InputError

Read = Callable[[bool], Iterable[Judged]]
"""All answers, item by item and dialogue by dialogue; with the conversations, if asked for."""


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes:
        formats: One or more, in the order of the card.
        cast: Persona cards of everyone who speaks.
        study: Only this study.
        until: Only answers up to this id, as they stood then.
        agreed: Only answers of these raters to these studies (rater, study); None for everyone's.
        kinds: Which files to write.
        shares: How dialogues are split.
    """

    formats: Sequence[Format]
    cast: Cast
    study: str | None = None
    until: int | None = None
    agreed: frozenset[tuple[str, str]] | None = None
    kinds: Sequence[Kind] = KINDS
    shares: Shares = field(default_factory=Shares)


@dataclass(frozen=True)
class Part:
    """What was written of one format."""

    format: Format
    schema: pa.Schema
    rows: dict[str, int]
    """By split."""
    skipped: Counter[str]


@dataclass(frozen=True)
class Written:
    """What was written: what the card tells."""

    request: Request
    survey: Survey
    parts: tuple[Part, ...]
    files: dict[str, str]
    """SHA-256 of every data file, by its path in the folder."""

    @property
    def rows(self) -> int:
        return sum(sum(part.rows.values()) for part in self.parts)

    @property
    def digest(self) -> str:
        """SHA-256 over the names and digests of the data files."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


def data_file(format: str, split: str, kind: Kind) -> str:
    """Where a table lies in the folder."""
    return f"data/{format}/{split}.{kind}"


def write_data(store: Store, request: Request, folder: Path) -> Written:
    """Write the data files into a new folder; memory does not grow with the number of answers.

    The answers are those saved when it begins, unless the request says until when.

    Raises:
        InputError: there is no answer to export, or a persona without a card speaks.
        NotFoundError: there is no such study.
        StoreError: the store cannot be read.
    """
    request = replace(request, until=store.head().last_id if request.until is None else request.until)

    def read(words: bool) -> Iterator[Judged]:
        found = store.by_item(request.study, request.until, transcripts=words)
        yield from judged_by(found, request.agreed)

    return write_judged(read, request, folder)


def judged_by(
    found: Iterable[Sequence[Rated]], agreed: frozenset[tuple[str, str]] | None
) -> Iterator[Judged]:
    """The answers to each item, those of raters who agreed; `agreed` as in `Request`."""
    for rated in found:
        study = rated[0].item.study
        kept = tuple(r for r in rated if agreed is None or (r.rater.id, study) in agreed)
        if kept:
            yield Judged(kept[0].item, kept)


def write_judged(read: Read, request: Request, folder: Path) -> Written:
    """The same from any reading: once to count, once more for each format to write.

    Raises:
        InputError: as `write_data`.
    """
    found = survey(read(False))
    if not found.answers:
        raise InputError("there are no answers to export (yet), or nobody's consent allows it")
    parts = tuple(
        _write_part(read(format.words), format, found, request, folder) for format in request.formats
    )
    names = [
        data_file(format.name, split, kind)
        for format in request.formats
        for split in SPLITS
        for kind in request.kinds
    ]
    return Written(request, found, parts, {name: _digest(folder / name) for name in names})


def _write_part(
    items: Iterable[Judged], format: Format, found: Survey, request: Request, folder: Path
) -> Part:
    source = Source(found, request.cast)
    schema = format.schema(found)
    with Tables(folder / "data" / format.name, schema, SPLITS, request.kinds) as tables:
        for row in format.rows(items, source):
            tables.add(request.shares.of(row["dialogue"]), row)
    return Part(format, schema, tables.rows, source.skipped)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class NewFolder:
    """A folder that appears under its name only when the block ends well.

    Raises:
        InputError: there already is something by that name.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"{path} already exists: name a new folder, or delete it first")
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")

    def __enter__(self) -> Path:
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"{self._path} cannot be made: {error.strerror}") from None
        return self._partial

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        if self._path.exists():
            self._path.rmdir()
        self._partial.rename(self._path)
