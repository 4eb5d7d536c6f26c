"""A conversation given to research: by an explicit choice, up to what was said then, until it is taken back.

What was given is written as one file per conversation into a folder, where a study finds it for its live
items. The file names neither the conversation (its id is a key) nor the person: `donation` and `donor` are
digests that lead to neither. Taking it back, or deleting the conversation, removes the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mascot.conversation.events import EVENT, Crisis, Event, Opened, Speech, UserSaid, Utterance
from mascot.conversation.personas import Cast
from mascot.errors import InputError, NotFoundError, StoreError
from mascot.live.database import CONVERSATIONS, DONATIONS, utc
from mascot.live.journal import Journal

FORMAT = "mascot-donation/1"
TERMS_VERSION = "2026-11"
TERMS = (
    "Researchers may read what was said in this conversation until now, show it to people who judge how the "
    "companions answered, and publish it without your name. What is said later is not included. Please do "
    "not give a conversation that names you or others. You can take it back here at any time; then it is "
    "removed from everything that is read or published from then on."
)
"""What is asked; a change of it is a new version."""


@dataclass(frozen=True)
class Donation:
    """That a conversation was given."""

    at: datetime
    until: int
    """Number of the last event that is part of it."""
    terms: str


@dataclass(frozen=True)
class Donated:
    """What a study finds: a conversation, and whose it was without saying who that is."""

    donation: str
    donor: str
    at: datetime
    terms: str
    events: tuple[Event, ...]


class Donations:
    """What was given, in the journal's database and as files of a folder."""

    def __init__(self, journal: Journal, cast: Cast, folder: Path) -> None:
        self._journal = journal
        self._cast = cast
        self._folder = folder

    def given(self, conversation: str) -> Donation | None:
        """Whether it was.

        Raises:
            NotFoundError: there is no such conversation.
        """
        self._journal.title(conversation)
        query = sa.select(DONATIONS).where(DONATIONS.c.conversation == conversation)
        with self._journal.database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Donation(utc(row.at), row.until, row.terms)

    def give(self, conversation: str) -> Donation:
        """Give what was said until now; again, to include what was said since.

        Raises:
            InputError: nothing was said yet, or the crisis message was shown in it: what somebody said in
                distress is not asked for.
            NotFoundError: there is no such conversation.
            StoreError: it could not be written down, and is not given.
        """
        entries = self._journal.entries(conversation)
        if any(isinstance(entry.event, Crisis) for entry in entries):
            raise InputError("a conversation in which the message about help was shown stays between us")
        if not any(isinstance(entry.event, UserSaid | Utterance) for entry in entries):
            raise InputError("nothing was said yet: there is nothing to give")
        donation = Donation(datetime.now(UTC), entries[-1].seq, TERMS_VERSION)
        text = self._document(conversation, donation)
        values = {"at": donation.at, "until": donation.until, "terms": donation.terms}
        with self._journal.database.writing() as connection:
            c = CONVERSATIONS.c  # locked: a deletion comes before all of this, or after it
            if connection.scalar(sa.select(c.id).where(c.id == conversation).with_for_update()) is None:
                raise NotFoundError("this conversation does not exist any more")
            connection.execute(DONATIONS.delete().where(DONATIONS.c.conversation == conversation))
            connection.execute(DONATIONS.insert().values(conversation=conversation, **values))
            self._put(conversation, text)
        return donation

    def take_back(self, conversation: str) -> None:
        """It is research's no longer; nothing happens if it never was, or was deleted.

        Raises:
            StoreError: it could not be removed, and is still given.
        """
        with self._journal.database.writing() as connection:
            connection.execute(DONATIONS.delete().where(DONATIONS.c.conversation == conversation))
            try:
                self._file(conversation).unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(f"what was given cannot be removed ({error.strerror}): try again") from None

    def rewrite(self) -> None:
        """Make the folder what the database says: after a restart, and after a disk was lost.

        Raises:
            StoreError: a file cannot be written.
        """
        with self._journal.database.reading() as connection:
            rows = connection.execute(sa.select(DONATIONS)).all()
        wanted = {self._file(row.conversation) for row in rows}
        for file in self._folder.glob("*.json"):
            if file not in wanted:
                file.unlink()
        for row in rows:
            donation = Donation(utc(row.at), row.until, row.terms)
            self._put(row.conversation, self._document(row.conversation, donation))

    def _document(self, conversation: str, donation: Donation) -> str:
        with self._journal.database.reading() as connection:
            query = sa.select(CONVERSATIONS.c.owner).where(CONVERSATIONS.c.id == conversation)
            owner = connection.scalar(query) or ""
        entries = self._journal.entries(conversation)
        opened = entries[0].event
        seats = opened.cast if isinstance(opened, Opened) else ()
        document = {
            "format": FORMAT,
            "donation": _digest("donation", conversation),
            "donor": _digest("donor", owner),
            "at": donation.at.isoformat(),
            "terms": donation.terms,
            "personas": [self._cast[i].model_dump(mode="json") for i in seats if i in self._cast],
            "events": [
                entry.event.model_dump(mode="json", exclude={"key"})
                for entry in entries
                if entry.seq <= donation.until and not isinstance(entry.event, Speech)
            ],
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    def _put(self, conversation: str, text: str) -> None:
        file = self._file(conversation)
        scratch = file.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(file)
        except OSError as error:
            raise StoreError(f"it cannot be written down ({error.strerror}): nothing is given") from None

    def _file(self, conversation: str) -> Path:
        return self._folder / f"{_digest('donation', conversation)}.json"


def read_donations(folder: Path) -> Iterator[Donated]:
    """What is given at this moment, in no particular order; ask again rather than keep it.

    Raises:
        InputError: a file is not one of ours.
    """
    for file in sorted(folder.glob("*.json")):
        try:
            read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if read["format"] != FORMAT:
                raise ValueError
            events = tuple(EVENT.validate_python(event) for event in read["events"])
            at = datetime.fromisoformat(read["at"])
            yield Donated(read["donation"], read["donor"], at, read["terms"], events)
        except FileNotFoundError:
            continue  # taken back while we read
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{file} is no donated conversation: take it out of the folder") from None


def _digest(what: str, secret: str) -> str:
    return hashlib.sha256(f"{what}:{secret}".encode()).hexdigest()[:32]
