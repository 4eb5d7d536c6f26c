"""Where preferences come from, as the command line names it: `expert`, a file of ours, or an export."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from mascot.alignment.preferences import BlockPreference, Preference, check_preferences, read_preferences
from mascot.alignment.preferences_expert import expert_blocks, expert_preferences
from mascot.alignment.preferences_human import read_export
from mascot.conversation.personas import Cast
from mascot.errors import InputError

EXPERT: Final = "expert"
_OTHER: Final = {
    Preference: ("what a whole group said", "group-reward"),
    BlockPreference: ("single replies", "reward"),
}
"""Of what the rest of a source is, and what learns from that, by the kind that is wanted."""
_Row = TypeVar("_Row", Preference, BlockPreference)


def gather(sources: Sequence[str], kind: type[_Row], cast: Cast) -> list[_Row]:
    """The preferences of this kind from all sources, each source checked by itself.

    Of two sources one may well prefer what the other rejects; within one that is a mistake.

    Raises:
        InputError: a source that cannot be used; names the row and the reason.
    """
    found: list[_Row] = []
    for source in sources:
        rows = _read(source, kind, cast)
        check_preferences(rows, source)
        found += rows
    return found


def data_sha256(rows: Sequence[Preference | BlockPreference]) -> str:
    """Checksum of what is learned or measured on."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row.model_dump_json().encode())
    return digest.hexdigest()


def _read(source: str, kind: type[_Row], cast: Cast) -> list[_Row]:
    if source == EXPERT:
        rows = expert_preferences() if kind is Preference else expert_blocks()
    elif _is_ours(Path(source)):
        rows = read_preferences(Path(source), kind)
    else:
        rows = read_export(Path(source), cast)
    found = [row for row in rows if isinstance(row, kind)]
    if rows and not found:
        what, command = _OTHER[kind]
        raise InputError(
            f"all {len(rows)} preferences in {source} are of {what}: `align {command}` learns those"
        )
    return found


def _is_ours(file: Path) -> bool:
    """Whether the first line is a preference of ours, and not a row of an export."""
    try:
        with file.open(encoding="utf-8") as lines:
            first = json.loads(lines.readline() or "{}")
    except OSError:
        raise InputError(f"there is no file {file}: name one, or the word {EXPERT}") from None
    except ValueError:
        raise InputError(f"{file}, line 1: not JSON: preferences are one JSON object a line") from None
    return isinstance(first, dict) and "source" in first
