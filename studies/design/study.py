"""The study file as records: what each field means. A complete example is in `studies/examples`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mascot.conversation.events import Record
from studies.design.instruments import Name, Words
from studies.design.tasks import Asking, Attention, Comprehension, On, Task

APP = "conversations"
"""The study that ratings given in the app belong to; it has no file."""
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class ConsentChoice(Record):
    """Something a participant may agree to or not, such as publishing their answers."""

    id: Name
    text: Words


class ConsentText(Record):
    """What people agree to when they take part."""

    version: str
    text: Words
    choices: tuple[ConsentChoice, ...] = ()


class Spoken(Record):
    """A line of the example dialogue."""

    speaker: Words
    text: Words


class Instructions(Record):
    """What people are asked to do, with an example."""

    text: Words
    example: tuple[Spoken, ...] = ()


class Arm(Record):
    """A system under study. What is left out is as the app has it."""

    engine: Literal["auto", "llamacpp", "transformers", "openai"] = "auto"
    model: str = "auto"
    adapters: str = "promoted"
    """`promoted` (as the app has them), `none` (the base model), or a folder with one for each persona."""
    policy: Literal["model", "round-robin", "random", "mention"] = "model"
    personas: tuple[str, ...] = ()
    """Ids; empty: all that the app has."""
    prompt: Literal["auto", "instructed", "tiny", "no-persona"] = "auto"
    """How the model is made to speak; `no-persona` gives it no cards."""


class Filter(Record):
    """Which situations of a corpus; every field that is set must agree."""

    domain: tuple[str, ...] = ()
    valence: tuple[str, ...] = ()
    emotion: tuple[str, ...] = ()
    split: tuple[Literal["train", "dev", "test"], ...] = ()
    """Of the expert corpus: trained adapters know `train`."""
    ids: tuple[str, ...] = ()


class Live(Record):
    """Participants talk with a blinded arm and rate it."""

    messages: int = Field(default=3, ge=1, le=50)
    """So many a person writes at least."""
    conversations: int = Field(default=1, ge=1, le=10)
    """For each participant."""
    participants_per_arm: int = Field(default=10, ge=1)
    text: Words = ""
    """What to talk about."""


class Dialogues(Record):
    """Where the dialogues come from: exactly one of corpus, situations, folder and live."""

    corpus: Literal["expert", "situations"] | None = None
    where: Filter = Filter()
    limit: int | None = Field(default=None, ge=1)
    """So many of them, spread evenly over what the filter lets through."""
    situations: tuple[str, ...] = ()
    """First messages."""
    folder: Path | None = None
    """With finished dialogues: a file `ARM.jsonl` for each arm, as `prepare` writes them."""
    live: Live | None = None
    turns: int = Field(default=4, ge=1, le=20)
    """Of the group, in each dialogue."""

    @model_validator(mode="after")
    def _is_one_source(self) -> Self:
        given = (self.corpus, self.situations or None, self.folder, self.live)
        if sum(one is not None for one in given) != 1:
            raise ValueError("exactly one of corpus, situations, folder and live is needed")
        return self


class Overlap(Record):
    """How many people rate each item, by its kind; 0 leaves the kind out."""

    dialogue: int = Field(default=3, ge=0)
    pair: int = Field(default=4, ge=0)
    triple: int = Field(default=6, ge=0)

    def of(self, kind: On) -> int:
        return getattr(self, kind)


class Session(Record):
    """How long things may take."""

    resume_hours: float = Field(default=48.0, gt=0)
    """So long after the first step the link continues where the person was; afterwards it is refused."""
    item_minutes: float = Field(default=30.0, gt=0)
    """So long an item stays with somebody who does not answer."""


class Recruitment(Record):
    """Where participants come from, and what they take back."""

    kind: Literal["plain", "prolific", "mturk", "sona"] = "plain"
    codes: tuple[str, ...] = ()
    """With plain: the codes that may take part; empty: any, and a link without one."""
    participants: int | None = Field(default=None, ge=1)
    """No more people than this; None: as many as it takes."""
    completion_code: str = ""
    """Given to everyone who completes; empty: a code of their own for each."""
    screened_code: str = ""
    return_url: str = ""
    """Where people go at the end, with `{code}` in it; Prolific's is known."""
    prolific_study: str = ""
    """With prolific: the study's id there; links of other studies are refused."""
    api: str = "https://api.prolific.com"
    """With prolific: where `serve` asks what has become of submissions."""


def _of_its_own(id: str) -> str:
    if id == APP:
        raise ValueError(
            f"'{APP}' is where the app keeps ratings of its own conversations: choose another id"
        )
    return id


class StudyFile(Record):
    """A study."""

    id: Annotated[Name, AfterValidator(_of_its_own)]
    """The file's name without its ending, unless the file says otherwise."""
    title: Words
    contact: str = Field(min_length=3)
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    country: str = ""
    """Of the help lines shown behind the exit, ISO 3166; empty: international ones."""
    consent: ConsentText
    warning: Words = ""
    """A content warning, shown before the first dialogue."""
    instructions: Instructions
    comprehension: tuple[Comprehension, ...] = ()
    attempts: int = Field(default=2, ge=1, le=5)
    """At the comprehension check."""
    attention: tuple[Attention, ...] = ()
    attention_misses: int = Field(default=1, ge=0)
    """More failed attention checks than this screen a person out."""
    arms: dict[Name, Arm] = Field(min_length=1)
    dialogues: Dialogues
    tasks: tuple[Task, ...] = Field(min_length=1)
    overlap: Overlap = Overlap()
    items_per_person: int = Field(default=9, ge=1, le=200)
    names: Literal["shown", "numbered"] = "shown"
    """Whether raters see personas' names, or "Voice 1", "Voice 2" …"""
    session: Session = Session()
    questionnaire: tuple[Asking, ...] = ()
    debrief: Words
    recruitment: Recruitment = Recruitment()
    effect: float = 0.41
    """For the power: true log-odds between two arms; 0.41 is 60 to 40."""
