"""An archive of append-only stores: exported in the background, restored at boot.

A store on a disk that may vanish commits locally before it acknowledges anything; the archive follows. What
one export has finished is safe from then on, and the time up to which everything is, is told to whoever
asks. What was deleted is forgotten here too: the next export says so first (`gone`), and in the same step
replaces every segment that still had its words.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mascot.archive.segments import (
    Content,
    Segment,
    decode,
    encode,
    number_of,
    portions,
    run_to_merge,
    segment_name,
)
from mascot.archive.shelves import Shelf
from mascot.archive.source import Marks, Source
from mascot.errors import StoreError


@dataclass(frozen=True)
class Reach:
    """How far the archive reaches."""

    until: datetime | None = None
    """Whatever was acknowledged before is in the archive; None: no export has been finished yet."""
    trouble: str = ""
    """Why the last export failed, in one line; empty if it did not."""


@dataclass(frozen=True)
class _Change:
    """What an export changes in the segments of one source."""

    source: str
    put: dict[str, Content]
    drop: list[str]
    gone: list[str]
    marks: Marks


class Archive:
    """The archive of some sources on one shelf. Safe to use from many threads.

    One app writes to a shelf; a second one would not see the first one's news.
    """

    def __init__(
        self,
        shelf: Shelf,
        sources: Sequence[Source],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._shelf = shelf
        self._sources = sources
        self._clock = clock
        self._lock = threading.Lock()
        self._segments: dict[str, Segment] = {}
        self._known: dict[str, dict[str, str]] = {source.name: {} for source in sources}
        self._gone: dict[str, set[str]] = {source.name: set() for source in sources}
        self._sure = True
        """Whether the shelf is known to hold just `_segments`: a replacement may have broken off."""
        self._left: set[str] = set()
        """Segments that are gone from the shelf, of which it may not have rid itself for good."""
        self._reach = Reach()

    @property
    def reach(self) -> Reach:
        return self._reach

    def restore(self) -> int:
        """Give every source back what it lost; to be called once, before anybody is let in.

        Returns:
            How many keys (conversations, for instance) came back.

        Raises:
            StoreError: the shelf cannot be reached, or a segment is damaged.
        """
        with self._lock:
            contents: dict[str, list[Content]] = defaultdict(list)
            for name in self._shelf.names():
                raw = self._shelf.read(name)
                content = decode(name, raw)
                segment = Segment(name, len(raw), content.keys)
                self._segments[name] = segment
                contents[segment.source].append(content)
            return sum(self._give_back(source, contents[source.name]) for source in self._sources)

    def _give_back(self, source: Source, contents: Sequence[Content]) -> int:
        gone = self._gone[source.name]
        gone.update(key for content in contents for key in content.gone)
        records = [record for content in contents for record in content.without(gone).records]
        known = self._known[source.name]
        known.update({key: mark for key, mark, _ in records})
        restored = source.restore(records)
        known.update(restored)
        return len(restored)

    def export(self) -> Reach:
        """Bring the archive up to date, now.

        Raises:
            StoreError: it could not be; nothing that was in the archive is lost, and the next export
                makes up for it.
        """
        with self._lock:
            began = self._clock()
            try:
                self._bring_up_to_date()
            except StoreError as error:
                self._reach = replace(self._reach, trouble=str(error))
                raise
            self._reach = Reach(began)
            return self._reach

    def _bring_up_to_date(self) -> None:
        """Sources are read forwards and written backwards, in one step where the shelf can: what a source
        says of those after it is in the archive only together with what it speaks of."""
        if not self._sure:
            self._take_stock()
        changes = [self._change(source) for source in self._sources]
        put = {name: content for change in reversed(changes) for name, content in change.put.items()}
        drop = [*sorted(self._left), *(name for change in changes for name in change.drop)]
        if not put and not drop:
            return
        self._sure = False
        self._shelf.replace({name: encode(content) for name, content in put.items()}, drop)
        for change in changes:
            self._remember(change)
        self._left.clear()
        self._sure = True

    def _change(self, source: Source) -> _Change:
        known = self._known[source.name]
        gone = [key for key in source.gone(known) if key not in self._gone[source.name]]
        forgotten = self._gone[source.name] | set(gone)
        records = [record for record in source.news(known) if record[0] not in forgotten]
        put, drop = self._new(source.name, list(portions(records, gone))), list[str]()
        for segment in self._of(source.name):
            if not segment.keys.isdisjoint(forgotten):
                number = number_of(segment.name) or 0
                content = self._read(segment.name).without(forgotten)
                put |= self._named(source.name, number, content)
                drop.append(segment.name)
        if run := run_to_merge([s for s in self._of(source.name) if s.name not in drop]):
            contents = [self._read(segment.name).without(forgotten) for segment in run]
            merged = Content(
                tuple(record for content in contents for record in content.records),
                tuple(key for content in contents for key in content.gone),
            )
            put |= self._named(source.name, number_of(run[-1].name) or 0, merged)
            drop += [segment.name for segment in run]
        return _Change(source.name, put, drop, gone, {key: mark for key, mark, _ in records})

    def _remember(self, change: _Change) -> None:
        for name, content in change.put.items():
            self._segments[name] = Segment(name, len(encode(content)), content.keys)
        for name in change.drop:
            self._segments.pop(name, None)
        self._gone[change.source].update(change.gone)
        self._known[change.source].update(change.marks)
        for key in change.gone:
            self._known[change.source].pop(key, None)

    def _take_stock(self) -> None:
        """Learn what a replacement that broke off has put there and taken away.

        What it put counts from now on as exported, so that it is taken away like everything else once it
        has to be forgotten.
        """
        there = self._shelf.names()
        self._left |= self._segments.keys() - set(there)
        for name in self._left:
            self._segments.pop(name, None)
        last = {source.name: self._last(source.name) for source in self._sources}
        for name in there:
            if name not in self._segments:
                raw = self._shelf.read(name)
                content = decode(name, raw)
                segment = Segment(name, len(raw), content.keys)
                self._segments[name] = segment
                if segment.source in last:
                    self._take_in(segment, content, last[segment.source])

    def _take_in(self, segment: Segment, content: Content, last: int) -> None:
        known, gone = self._known[segment.source], self._gone[segment.source]
        gone.update(content.gone)
        if (number_of(segment.name) or 0) > last:  # otherwise it says again what others had said
            known.update({key: mark for key, mark, _ in content.records})
        for key in gone:
            known.pop(key, None)

    def _of(self, source: str) -> list[Segment]:
        return sorted(segment for segment in self._segments.values() if segment.source == source)

    def _new(self, source: str, contents: Sequence[Content]) -> dict[str, Content]:
        last = self._last(source)
        return {segment_name(source, last + 1 + n): content for n, content in enumerate(contents)}

    def _last(self, source: str) -> int:
        return max((number_of(segment.name) or 0 for segment in self._of(source)), default=0)

    def _named(self, source: str, number: int, content: Content) -> dict[str, Content]:
        """Under a number it has, unless nothing is left to be said."""
        return {segment_name(source, number): content} if content.records or content.gone else {}

    def _read(self, name: str) -> Content:
        return decode(name, self._shelf.read(name))
