"""A shelf in memory that can break, and conversations that are what a test makes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from mascot.archive.archive import Archive
from mascot.archive.shelves import Folder, Shelf
from mascot.conversation.events import Event, Opened, UserSaid, Utterance
from mascot.errors import StoreError
from mascot.live.archived import ConversationSource
from mascot.live.journal import Journal

FIRST = Opened(cast=("anchor",), policy="model", seed=1, max_turns=4)


def said(text: str) -> list[Event]:
    return [UserSaid(text=text), Utterance(agent="anchor", text=f"You say: {text}")]


class Breaking:
    """A shelf that stops in the middle of a replacement after so many steps; the last one is its answer."""

    def __init__(self, shelf: Shelf, steps: int = -1) -> None:
        self._shelf = shelf
        self.steps = steps

    def names(self) -> list[str]:
        return self._shelf.names()

    def read(self, name: str) -> bytes:
        return self._shelf.read(name)

    def replace(self, put: Mapping[str, bytes], drop: Collection[str]) -> None:
        for name, content in put.items():
            self._step()
            self._shelf.replace({name: content}, ())
        for name in drop:
            self._step()
            self._shelf.replace({}, [name])
        self._step()

    def _step(self) -> None:
        if self.steps == 0:
            raise StoreError("the network is away")
        self.steps -= 1


class Life:
    """One life of an app: a disk of its own, and an archive that outlives it."""

    def __init__(self, disk: Path, shelf: Shelf | Path) -> None:
        self.journal = Journal(f"sqlite:///{disk / 'live.db'}")
        self.source = ConversationSource(self.journal)
        self.shelf = Folder(shelf) if isinstance(shelf, Path) else shelf
        self.archive = Archive(self.shelf, [self.source])
        self.restored = self.archive.restore()

    def begin(self, text: str, owner: str = "me") -> str:
        id = self.journal.create(owner, text, FIRST)
        self.journal.append(id, said(text))
        return id

    def events(self, id: str) -> list[Event]:
        return [entry.event for entry in self.journal.entries(id)]

    def end(self) -> None:
        self.journal.close()


def everything(folder: Path) -> str:
    """All that stands in the archive's files, whatever they are called."""
    return "".join(file.read_text() for file in sorted(folder.rglob("*")) if file.is_file())
