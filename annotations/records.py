"""What the store of ratings keeps, as records. One word for one thing, here, in the tables and in exports.

    Study ──< Item ──< Assignment ──< Answer
                 └─ Candidate (one per arm)      Rater ──< Consent, Assignment, Withdrawal

An item is what one rater judges in one go: a dialogue, a turn of one, a pair or a triple of dialogues.
Its candidates stand in a fixed order that no rater sees; an assignment says in which order they were
shown. Answers name candidates by their index in the *item*, never by the place on the page, so that no
reader has to undo the counterbalancing: `Pairwise(winner=0)` is a vote for `item.candidates[0].arm`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, field_validator, model_validator

from mascot.conversation.events import Event, Record

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}$")]
"""A name in the store: letters, digits and `. _ : @ / + -`, at most 120 of them."""
ItemKind = Literal["dialogue", "turn", "pair", "triple"]
RaterKind = Literal["participant", "crowd", "expert", "model", "simulated", "unknown"]
Outcome = Literal["completed", "expired", "released"]
Meta = dict[str, Any]

CANDIDATES: dict[ItemKind, int] = {"dialogue": 1, "turn": 1, "pair": 2, "triple": 3}
"""How many candidates an item of each kind has."""


class Study(Record):
    """What all items of a study share."""

    id: Id
    criteria: tuple[Id, ...] = Field(min_length=1)
    """What is asked, in the order of the study file; raters see it in the order of a Williams square."""
    lease_seconds: float = Field(default=1800.0, gt=0)
    """How long an item stays with a rater who does not answer, in seconds."""
    meta: Meta = Field(default_factory=dict)
    """Whatever else belongs to it. `of` names the study it is a part of: consents to that hold here."""


class Rater(Record):
    """Somebody, or something, that rates: a pseudonym, never a name or an address."""

    id: Id
    kind: RaterKind = "participant"
    meta: Meta = Field(default_factory=dict)
    """Whatever the person told about themself; erased on request with their texts."""


class Consent(Record):
    """That a rater agreed to take part, and to what."""

    rater: Id
    study: Id
    version: str
    """Of the consent text."""
    digest: str
    """SHA-256 of the text that was shown, hexadecimal."""
    choices: dict[str, bool] = Field(default_factory=dict)
    """For instance `{"publish": True}`."""
    at: datetime | None = None
    """Set by the store."""


class Candidate(Record):
    """One of the things an item puts before a rater."""

    arm: Id
    """The system that made it. Raters never see this."""
    events: tuple[Event, ...] = ()
    """The conversation, as the journal of `mascot.live` has it. Empty where a reader asked for none."""
    meta: Meta = Field(default_factory=dict)


class Item(Record):
    """What one rater judges in one go."""

    id: Id
    study: Id
    kind: ItemKind
    dialogue: Id
    """The situation or source dialogue all candidates go back to: what train and test are split by."""
    candidates: tuple[Candidate, ...]
    wanted: int = Field(default=1, ge=0)
    """How many raters shall complete it: exactly so many will. 0: it is not handed out (imports)."""
    owner: Id | None = None
    """The rater who took part in the conversation; never gets it back to rate, unless they ask for it."""
    turn: int | None = None
    """With `turn`: the index of the judged turn in the transcript."""
    condition: str = ""
    """Items of one condition are counterbalanced together; by default the kind and the arms."""
    domain: str = ""
    expected: dict[str, str | float] = Field(default_factory=dict)
    """Attention checks: what an attentive rater answers, by criterion."""
    meta: Meta = Field(default_factory=dict)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arm of each candidate, in the order of the candidates."""
        return tuple(candidate.arm for candidate in self.candidates)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.candidates) != CANDIDATES[self.kind]:
            raise ValueError(f"a {self.kind} has {CANDIDATES[self.kind]} candidate(s)")
        if (self.kind == "turn") != (self.turn is not None):
            raise ValueError("`turn` is set for a turn, and for nothing else")
        if not self.condition:
            # The arms in a fixed order: A against B and B against A are one condition.
            object.__setattr__(self, "condition", f"{self.kind} {' '.join(sorted(self.arms))}")
        return self


class Assignment(Record):
    """An item in the hands of a rater, and how it is to be shown."""

    id: int
    study: Id
    item: Id
    rater: Id
    order: tuple[int, ...]
    """Indices of the item's candidates from left to right (from first to last)."""
    criteria: tuple[Id, ...]
    """The criteria in the order in which they are asked."""
    ordinal: int
    """How many items of the study the rater had before this one."""
    at: datetime
    outcome: Outcome | None = None
    """None: still with the rater (or abandoned, and nobody else has asked for it yet)."""
    ended_at: datetime | None = None


class Nothing(Record):
    """There is no item for a rater."""

    wait: float | None
    """Seconds after which one may be free, because leases run out; None: this rater has had them all."""


class Target(Record):
    """Which part of the item an answer is about; without anything the whole of it."""

    candidate: int | None = Field(default=None, ge=0)
    """Index into the item's candidates."""
    turn: int | None = Field(default=None, ge=0)
    """Index into the candidate's turns."""
    agent: str = ""
    """A persona's id."""


class Scale(Record):
    """A point on a scale or slider."""

    kind: Literal["scale"] = "scale"
    value: float = Field(allow_inf_nan=False)


