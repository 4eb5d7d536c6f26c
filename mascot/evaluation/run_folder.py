"""What `evaluate` leaves in a folder, and how to read it.

    run.json                        what every dialogue of the run was made with (`RunHeader`)
    starts.jsonl                    the first messages, in order; the words of licensed ones are left out
    dialogues/SYSTEM.jsonl          what SYSTEM is (`SystemHeader`), then one `Dialogue` a line, in that order
    dialogues/SYSTEM@INTJ.jsonl     the same with a simulated person of that type who answers back
    dialogues/*.seconds.jsonl       how long each took
    made.jsonl                      each command that worked on it, with date and machine

Of the same seed, engine and corpora everything but the seconds and `made.jsonl` is the same to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from mascot.conversation.events import Record
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.kept import mend, must_match, read, read_header, whole_lines


class RunHeader(Record):
    """What a run is made with; another one is another folder's."""

    version: str
    """Of MASCOT Studio."""
    engine: str
    model: str
    data: tuple[str, ...]
    """Names or paths of the corpora, as given."""
    limit: int | None
    """At most so many first messages of each corpus."""
    seed: int
    turns: int
    """Turns of a group after each message of the person."""
    rounds: int
    """Messages of the person, the first one included; more than one only with simulated people."""
    starts: str
    """Checksum of all first messages."""


class SystemHeader(Record):
    """What one file of dialogues was made by."""

    name: str
    """Of the file: `mascot`, `mascot@INTJ`."""
    system: str
    """Of the registry: `mascot`."""
    title: str
    """For tables."""
    kind: Literal["single", "group"]
    agents: tuple[str, ...]
    """Who may speak: persona ids, or `assistant` alone."""
    user: str = ""
    """MBTI type of the simulated person; empty where nobody answers back."""
    models: Mapping[str, str] = Field(default_factory=dict)
    """By role, `director` and `speaker`, where it is another one than the run's."""
    adapters: Mapping[str, str] = Field(default_factory=dict)
    """Version by adapter's name."""


@dataclass(frozen=True)
class RunFolder:
    """A folder of `evaluate`."""

    path: Path

    def header(self) -> RunHeader:
        """Raises InputError if the folder holds no run."""
        try:
            return RunHeader.model_validate_json((self.path / "run.json").read_text("utf-8"))
        except (OSError, ValidationError, UnicodeDecodeError):
            raise InputError(
                f"there is no run in {self.path}: make one with `evaluate --out {self.path}`"
            ) from None

    def starts(self) -> tuple[Start, ...]:
        """The first messages in order; those that may not be published have no text here (see
        `starts.of_run`)."""
        try:
            lines = whole_lines(self.path / "starts.jsonl")
            return tuple(Start.model_validate_json(line) for line in lines)
        except (OSError, ValidationError, UnicodeDecodeError):
            raise InputError(f"{self.path / 'starts.jsonl'} cannot be read: run `evaluate` again") from None

    def systems(self) -> dict[str, SystemHeader]:
        """Every system that has dialogues here, by name of its file, in alphabetical order.

        Raises:
            InputError: a file is not one of `evaluate`.
        """
        files = sorted((self.path / "dialogues").glob("*.jsonl"))
        headers = [_system(file) for file in files if not file.name.endswith(".seconds.jsonl")]
        return {header.name: header for header in headers}

    def dialogues(self, name: str) -> dict[str, Dialogue]:
        """A system's dialogues by id of their start, with seconds; what is not finished is missing.

        Raises:
            InputError: there are none, or a line is no dialogue.
        """
        return read(self.file(name))

    def file(self, name: str) -> Path:
        """Where a system's dialogues are."""
        return self.path / "dialogues" / f"{name}.jsonl"

    def made(self) -> tuple[dict[str, Any], ...]:
        """The commands that worked on it, oldest first: command, date, machine, version, seconds.

        Raises:
            InputError: a line is no JSON.
        """
        file = self.path / "made.jsonl"
        try:
            return tuple(json.loads(line) for line in (whole_lines(file) if file.exists() else []))
        except ValueError:
            raise InputError(f"{file} has a line that is no JSON: take the line away") from None

    def begin(self, header: RunHeader, starts: Sequence[Start]) -> None:
        """Begin the run, or make sure that this is the one that was begun here.

        Raises:
            InputError: another one was.
        """
        file = self.path / "run.json"
        if file.exists():
            must_match(file, self.header().model_dump(mode="json"), header.model_dump(mode="json"))
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            quiet = (s if s.published else s.model_copy(update={"text": ""}) for s in starts)
            lines = "".join(start.model_dump_json() + "\n" for start in quiet)
            (self.path / "starts.jsonl").write_text(lines, "utf-8")
            new = file.with_suffix(".new")
            new.write_text(header.model_dump_json(indent=1) + "\n", "utf-8")
            new.replace(file)

    def note(self, made: Mapping[str, Any]) -> None:
        """Add to what worked on it."""
        mend(self.path / "made.jsonl")
        with (self.path / "made.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(made) + "\n")


def _system(file: Path) -> SystemHeader:
    try:
        return SystemHeader.model_validate(read_header(file))
    except ValidationError:
        raise InputError(f"{file} is no file of `evaluate`: move it out of the run") from None
