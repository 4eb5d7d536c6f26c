"""What a participant's page is sent, and what it sends back. The contract between server and page.

    POST /study/{study}/enter      Invitation → Entered    the key goes into the header `X-Study-Key`
    GET  /study/{study}/step       → Step                  where this person stands, from what is committed
    POST /study/{study}/answer     Given → Saved           one answer; on disk when it returns
    POST /study/{study}/next       Forward → Step          the person is through with this step
    POST /study/{study}/exit       Leave → Step            stop here, kindly, at any step
    POST /study/{study}/say        Say → Talk              in a talk: what the person writes
    GET  /study/{study}/talk       → Talk                  in a talk: asked about once a second
    POST /study/{study}/withdraw   Withdraw → Withdrawn    by the link of the last page, also much later

Pages are in `studies/ui`, all made from `page.html`:

    GET  /study/{study}            → a participant's page            also with the invitation's parameters
    GET  /study/{study}/withdraw   → taking everything back          the secret stands behind the `#`
    GET  /study/{study}/desk       → the researcher's page           the token stands behind the `#`
    GET  /study/static/{name}      → studies/ui/static/{name}        scripts, styles, i18n files (flat)

Errors are `{"error": "one line"}` with 400 (what was sent is wrong), 404 (no such study or key), 409 (the
step has moved on, in another tab perhaps: ask for `step` again) or 503 (try again, with the same key).

Dialogues and their candidates are named by their *place* on the page, from 0 on the left. The server alone
knows which arm stands where; nothing in here names, orders or hints at one. Ids of steps say where a person
stands and nothing more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, field_validator

from annotations.records import Choice, Pairwise, Ranking, Scale, Text
from mascot.conversation.events import Record

StepKind = Literal[
    "consent",
    "instructions",
    "comprehension",
    "talk",
    "task",
    "questionnaire",
    "debrief",
    "complete",
    "waiting",
    "paused",
    "exit",
    "declined",
    "screened",
    "full",
    "gone",
]
"""The last eight have no questions and no `next`; `waiting` and `paused` are asked for again after `wait`.

    complete    all is committed; the code, and the way back to the recruiter
    waiting     others are at all that is left; something may come free
    paused      the researcher has paused the study
    exit        the person chose to stop
    declined    the person did not consent
    screened    checks were failed
    full        the study has all it needs, or was closed, before this person began
    gone        the resume window, or the time allowed, is over; or the person has withdrawn
"""
Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
"""An idempotency key made by the page: the same key is the same deed."""


# What a page shows


class Progress(Record):
    """How far a person is: "4 of 18, about 6 minutes left"."""

    done: int
    total: int
    minutes_left: float | None = None
    """Estimated from this person's pace so far, before that from the study file."""


class Line(Record):
    """Something that was said in a dialogue."""

    speaker: str
    """The name to show; empty where it is asked who said this."""
    voice: int
    """Number of the speaker in this dialogue, by first appearance: 0 is the person, -1 is hidden. For a
    colour or a face; persona ids are never sent."""
    text: str


class Dialogue(Record):
    """A conversation as a rater sees it: the same shape whoever made it."""

    label: str = ""
    """"A", "B", "C" from left to right where several stand side by side."""
    lines: tuple[Line, ...]


class Where(Record):
    """Which part of the step a question is about; nothing set: all of it."""

    dialogue: int | None = None
    """Place of the dialogue, from 0 on the left."""
    line: int | None = None
    """Index into its lines."""
    voice: str = ""
    """Name of the speaker it is about, as shown."""


class Option(Record):
    """One of several answers."""

    value: str
    label: str


class Question(Record):
    """Something that is asked. How it is answered is its `kind`, see `Value`.

    scale       a button for each point from low to high        → Scale
    slider      the same as a slider, nothing chosen before     → Scale
    pairwise    better: 0, 1, tie, both bad; how much; …        → Pairwise, `winner` is a place
    ranking     three or more, ties allowed                     → Ranking, ranks by place
    choice      one of the options                              → Choice with one option
    choices     any of the options                              → Choice
    spans       stretches of lines are marked                   → Marks
    text        words                                           → Text
    """

    id: str
    """Stable over reloads; sent back with the answer."""
    kind: Literal["scale", "slider", "pairwise", "ranking", "choice", "choices", "spans", "text"]
    text: str
    help: str = ""
    where: Where = Where()
    group: str = ""
    """Questions that stand together bear the same; a heading to show above the first of them."""
    required: bool = True
    low: float = 1
    high: float = 5
    step: float = 1
    low_label: str = ""
    high_label: str = ""
    labels: tuple[str, ...] = ()
    """A label for every point of a scale, where there is one."""
    options: tuple[Option, ...] = ()
    """With choice and choices; with spans the labels a stretch can have, possibly none."""
    strength: int = 0
    """With pairwise: 0 asks for none, otherwise how much better from 1 to this."""
    both_bad: bool = False
    """With pairwise: whether "both are bad" can be chosen."""
    max_characters: int = 2000
    """With text."""


class Mark(Record):
    """A stretch of one line's text, in UTF-16 code units as a browser counts, the end not included."""

    line: int = Field(ge=0)
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    label: str = ""


