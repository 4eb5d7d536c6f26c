"""Everything that can happen in a conversation, as records.

A conversation *is* its list of events; whatever else one wants to know is folded from them (see
`transcript`). The same records are committed to the journal, sent to pages, printed by `chat --json`
and written into exports.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Pace = Literal["immediate", "reading"]
Barge = Literal["interrupt", "queue"]
Cut = Literal["barge-in", "stop", "restart", "failure"]
Reason = Literal["director", "bound", "enough", "stop", "nobody", "failure"]


class Record(BaseModel):
    """A frozen record that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Opened(Record):
    """A conversation begins: who is at the table and who directs."""

    type: Literal["opened"] = "opened"
    cast: tuple[str, ...]
    """Persona ids."""
    policy: str
    seed: int
    max_turns: int
    pace: Pace = "reading"
    engine: str = ""
    model: str = ""


class UserSaid(Record):
    """The person speaks."""

    type: Literal["user"] = "user"
    text: str
    addressed: tuple[str, ...] = ()
    """Persona ids asked by name or by a click, in order."""
    barge: Barge = "interrupt"
    """What this does to someone who is speaking."""
    key: str = ""
    """The page's idempotency key: the same key is the same message."""


class Asked(Record):
    """The person asks a persona to speak, without saying anything."""

    type: Literal["asked"] = "asked"
    agent: str


class WentOn(Record):
    """The person lets the group continue among themselves."""

    type: Literal["continue"] = "continue"


class Muted(Record):
    """A persona is taken out of, or back into, the talk."""

    type: Literal["muted"] = "muted"
    agent: str
    muted: bool


class PaceSet(Record):
    """How fast words appear."""

    type: Literal["pace"] = "pace"
    pace: Pace


class Move(Record):
    """One move the director weighed."""

    agent: str | None
    """None is the yield."""
    action: str = ""
    tone: str = ""
    probability: float


class Directive(Record):
    """The director's decision who speaks, to do what, in which tone (paper, section 3)."""

    type: Literal["directive"] = "directive"
    agent: str
    action: str
    tone: str
    score: float
    """Probability of this move among the legal ones, 0 to 1."""
    weighed: tuple[Move, ...] = ()
    seconds: float = 0.0
    """What deciding took."""


class Speech(Record):
    """Some words of the utterance that is being said. Replaced by its `utterance` or `interrupted`."""

    type: Literal["speech"] = "speech"
    agent: str
    text: str


class Utterance(Record):
    """A persona has spoken."""

    type: Literal["utterance"] = "utterance"
    agent: str
    text: str
    tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float = 0.0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    dropped_turns: int = 0
    """Oldest turns that no longer fitted into the model's context."""
    guards: dict[str, int] = Field(default_factory=dict)
    """What the guards caught in this turn, by guard."""


class Interrupted(Record):
    """A persona was cut short; `text` is what had been said, possibly nothing."""

    type: Literal["interrupted"] = "interrupted"
    agent: str
    text: str
    reason: Cut


class Yielded(Record):
    """The floor goes back to the person."""

    type: Literal["yield"] = "yield"
    reason: Reason
    score: float = 1.0
    weighed: tuple[Move, ...] = ()
    line: str = ""
    """With `failure`: what happened, in one line for the person."""


class Crisis(Record):
    """The recogniser fired on the person's last message; the personas fall silent."""

    type: Literal["crisis"] = "crisis"
    kind: str
    score: float


class Acknowledged(Record):
    """The person has seen the crisis message and wishes to go on."""

    type: Literal["acknowledged"] = "acknowledged"


Event = Annotated[
    Opened
    | UserSaid
    | Asked
    | WentOn
    | Muted
    | PaceSet
    | Directive
    | Speech
    | Utterance
    | Interrupted
    | Yielded
    | Crisis
    | Acknowledged,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""Parses and checks any event from JSON or a dictionary."""
