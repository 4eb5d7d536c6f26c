"""What an archive asks of a store: what is new, what must be forgotten, and to take things back.

Only builtin types, so that a store can be a source without importing this room.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

Record = tuple[str, str, dict[str, Any]]
"""A key (what is forgotten together), a mark (how far the key is known with this record), and a body of
what JSON has. Records are never changed; a later record of a key adds to the earlier ones."""
Marks = Mapping[str, str]
"""How far each key is known; what a mark says is the source's own affair."""


class Source(Protocol):
    """Something append-only whose disk may not live long."""

    @property
    def name(self) -> str:
        """Lower-case letters, digits and `. _ -`; the archive keeps a folder of that name."""
        ...

    def news(self, known: Marks) -> Iterable[Record]:
        """Everything that has happened since, in an order in which it may be cut off anywhere."""
        ...

    def gone(self, known: Marks) -> Iterable[str]:
        """Keys that were deleted here: no copy of them may stay anywhere."""
        ...

    def restore(self, records: Sequence[Record]) -> Marks:
        """Take in, all or nothing, what is not here and was not deleted here.

        Returns:
            The marks of what was taken in, where they differ from those of the records.
        """
        ...
