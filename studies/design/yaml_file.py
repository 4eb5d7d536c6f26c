"""YAML into records, with every mistake named by line and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from mascot.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
Loc = tuple[int | str, ...]


@dataclass(frozen=True, order=True)
class Mistake:
    """Something wrong in a file."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.field}: {self.message}" if self.field else self.message


class MistakesError(InputError):
    """A file that cannot be used; the message is its first mistake, `mistakes` are all."""

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        self.source = source
        self.mistakes = tuple(sorted(mistakes))
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        super().__init__(f"{source}, {self.mistakes[0]}{more}")


class Lines:
    """Where each field of a YAML text stands."""

    def __init__(self, node: yaml.Node | None) -> None:
        self._node = node

    def of(self, loc: Sequence[int | str]) -> int:
        """The line of the deepest part of `loc` that stands in the file, from 1."""
        line, node = 1, self._node
        for part in loc:
            if isinstance(node, yaml.MappingNode):
                pairs = {key.value: (key, value) for key, value in node.value}
                if part not in pairs:
                    continue  # the name of a variant of a union, not a field
                key, node = pairs[part]
                line = key.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line

    def field(self, loc: Sequence[int | str]) -> str:
        """`loc` as the file has it, without names of variants; a missing field at the end is kept."""
        node, kept = self._node, []
        for place, part in enumerate(loc):
            if isinstance(node, yaml.MappingNode):
                pairs = {key.value: value for key, value in node.value}
                if part not in pairs and place < len(loc) - 1:
                    continue
                node = pairs.get(part)
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
            elif not (node is None and place == len(loc) - 1):
                continue
            kept.append(str(part))
        return ".".join(kept)

    def twice(self) -> Iterator[Mistake]:
        """Keys that stand twice in one mapping: YAML would silently take the last."""
        waiting: list[tuple[str, yaml.Node | None]] = [("", self._node)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, yaml.MappingNode):
                seen: set[str] = set()
                for key, value in node.value:
                    name = f"{path}.{key.value}".lstrip(".")
                    if key.value in seen:
                        yield Mistake(key.start_mark.line + 1, name, "stands here twice")
                    seen.add(str(key.value))
                    waiting.append((name, value))
            elif isinstance(node, yaml.SequenceNode):
                waiting += [(f"{path}.{i}", value) for i, value in enumerate(node.value)]


def compose(text: str, source: str) -> tuple[dict[str, Any], Lines]:
    """The fields of a YAML text, and where they stand.

    Raises:
        MistakesError: no YAML, not a list of fields, or a key that stands twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        fields = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date such as 2024-13-45 is a ValueError
        mark = getattr(error, "problem_mark", None)
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise MistakesError(source, [Mistake(mark.line + 1 if mark else 1, "not YAML", problem)]) from None
    if not isinstance(fields, dict):
        raise MistakesError(source, [Mistake(1, "the file", "a list of fields such as `title: …` is needed")])
    lines = Lines(node)
    if twice := list(lines.twice()):
        raise MistakesError(source, twice)
    return {str(key): value for key, value in fields.items()}, lines


def parse(text: str, source: str, model: type[Model], also: Mapping[str, Any] | None = None) -> Model:
    """The record of a YAML text.

    Args:
        source: the file's name, for messages.
        also: fields that the file does not have to have.

    Raises:
        MistakesError: with every mistake.
    """
    fields, lines = compose(text, source)
    try:
        return model.model_validate({**(also or {}), **fields})
    except ValidationError as error:
        raise MistakesError(source, mistakes_of(error, lines)) from None


def mistakes_of(error: ValidationError, lines: Lines) -> list[Mistake]:
    """Each error of pydantic's as a mistake; several about one field as one."""
    found: dict[tuple[int, str], Mistake] = {}
    for each in error.errors(include_url=False):
        field = lines.field(each["loc"]) or "the file"
        line = lines.of(each["loc"])
        found.setdefault((line, field), Mistake(line, field, _said(each["type"], each["msg"])))
    return list(found.values())


def _said(type: str, message: str) -> str:
    if type == "missing":
        return "is missing"
    if type == "extra_forbidden":
        return "there is no such field"
    return message.removeprefix("Value error, ")
