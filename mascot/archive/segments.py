"""Segments: files of records, written once and never changed. Pure; nothing here reads or writes.

    conversations/00000012-5f3a9c01.jsonl

One JSON object per line: a record `{"key", "mark", "body"}`, or `{"gone": key}`. The number gives the order
of segments, the rest keeps two writers apart. A segment with words of something that was deleted is
replaced by one of the same number without them.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mascot.archive.source import Record
from mascot.errors import StoreError

MOST_BYTES = 4 * 2**20
"""Of a segment; a single record may be larger."""
MERGED = 16
"""So many segments after one another that fit into one are merged."""
_NAME = re.compile(r"([a-z0-9][a-z0-9._-]*)/(\d{8})-[0-9a-f]{8}\.jsonl")


@dataclass(frozen=True)
class Content:
    """What a segment says."""

    records: tuple[Record, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(key for key, _, _ in self.records)

    def without(self, gone: Collection[str]) -> Content:
        """The same without the records of these keys."""
        return Content(tuple(record for record in self.records if record[0] not in gone), self.gone)


@dataclass(frozen=True, order=True)
class Segment:
    """A segment that is in the archive."""

    name: str
    size: int = field(compare=False)
    """Bytes."""
    keys: frozenset[str] = field(compare=False)

    @property
    def source(self) -> str:
        return self.name.partition("/")[0]


def segment_name(source: str, number: int) -> str:
    return f"{source}/{number:08}-{secrets.token_hex(4)}.jsonl"


def number_of(name: str) -> int | None:
    """A segment's number; None for a file that is no segment."""
    found = _NAME.fullmatch(name)
    return int(found[2]) if found else None


def encode(content: Content) -> bytes:
    lines = [json.dumps({"gone": key}) for key in content.gone]
    lines += [_line(record) for record in content.records]
    return "".join(line + "\n" for line in lines).encode()


def decode(name: str, raw: bytes) -> Content:
    """What a segment says.

    Raises:
        StoreError: it is damaged; names it and says what to do.
    """
    records: list[Record] = []
    gone: list[str] = []
    try:
        if raw and not raw.endswith(b"\n"):
            raise ValueError
        # Not `splitlines`, which also ends a line at marks that JSON leaves inside of what was said (U+2028).
        for line in raw.decode().split("\n")[:-1]:
            read = json.loads(line)
            if "gone" in read:
                gone.append(str(read["gone"]))
            else:
                records.append((str(read["key"]), str(read["mark"]), dict(read["body"])))
    except (ValueError, KeyError, TypeError):
        raise StoreError(
            f"the archive's segment {name} is damaged: put back a whole copy, or take it out of the archive "
            "to start without what was in it"
        ) from None
    return Content(tuple(records), tuple(gone))


def portions(records: Iterable[Record], gone: Sequence[str]) -> Iterator[Content]:
    """The same as segments that are not too large, what is gone in the first."""
    batch: list[Record] = []
    size, said = 0, tuple(gone)
    for record in records:
        length = len(_line(record).encode())
        if batch and size + length > MOST_BYTES:
            yield Content(tuple(batch), said)
            batch, size, said = [], 0, ()
        batch.append(record)
        size += length
    if batch or said:
        yield Content(tuple(batch), said)


def run_to_merge(segments: Sequence[Segment]) -> list[Segment]:
    """The first run of neighbours that are better one; segments of one source, in order."""
    run: list[Segment] = []
    for segment in segments:
        if run and sum(one.size for one in run) + segment.size > MOST_BYTES:
            if len(run) >= MERGED:
                return run
            run = []
        run.append(segment)
    return run if len(run) >= MERGED else []


def _line(record: Record) -> str:
    key, mark, body = record
    return json.dumps({"key": key, "mark": mark, "body": body}, ensure_ascii=False, separators=(",", ":"))
