"""The kinds of tasks of a study file: what is asked about dialogues, pairs and triples of them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mascot.conversation.events import Record
from studies.design.instruments import Name, Words

On = Literal["dialogue", "pair", "triple"]


class Asked(Record):
    """What most tasks have."""

    id: Name
    """The criterion of the answers."""
    text: Words
    help: Words = ""
    on: On = "dialogue"
    """Which items it is asked with; with pairs and triples once for each of their dialogues."""
    required: bool = True


class ScalesTask(Record):
    """The items of an instrument, for the dialogue, each turn or each agent, as the instrument says."""

    kind: Literal["scales"]
    instrument: str
    """A ready-made one by its id, or a file of one's own beside the study file: `mine.yaml`."""
    items: tuple[Name, ...] = ()
    """Only these; empty: all."""
    about: Literal["dialogue", "turn", "agent"] | None = None
    """Instead of what the instrument says."""
    on: On = "dialogue"
    required: bool = True


class PairwiseTask(Record):
    """Which of two is better."""

    kind: Literal["pairwise"]
    id: Name
    text: Words
    help: Words = ""
    strength: int = Field(default=3, ge=0, le=7)
    """How much better, from 1 to this; 0 does not ask."""
    both_bad: bool = True
    reason: Words = ""
    """Asked for as free text, if there is one; saved as `ID.reason`."""
    on: Literal["pair"] = "pair"


class RankingTask(Record):
    """An order of three, ties allowed."""

    kind: Literal["ranking"]
    id: Name
    text: Words
    help: Words = ""
    reason: Words = ""
    on: Literal["triple"] = "triple"


class ContributionTask(Record):
    """Whether each turn helped, was neutral or hurt: labels for the director."""

    kind: Literal["contribution"]
    id: Name = "contribution"
    text: Words = ""
    on: On = "dialogue"
    required: bool = True


class NextSpeakerTask(Record):
    """Who should have spoken in the place of a turn: labels for the director."""

    kind: Literal["next-speaker"]
    id: Name = "next-speaker"
    text: Words = ""
    turns: int = Field(default=1, ge=1)
    """Asked for so many of the last turns of the group."""
    on: On = "dialogue"
    required: bool = True


class AttributionTask(Record):
    """Which persona said this, with all names hidden in the dialogue."""

    kind: Literal["attribution"]
    id: Name = "attribution"
    text: Words = ""
    turns: int = Field(default=2, ge=1)
    """Asked for so many of the first turns of the group."""
    on: Literal["dialogue"] = "dialogue"
    required: bool = True


class SpansTask(Asked):
    """Stretches marked as the reason for a judgement."""

    kind: Literal["spans"]
    labels: dict[Name, Words] = Field(default_factory=dict)
    """What a stretch can be; none: it is only marked."""
    required: bool = False


class TextTask(Asked):
    """Free text."""

    kind: Literal["text"]
    max_characters: int = Field(default=2000, ge=1, le=20000)
    required: bool = False


class GuessTask(Record):
    """Which system made this? Asked with a person's last item: whether the study is blind."""

    kind: Literal["guess"]
    id: Name = "guess"
    text: Words = ""
    systems: dict[Name, Words] = Field(min_length=2)
    """What each arm is, in words that a participant understands."""
    on: Literal["dialogue"] = "dialogue"
    required: bool = True


Task = Annotated[
    ScalesTask
    | PairwiseTask
    | RankingTask
    | ContributionTask
    | NextSpeakerTask
    | AttributionTask
    | SpansTask
    | TextTask
    | GuessTask,
    Field(discriminator="kind"),
]


class Choices(Record):
    """A question with options, outside of the items: comprehension, attention, questionnaire."""

    id: Name
    text: Words
    options: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,59}$")], Words] = Field(
        min_length=2
    )


class Comprehension(Choices):
    """Whether the instructions were understood."""

    right: str
    explain: Words = ""
    """Shown after a wrong answer."""

    @model_validator(mode="after")
    def _right_is_an_option(self) -> Self:
        if self.right not in self.options:
            raise ValueError(f"right: {self.right!r} is none of the options {', '.join(self.options)}")
        return self


class Attention(Choices):
    """Whether somebody reads what they answer; stands among the questions of an item."""

    expected: str
    at: tuple[int, ...] = Field(default=(2,), min_length=1)
    """With which of a person's items, counted from 1."""

    @model_validator(mode="after")
    def _expected_is_an_option(self) -> Self:
        if self.expected not in self.options:
            raise ValueError(f"expected: {self.expected!r} is none of the options {', '.join(self.options)}")
        return self


class Asking(Record):
    """A question of the closing questionnaire: with options, otherwise free text."""

    id: Name
    text: Words
    options: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,59}$")], Words] = Field(
        default_factory=dict
    )
    several: bool = False
    """More than one option can be chosen."""
    required: bool = False
