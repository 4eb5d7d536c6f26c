"""What goes on in the background while the app is open: copies to an archive, expiry, donations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from mascot.archive.archive import Archive
from mascot.archive.keeper import Keeper
from mascot.archive.shelves import open_shelf
from mascot.archive.source import Source
from mascot.errors import StoreError
from mascot.live.archived import ConversationSource
from mascot.live.database import CONVERSATIONS, DONATIONS
from mascot.live.donations import Donations
from mascot.live.keeping import Keeping
from mascot.live.retention import expire
from mascot.settings import Settings
from mascot.studio import Studio

_HOUR = 3600.0


class House:
    """Opened after the studio and before anybody is let in: what the archive has is back by then.

    Args:
        studio: what is looked after.
        settings: where to, how often, how long.
        sources: further stores on a disk that may vanish.

    Raises:
        StoreError: the archive cannot be reached or is damaged; without it nothing is begun, because
            conversations that were deleted or given back could not be told from others.
        SettingsError: the setting names no archive.
    """

    def __init__(self, studio: Studio, settings: Settings, sources: Sequence[Source] = ()) -> None:
        self._studio = studio
        self._days = settings.retention_days
        self.restored = 0
        self._archive = self._open_archive(settings, sources)
        donations = Donations(studio.journal, studio.live.cast, settings.home / "donations")
        donations.rewrite()
        studio.live.also_delete(lambda ids: [donations.take_back(id) for id in ids])
        studio.live.also_delete(lambda _ids: self._settle())
        self._keepers = [Keeper("expiry", _HOUR, self._expire)] if self._days else []
        if self._archive is not None:
            self._keepers.append(Keeper("archive", settings.archive_seconds, self._archive.export))
        self.keeping = Keeping(
            self._days,
            donations if settings.donations else None,
            self._reach if self._archive is not None else None,
            self._settle,
        )

    def figures(self) -> dict[str, object]:
        """How it stands: counts, and until when the archive reaches (UTC)."""
        now = datetime.now(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        count = sa.select(sa.func.count())
        with self._studio.journal.database.reading() as connection:
            conversations = connection.scalar(count.select_from(CONVERSATIONS))
            donated = connection.scalar(count.select_from(DONATIONS))
        until, trouble = self._reach() if self._archive is not None else (None, "")
        return {
            "at": now.isoformat(),
            "conversations": conversations,
            "donated": donated,
            "turns today": self._studio.journal.turns_since(midnight),
            "archived until": until.isoformat() if until else None,
            "trouble with the archive": trouble,
        }

    def close(self) -> None:
        """A last export, and the end."""
        for keeper in self._keepers:
            keeper.close()

    def _open_archive(self, settings: Settings, sources: Sequence[Source]) -> Archive | None:
        if not settings.archive:
            return None
        own = [ConversationSource(self._studio.journal)] if self._studio.journal.database.lite else []
        if not own and not sources:
            return None  # a database server looks after itself
        archive = Archive(open_shelf(settings.archive), [*own, *sources])
        self.restored = archive.restore()
        return archive

    def _expire(self) -> int:
        return expire(self._studio.live, self._studio.journal, self._days)

    def _reach(self) -> tuple[datetime | None, str]:
        assert self._archive is not None
        reach = self._archive.reach
        return reach.until, reach.trouble

    def _settle(self) -> None:
        if self._archive is None:
            return
        try:
            self._archive.export()
        except StoreError as error:
            raise StoreError(
                f"it is done here, and its copy in the archive will follow as soon as that answers ({error})"
            ) from None
