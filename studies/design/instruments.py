"""Instruments: items with their scale, source and licence, one YAML file each in `studies/instruments`.

    title: Perceived Empathy
    source: Author, Title, Venue year, DOI; which items, whether the wording is changed
    licence: CC BY 4.0
    about: dialogue            # dialogue, turn or agent
    look: buttons              # buttons or slider
    low: 1
    high: 5
    step: 1
    anchors: {low: not at all, high: very much}
    items:
      - id: understood
        text: {en: I would feel understood., de: Ich würde mich verstanden fühlen.}

A text is a string (English), or one for each language.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mascot.conversation.events import Record
from studies.design.yaml_file import parse

Words = str | dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], str]
"""A text, or the same text by language."""
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
"""An id in a study file: small letters, digits and dashes."""


class Anchors(Record):
    """What the ends of a scale mean."""

    low: Words = ""
    high: Words = ""


class ScaleItem(Record):
    """One statement or question of an instrument."""

    id: Name
    """Becomes the criterion of the answers; unique among all items of a study."""
    text: Words
    help: Words = ""
    anchors: Anchors | None = None
    """Instead of the instrument's."""
    labels: tuple[Words, ...] = ()
    """One for each point, instead of anchors at the ends."""
    reverse: bool = False
    """More is worse. Answers are saved as given."""


class Instrument(Record):
    """A set of items on one scale."""

    id: Name
    """The file's name without its ending."""
    title: Words
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    about: Literal["dialogue", "turn", "agent"] = "dialogue"
    look: Literal["buttons", "slider"] = "buttons"
    low: float = 1
    high: float = 5
    step: float = Field(default=1, gt=0)
    anchors: Anchors = Anchors()
    labels: tuple[Words, ...] = ()
    """One for each point of the scale."""
    items: tuple[ScaleItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_scale(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"high {self.high:g} must be above low {self.low:g}")
        points = round((self.high - self.low) / self.step) + 1
        for labels in (self.labels, *(item.labels for item in self.items)):
            if labels and len(labels) != points:
                raise ValueError(f"{len(labels)} labels for {points} points")
        ids = [item.id for item in self.items]
        if len(set(ids)) < len(ids):
            raise ValueError("two items have the same id")
        return self


def words(text: Words, language: str) -> str:
    """The text in a language; English, or else the first there is, where it has none."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def instruments() -> dict[str, Instrument]:
    """All ready-made instruments by id.

    Raises:
        InputError: one of the files is wrong.
    """
    folder = files("studies") / "instruments"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return {
        (name := file.name.removesuffix(".yaml")): parse(
            file.read_text("utf-8"), file.name, Instrument, {"id": name}
        )
        for file in found
    }
