"""What the statistics refuse, each in one line that names the place."""

from __future__ import annotations

from mascot.errors import MascotError


class StatisticsError(MascotError):
    """A table or setting no statistic can be computed from; the message names the row and the column."""
