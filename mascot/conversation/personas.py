"""Persona cards: who may sit at the table, each a YAML file of its own.

The file's name is the persona's id; the paper's four are in `cards/` (the wording of their cards,
repertoires and examples is ours; roles, does and does-nots are the paper's, section 3).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mascot.errors import PersonaError

Line = Annotated[str, Field(min_length=1, max_length=300)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

_TAKEN = frozenset({"user", "you", "human", "assistant", "system", "person", "the person"})
"""Names by which prompts and guards know those who are no personas."""


class Colours(BaseModel):
    """The persona's colour on light and on dark ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    light: Colour
    dark: Colour


class Example(BaseModel):
    """Something a person could write, and what this persona could answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Line
    says: Line


class Persona(BaseModel):
    """One persona card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    """The file's name without its ending."""
    name: str = Field(pattern=r"^[^\W\d_][\w' -]{0,29}$")
    role: Line
    summary: Line
    """One sentence for the welcome page."""
    goals: tuple[Line, ...] = Field(min_length=1)
    voice: Line
    does: tuple[Line, ...] = Field(min_length=1)
    does_not: tuple[Line, ...] = Field(min_length=1)
    repertoire: tuple[Line, ...] = Field(min_length=1)
    """What a directive may ask of this persona, each an imperative phrase."""
    tones: tuple[Line, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = Field(min_length=1)
    """What this persona sounds like; a very small model lives on them."""
    colour: Colours
    face: str = Field(min_length=1, max_length=20)
    """A drawn glyph (anchor, spark, sun, compass) or one or two characters."""

    @field_validator("id", "name")
    @classmethod
    def _is_free(cls, name: str) -> str:
        folded = name.casefold()
        if folded in _TAKEN or folded.startswith("the person"):  # the director could not tell them apart
            raise ValueError(f"{name!r} is what the person, or the program, is called: choose another name")
        return name

    @field_validator("repertoire", "tones")
    @classmethod
    def _can_be_told_apart(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        folded = sorted(line.casefold() for line in lines)
        for shorter, longer in itertools.pairwise(folded):
            if longer.startswith(shorter):
                raise ValueError(
                    f"{shorter!r} is the beginning of {longer!r}: the director cannot tell them apart"
                )
        return lines


def load_card(path: Path) -> Persona:
    """The persona of one card.

    Raises:
        PersonaError: the file cannot be read, is no YAML, or a field is wrong; names file, line, field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PersonaError(f"{path}: cannot be read ({error})") from None
    return parse_card(text, path.stem, str(path))


def parse_card(text: str, persona_id: str, source: str) -> Persona:
    """The persona of a card's text; `source` is named in errors.

    Raises:
        PersonaError: as `load_card`.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        fields = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2024-13-45 is a ValueError
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise PersonaError(f"{source}, line {line}: not YAML ({problem})") from None
    if not isinstance(fields, dict):
        raise PersonaError(f"{source}, line 1: a card is a list of fields such as `name: Anchor`")
    given = {str(key): value for key, value in fields.items() if key != "id"}
    if found := faults(persona_id, given):
        first = found[0]
        field = first.field if first.field != "id" else f"the file's name {persona_id!r}"
        raise PersonaError(f"{source}, line {_line_of(node, first.loc)}: {field}: {first.message}")
    return Persona(id=persona_id, **given)


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with a card's fields."""

    loc: tuple[int | str, ...]
    """Where: the field's name, and what is inside of it."""
    message: str

    @property
    def field(self) -> str:
        """The place as one word, such as `examples.0.to`."""
        return ".".join(str(part) for part in self.loc)


def faults(persona_id: str, fields: Mapping[str, Any]) -> tuple[Fault, ...]:
    """All that is wrong with a card's fields; empty for a card that can be used."""
    try:
        Persona(**{**fields, "id": persona_id})
    except ValidationError as error:
        found = [(one["loc"], one["type"], one["msg"]) for one in error.errors()]
        within = {loc[: len(loc) - 1] for loc, _, _ in found} | {
            loc[:1] for loc, _, _ in found if len(loc) > 1
        }
        return tuple(
            Fault(loc, "is missing" if kind == "missing" else message.removeprefix("Value error, "))
            for loc, kind, message in found
            if kind != "too_short"
            or loc not in within  # a list is not short because something in it is wrong
        )
    return ()


def _line_of(node: Any, loc: Sequence[int | str]) -> int:
    """The line of the deepest part of `loc` that stands in the file."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            pairs = {key.value: (key, value) for key, value in node.value}
            if part not in pairs:
                return line
            key, node = pairs[part]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


class Cast:
    """The personas of a conversation, by id, in the order in which they sit.

    Raises:
        PersonaError: two of them bear names that cannot be told apart, or there is none.
    """

    def __init__(self, personas: Iterable[Persona]) -> None:
        self._by_id = {persona.id: persona for persona in personas}
        names = [persona.name.casefold() for persona in self._by_id.values()]
        if not names:
            raise PersonaError("there is no persona: a conversation needs at least one card")
        for shorter, longer in itertools.pairwise(sorted(names)):
            if shorter == longer:
                raise PersonaError(
                    f"two personas bear the name {shorter!r}: give each card a name of its own"
                )
            if longer.startswith(shorter):
                raise PersonaError(
                    f"the name {shorter!r} begins {longer!r}: the director cannot tell them apart"
                )

    def __iter__(self):
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, persona_id: str) -> Persona:
        try:
            return self._by_id[persona_id]
        except KeyError:
            known = ", ".join(self._by_id)
            raise PersonaError(f"unknown persona {persona_id!r}: this conversation has {known}") from None

    def __contains__(self, persona_id: object) -> bool:
        return persona_id in self._by_id

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def only(self, ids: Iterable[str]) -> Cast:
        """The cast reduced to these ids, in their order."""
        return Cast(self[persona_id] for persona_id in ids)

    def named(self, name: str) -> str:
        """The id of who bears the name, as `addressed` or another pattern that ignores case has found it:
        such a pattern takes "ı" for an i, which a dictionary does not.

        Raises:
            PersonaError: nobody does.
        """
        for persona in self:
            if re.fullmatch(_either(_spellings(persona)), name, re.IGNORECASE):
                return persona.id
        raise PersonaError(f"nobody here is called {name!r}")

    def addressed(self, text: str) -> tuple[str, ...]:
        """Ids spoken to in the text, in order: with an @, or by name where one calls somebody.

        That is at the beginning of a sentence before a comma, a colon, a question or an end mark ("Beacon,
        what…", "Thanks Anchor!"), or at its end after a comma ("…, Catalyst?"). A name that merely occurs
        does not count: "you are my anchor, and a beacon of hope".
        """
        several = rf"({self._anyone}(?:{_AND}{self._anyone})*)"
        return self._named(
            text,
            rf"(?<![\w.])@(?:the )?({self._anyone})(?!\w)",
            rf"{_START}(?:{_CALL})*{several}(?:\s*[,:?!—–]|\s+(?:{_QUESTION})\b)",
            rf"{_START}(?:{_CALL})+{several}\s*(?:\.|$)",
            rf",\s*{several}\s*(?:[.?!…]|$)",
        )

    @property
    def _anyone(self) -> str:
        return _either(s for persona in self for s in _spellings(persona))

    def _named(self, text: str, *patterns: str) -> tuple[str, ...]:
        """Ids of the names in the first groups of the patterns' matches, as they stand in the text."""
        found = {
            group.start(1) + name.start(): self.named(name[0])
            for pattern in patterns
            for group in re.finditer(pattern, text, re.IGNORECASE)
            for name in re.finditer(rf"(?<!\w){self._anyone}(?!\w)", group[1], re.IGNORECASE)
        }
        return tuple(dict.fromkeys(found[at] for at in sorted(found)))


# Whatever is repeated here can match in one way only: anybody may write these texts, and a pattern that has
# two ways for a name tries twice as many with each further one.
_START = r"(?:^|[.!?…\n])[\s\"“'*]*+"
_CALL = (
    r"(?:hi|hey|hello|dear|thanks|thank you|yes|no|ok|okay|oh|so|and|but|well|please|sorry)(?:\s*,\s*|\s+)"
)
_AND = r"(?:\s*,\s*and\s+|\s*,\s*|\s+and\s+|\s*&\s*)"
_QUESTION = r"please|what|how|why|(?:can|could|would|will|do) you|tell me|help me"


def _either(spellings: Iterable[str]) -> str:
    """A pattern for any of them, the longest first; it matches at a place in one way only."""
    return "(?>" + "|".join(map(re.escape, sorted(spellings, key=len, reverse=True))) + ")"


def _spellings(persona: Persona) -> set[str]:
    name = persona.name
    return {name, name.replace(" ", ""), name.replace(" ", "-"), name.replace(" ", "_"), persona.id}


def built_in() -> tuple[Persona, ...]:
    """The paper's four, in its order."""
    cards = files("mascot.conversation") / "cards"
    order = ("anchor", "catalyst", "beacon", "action-guide")
    return tuple(
        parse_card((cards / f"{name}.yaml").read_text("utf-8"), name, f"{name}.yaml") for name in order
    )


def load_cast(folder: Path | None = None) -> Cast:
    """The built-in personas and every `*.yaml` card in a folder; a card with a built-in's id replaces it.

    Raises:
        PersonaError: a card that cannot be used.
    """
    personas = {persona.id: persona for persona in built_in()}
    if folder is not None and folder.is_dir():
        for path in sorted(folder.glob("*.yaml")):
            personas[path.stem] = load_card(path)
    return Cast(personas.values())
