"""Rows on their way into files: one table per split, as JSON Lines and as Parquet, never whole in memory.

A format declares its columns once, as a pyarrow schema whose fields carry their meaning; both files, the
dataset card and the Croissant description are made from that one declaration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

Row = Mapping[str, Any]
Kind = Literal["jsonl", "parquet"]
KINDS: Final[tuple[Kind, ...]] = ("jsonl", "parquet")
BATCH: Final = 2_000
"""Rows held back per split before they are written."""


def column(name: str, type: pa.DataType, meaning: str) -> pa.Field:
    """One column; `meaning` says what it holds, with units and range."""
    return pa.field(name, type, metadata={"meaning": meaning})


def meaning(field: pa.Field) -> str:
    """What a column declared with `column` holds."""
    return (field.metadata or {}).get(b"meaning", b"").decode()


class Tables:
    """The files of one format: `folder/SPLIT.jsonl`, `folder/SPLIT.parquet`, written as rows come.

    Every split named gets its files, also an empty one, so that readers find what the card promises.
    """

    def __init__(
        self, folder: Path, schema: pa.Schema, splits: Sequence[str], kinds: Sequence[Kind] = KINDS
    ) -> None:
        self._schema = schema
        self._waiting: dict[str, list[Row]] = {split: [] for split in splits}
        self._files = ExitStack()
        folder.mkdir(parents=True)
        self._writers = {
            split: [
                self._files.enter_context(_WRITERS[kind](folder / f"{split}.{kind}", schema))
                for kind in kinds
            ]
            for split in splits
        }
        self.rows: dict[str, int] = dict.fromkeys(splits, 0)

    def add(self, split: str, row: Row) -> None:
        """Write one row, which has exactly the columns of the schema."""
        waiting = self._waiting[split]
        waiting.append(row)
        if len(waiting) >= BATCH:
            self._flush(split)

    def __enter__(self) -> Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files:
            if error is None:
                for split in self._waiting:
                    self._flush(split)

    def _flush(self, split: str) -> None:
        rows, self._waiting[split] = self._waiting[split], []
        # Arrow checks names and types; the JSON is then written from rows that are known to fit.
        batch = pa.RecordBatch.from_pylist(rows, schema=self._schema)
        for writer in self._writers[split]:
            writer.write(rows, batch)
        self.rows[split] += len(rows)


class _JsonLines:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._names = schema.names
        self._file = path.open("w", encoding="utf-8")

    def write(self, rows: Sequence[Row], _: pa.RecordBatch) -> None:
        for row in rows:
            ordered = {name: row[name] for name in self._names}
            self._file.write(json.dumps(ordered, ensure_ascii=False, allow_nan=False) + "\n")

    def __enter__(self) -> _JsonLines:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, _: Sequence[Row], batch: pa.RecordBatch) -> None:
        self._file.write_batch(batch)

    def __enter__(self) -> _Parquet:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


_WRITERS = {"jsonl": _JsonLines, "parquet": _Parquet}