class Marks(Record):
    """Everything that is marked in one dialogue; sent whole each time."""

    kind: Literal["marks"] = "marks"
    marks: tuple[Mark, ...] = Field(max_length=100)


Value = Annotated[Scale | Pairwise | Ranking | Choice | Marks | Text, Field(discriminator="kind")]
"""An answer: `{"kind": "scale", "value": 4}`, `{"kind": "pairwise", "winner": 0, "both_bad": false,
"strength": 2}` (winner null is a tie), `{"kind": "ranking", "ranks": [1, 2, 2]}`, `{"kind": "choice",
"options": ["helped"]}`, `{"kind": "marks", "marks": [...]}`, `{"kind": "text", "text": "..."}`."""
VALUE: TypeAdapter[Value] = TypeAdapter(Value)


class Help(Record):
    """Somewhere to turn to."""

    name: str
    phone: str = ""
    text: str = ""
    url: str = ""


class Talk(Record):
    """A conversation that is going on, for the page of a person who takes part in it."""

    lines: tuple[Line, ...]
    speaking: str = ""
    """Name of whoever is about to speak or speaking."""
    so_far: str = ""
    """What they have said of it so far."""
    yours: bool
    """Whether the person may write now; while others speak, what is sent interrupts them."""
    messages: int
    """So many the person has written."""
    wanted: int
    """After so many messages `next` is accepted."""
    crisis: bool = False
    """The talk has ended for the person's safety: show `Step.help`, offer `next`."""
    trouble: str = ""
    """One line where no answer could be made; the person may write again."""


class Step(Record):
    """Where a person stands, and all that is shown there."""

    id: str
    """Of this step; goes with every answer and `next`, so that an old tab cannot answer a newer step."""
    kind: StepKind
    study: str
    """The study's title."""
    language: str
    """Of all texts in here, such as "en"."""
    progress: Progress | None = None
    title: str = ""
    text: str = ""
    """Paragraphs separated by blank lines; a line that begins with "- " is an item of a list."""
    warning: str = ""
    """A content warning, to be seen before the dialogues."""
    contact: str = ""
    dialogues: tuple[Dialogue, ...] = ()
    example: Dialogue | None = None
    """With instructions."""
    questions: tuple[Question, ...] = ()
    given: dict[str, Value] = Field(default_factory=dict)
    """Answers saved so far, by question id: a reload continues exactly here."""
    attempts_left: int | None = None
    """With comprehension."""
    remarks: tuple[str, ...] = ()
    """With comprehension, after a failed attempt: what to read again. Otherwise one line about this step."""
    talk: Talk | None = None
    help: tuple[Help, ...] = ()
    """Where to turn to; shown behind the exit at every step, and open at `exit`."""
    can_exit: bool = False
    code: str = ""
    """Completion code, with `complete` (and `screened`, `exit` where the study pays for them)."""
    redirect: str = ""
    """Where the recruiter wants the person to go now; everything is committed."""
    withdraw: str = ""
    """The secret of the withdrawal link `/study/{study}/withdraw#SECRET`."""
    wait: float | None = None
    """Seconds after which to ask again."""


# What a page sends


class Invitation(Record):
    """What stood in the invitation link: Prolific's, MTurk's or SONA's parameters by name, or `code`.

    The page sends its query as it is (`PROLIFIC_PID`, `STUDY_ID`, `SESSION_ID`; `workerId`, `assignmentId`,
    `hitId`; `survey_code`; `code`), at most 20 parameters; unknown ones are not kept.
    """

    parameters: dict[str, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict, max_length=20)
    language: str = Field(default="", max_length=35)
    """What the browser asks for, such as "de-AT"; the study's nearest is taken."""


class Entered(Record):
    """The person is known now; the same invitation gives the same key, on every device."""

    key: str
    language: str


class Given(Record):
    """One answer."""

    step: str = Field(max_length=200)
    question: str = Field(max_length=200)
    value: Value | None
    """null takes the answer back that was given; so do blanks in the place of words."""
    key: Key
    seconds: float | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False)
    """Time on this question."""
    at: datetime | None = None
    """The page's clock, with its time zone."""

    @field_validator("value")
    @classmethod
    def _blanks_are_none(cls, value: Value | None) -> Value | None:
        return None if isinstance(value, Text) and not value.text.strip() else value


class Saved(Record):
    """The answer is on disk."""

    question: str
    at: datetime
    complete: bool
    """Whether every required question of the step has an answer now."""


class Forward(Record):
    """Through with this step. At consent it says "I agree"."""

    step: str = Field(max_length=200)
    key: Key


class Leave(Record):
    """Stop here."""

    step: str = Field(default="", max_length=200)
    key: Key
    reason: Literal["declined", "distress", "other"] = "other"
    """At consent `declined`."""


class Say(Record):
    """What the person writes in a talk."""

    text: str = Field(min_length=1, max_length=4000)
    key: Key


class Withdraw(Record):
    """Take everything back."""

    secret: str = Field(max_length=100)
    key: Key
    erase: bool = False
    """Also delete for good what was written."""


class Withdrawn(Record):
    """It is done, for good."""

    erased: bool
    text: str
