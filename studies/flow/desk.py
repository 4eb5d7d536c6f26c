"""What the researcher's page is sent. Every figure comes from `annotations`; none is computed in the page.

    GET  /study/{study}/desk/status        → Status
    GET  /study/{study}/desk/agreement     → list of annotations' agreement records (as `agreement --json`)
    GET  /study/{study}/desk/strengths     → by criterion (as `strengths --json`)
    GET  /study/{study}/desk/quality       → list of raters with the evidence (as `quality --json`)
    GET  /study/{study}/desk/positions     → list of Position
    GET  /study/{study}/desk/blinding      → Blinding
    POST /study/{study}/desk/pause, /resume, /close   → Status
    POST /study/{study}/desk/release/{assignment}     → Status
    GET  /study/{study}/desk/export/{format}          → a zip; formats: those of `annotations export`

All of them want `Authorization: Bearer TOKEN` (`serve` prints it); without it 404, as if there were none.
Statistics of a study without answers yet are `{"error": one line}` with 400.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from mascot.conversation.events import Record

State = Literal["open", "paused", "closed"]


class Cell(Record):
    """One condition (kind of item and arms), and in which orders it was rated."""

    condition: str
    wanted: int
    completed: int
    open: int
    """In the hands of somebody now."""
    orders: dict[str, int]
    """Completed ratings by order of the arms on the page, "a | b"."""


class Held(Record):
    """An item in the hands of a rater; `release` gives it back."""

    assignment: int
    item: str
    rater: str
    since: datetime
    stuck: bool
    """Its lease has run out, and nobody else has asked for it yet."""


class Stage(Record):
    """So many people stand, or stopped, at a step."""

    step: str
    here: int
    left: int
    """Exited, timed out or screened out here."""


class Times(Record):
    """Time on task per item of a kind, in seconds."""

    kind: str
    count: int
    median: float
    p90: float


class Status(Record):
    """How a study stands."""

    study: str
    title: str
    state: State
    wanted: int
    """Ratings of items in all."""
    completed: int
    entered: int
    consented: int
    finished: int
    dropped: int
    """Exited, timed out, screened out or withdrawn after consent."""
    cells: tuple[Cell, ...]
    imbalance: int
    """Greatest difference between two orders of one condition."""
    stages: tuple[Stage, ...]
    times: tuple[Times, ...]
    held: tuple[Held, ...]
    arms: tuple[str, ...]
    formats: tuple[str, ...]
    """For the export buttons."""


class Position(Record):
    """How often what stood at a place was preferred, whichever arm it was."""

    criterion: str
    place: int
    share: float
    low: float
    high: float
    """95 % interval."""
    votes: int


class Blinding(Record):
    """Whether participants can tell which system they read: guesses that were right, against chance."""

    guesses: int
    right: int
    share: float
    low: float
    high: float
    """95 % interval (Wilson)."""
    chance: float