class Pairwise(Record):
    """Which of two is better."""

    kind: Literal["pairwise"] = "pairwise"
    winner: Literal[0, 1] | None
    """Index of the better candidate; None is a tie."""
    both_bad: bool = False
    """A tie because neither will do."""
    strength: int | None = Field(default=None, ge=1)
    """How much better, on the study's scale."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.winner is not None and self.both_bad:
            raise ValueError("both cannot be bad and one be better")
        return self


class Ranking(Record):
    """An order of three or more, ties allowed."""

    kind: Literal["ranking"] = "ranking"
    ranks: tuple[int, ...] = Field(min_length=2)
    """The rank of each candidate, 1 the best; tied candidates share one: (1, 2, 2), (1, 1, 3)."""

    @field_validator("ranks")
    @classmethod
    def _are_ranks(cls, ranks: tuple[int, ...]) -> tuple[int, ...]:
        if any(rank != 1 + sum(other < rank for other in ranks) for rank in ranks):
            raise ValueError(f"{ranks} are no ranks: write (1, 2, 2) or (1, 1, 3) where two are tied")
        return ranks


class Choice(Record):
    """One or more of several options: helped / neutral / hurt, a persona's id."""

    kind: Literal["choice"] = "choice"
    options: tuple[str, ...] = Field(min_length=1)


class Span(Record):
    """A marked stretch of a turn's text, in characters, the end not included."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)
    label: str = ""


class Spans(Record):
    """Stretches marked as the reason for a judgement."""

    kind: Literal["spans"] = "spans"
    spans: tuple[Span, ...]


class Text(Record):
    """Words of the rater's own. Kept apart from everything else, so that they can be erased for good."""

    kind: Literal["text"] = "text"
    text: str
    """Empty after it was erased."""

    @field_validator("text")
    @classmethod
    def _can_be_stored(cls, text: str) -> str:
        # PostgreSQL stores no NUL, UTF-8 no half of a surrogate pair.
        return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


Value = Annotated[Scale | Pairwise | Ranking | Choice | Spans | Text, Field(discriminator="kind")]
VALUE: TypeAdapter[Value] = TypeAdapter(Value)
"""Parses and checks any value from JSON or a dictionary."""
ValueKind = Literal["scale", "pairwise", "ranking", "choice", "spans", "text"]


class Draft(Record):
    """An answer as a page hands it in."""

    criterion: Id
    value: Value | None
    """None takes the answer back that the question has."""
    target: Target = Target()
    seconds: float | None = Field(default=None, ge=0, le=1e9, allow_inf_nan=False)
    """Time on task as the page measured it."""
    client_at: datetime | None = None
    """The rater's own clock, with its time zone; never trusted; kept if UTC has such a time."""

    @field_validator("client_at")
    @classmethod
    def _is_a_time(cls, at: datetime | None) -> datetime | None:
        # At either end of the calendar the same moment in UTC may be in no year at all.
        try:
            if at is not None:
                datetime.fromtimestamp(at.timestamp(), UTC)
        except (OverflowError, ValueError, OSError):
            return None
        return at


class Answer(Draft):
    """An answer as the store has it."""

    value: Value  # pyright: ignore[reportIncompatibleVariableOverride] - what was taken back is never read
    id: int
    """Grows in the order of saving, over the whole store; what lineage names."""
    study: Id
    item: Id
    rater: Id
    assignment: int
    order: tuple[int, ...]
    """Candidates as shown, from left to right; see `Assignment.order`."""
    position: int
    """Place of the criterion among the criteria as asked, from 0; -1 if it is not one of the study's."""
    ordinal: int
    """How many items the rater had before this one."""
    supersedes: int | None = None
    """The answer to the same question that this one takes the place of."""
    at: datetime
    """When the store had it on disk."""


class Rated(Record):
    """An answer with all it refers to: one row of everything that is computed or exported."""

    answer: Answer
    item: Item
    rater: Rater

    def place(self, candidate: int) -> int:
        """Where a candidate stood, from 0 on the left."""
        return self.answer.order.index(candidate)


class Imported(Record):
    """Answers of one rater to one item that were given elsewhere."""

    item: Id
    rater: Id
    order: tuple[int, ...] = ()
    """Candidates as shown; empty: as they stand in the item."""
    answers: tuple[Draft, ...] = Field(min_length=1)


class Receipt(Record):
    """What a write gives back; the same for the same key."""

    seq: int
    """Number of the journal entry."""
    at: datetime
    answers: tuple[int, ...] = ()
    """Ids of the answers, in the order handed in."""


class Head(Record):
    """Where the journal ends."""

    seq: int
    """Number of the last entry."""
    hash: str
    """Its hash: whoever keeps it can prove later what the store said today."""
    last_id: int
    """Id of the last row of any table."""


class Withdrawal(Record):
    """A person takes their answers back."""

    rater: Id
    study: Id | None = None
    """None: out of everything."""
    erase: bool = False
    """Also delete their texts, what they told about themself, and the conversations they had."""
    reason: str = ""
    at: datetime | None = None
    """Set by the store."""


class Export(Record):
    """A dataset that left."""

    format: str
    study: Id | None = None
    until: int
    """The last answer id it could contain."""
    rows: int = Field(ge=0)
    digest: str
    """SHA-256 over its files, hexadecimal."""
    head: str = ""
    """Set by the store: hash of the journal at that moment; a published one proves what came before it."""
    at: datetime | None = None
    """Set by the store."""
