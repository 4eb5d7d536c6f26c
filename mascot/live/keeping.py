"""What becomes of conversations here, as the page is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mascot.live.donations import Donations


@dataclass(frozen=True)
class Keeping:
    """What becomes of conversations here."""

    retention_days: int = 0
    """Deleted after so many days of silence; 0: kept."""
    donations: Donations | None = None
    """Where they are given to research; None: nobody is asked."""
    exported: Callable[[], tuple[datetime | None, str]] | None = None
    """Until when everything is in the archive, and what is wrong with it; None: there is no archive."""
    settle: Callable[[], object] = lambda: None
    """Brings the archive up to date; raises StoreError where that cannot be done now."""
