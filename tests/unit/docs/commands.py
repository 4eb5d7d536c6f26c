"""The commands that README and the guides publish: read as a shell does, parsed as the program does."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import inspect
import io
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from mascot.settings import Settings

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^\n]*?) -->\n)?^```(?:sh|bash)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"(?<!`)`((?:\w+=\S+ )*(?:(?:\.venv/bin/)?python -m|pytest|make) [^`…\[|]+)`(?!`)")
_ASSIGNED = re.compile(r"([A-Z_]+)=(\S*)")
_BETWEEN = {"&&", "||", "&", ";", "|", "(", ")", "do", "done"}
_LOOP = re.compile(r"^for (\w+) in (\S+).*?; do", re.MULTILINE)
_LOOP_HEAD = re.compile(r"^for .*?; do", re.MULTILINE)
_PACKAGES = ("mascot", "studies", "annotations")


@dataclass(frozen=True)
class Block:
    """Commands of one fenced block, and what the comment before it says about running them."""

    page: str
    line: int
    commands: tuple[tuple[str, ...], ...]
    not_run: str = ""
    """Why the test of this room does not run it."""

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: Path, text: str | None = None) -> list[Block]:
    """Every fenced block of shell commands of a page."""
    text = page.read_text(encoding="utf-8") if text is None else text
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("text"))
        commands = tuple(commands_of(match["text"]))
        found.append(Block(str(page.relative_to(ROOT)), line, commands, match["why"] or ""))
    return found


def inline(page: Path) -> list[tuple[str, ...]]:
    """Commands in running text that are whole: those with an ellipsis or a choice are left out."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = [command for span in _INLINE.findall(text) for command in commands_of(" ".join(span.split()))]
    return [command if _has_options(command) else (*command, "--help") for command in found]


def _has_options(command: tuple[str, ...]) -> bool:
    """Without options, running text only names a command (`python -m mascot judge train`)."""
    return any(word.startswith("--") for word in command) or "-m" not in command or "pytest" in command


def commands_of(text: str) -> list[tuple[str, ...]]:
    """The simple commands of a script, word by word, without comments; of a loop the first round."""
    commands: list[tuple[str, ...]] = []
    for name, first in _LOOP.findall(text):
        text = text.replace(f"${name}", first)
    for line in _LOOP_HEAD.sub("", text.replace("\\\n", " ")).splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars="();|&")
        reader.whitespace_split = True
        words: list[str] = []
        for word in [*reader, ";"]:
            if word not in _BETWEEN:
                words.append(word)
            elif words:
                commands.append(tuple(words))
                words = []
    return commands


class _ParsedError(Exception):
    """The arguments could be parsed, and that was all that was wanted."""


def refused(command: tuple[str, ...], makefile: str) -> str | None:
    """Why the program would not take this command; None where it would, or where it is no program of ours."""
    words = list(command)
    while words and (assigned := _ASSIGNED.fullmatch(words[0])):
        if assigned[1].startswith("MASCOT_") and not _known(assigned[1]):
            return f"there is no setting {assigned[1]}"
        words.pop(0)
    if not words:
        return None
    if words[0] == "make":
        return _refused_by_make(words[1:], makefile)
    if words[0].endswith("pytest") or words[1:3] == ["-m", "pytest"]:
        paths = [word for word in words if word.startswith("tests/")]
        return next(
            (f"there is no {path}" for path in paths if not (ROOT / path.split("::")[0]).exists()), None
        )
    if "-m" in words and (module := words[words.index("-m") + 1]).split(".")[0] in (*_PACKAGES, "tests"):
        return _refused_by_module(module, words[words.index("-m") + 2 :])
    return None


def _known(variable: str) -> bool:
    if variable.startswith("MASCOT_TEST_"):
        return any(variable in path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    return variable.removeprefix("MASCOT_").lower() in Settings.model_fields


def _refused_by_make(words: list[str], makefile: str) -> str | None:
    for word in words:
        if assigned := _ASSIGNED.fullmatch(word):
            if f"$({assigned[1]})" not in makefile:
                return f"the Makefile has no variable {assigned[1]}"
        elif not re.search(rf"^{re.escape(word)}:", makefile, re.MULTILINE):
            return f"the Makefile has no target {word}"
    return None


def _refused_by_module(module: str, arguments: list[str]) -> str | None:
    try:
        main = program(module)
    except ModuleNotFoundError as error:
        return str(error)
    if main is None or "parse_args(" not in inspect.getsource(inspect.getmodule(main) or main):
        return f"{module} takes no arguments" if arguments not in ([], ["--help"]) else None
    said = io.StringIO()
    with (
        patch.object(
            argparse.ArgumentParser, "parse_args", _parse_and_stop(argparse.ArgumentParser.parse_args)
        ),
        patch.object(sys, "argv", [module, *arguments]),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(said),
    ):
        try:
            main()
        except _ParsedError:
            return None
        except SystemExit as ended:
            return None if ended.code == 0 else said.getvalue().strip()
    return f"{module} asked for no arguments"


def _parse_and_stop(parse: Callable[..., object]) -> Callable[..., None]:
    def parsed(*arguments: object) -> None:
        parse(*arguments)
        raise _ParsedError

    return parsed


def program(module: str) -> Callable[..., object] | None:
    """The function that `python -m MODULE` calls; None for a script without one.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    found = importlib.import_module(f"{module}.cli" if module in _PACKAGES else module)
    return getattr(found, "main", None)
