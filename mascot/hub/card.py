"""The card of a model repository: what the hub reads of it, then what people do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def card(front: Mapping[str, Any], title: str, *sections: str, licence: str = "") -> str:
    """The text of README.md.

    Args:
        front: what the hub reads.
        sections: Markdown, one after the other.
        licence: as the hub names it; empty leaves it out, and then nobody but the owners may use it.
    """
    matter = {**front, **({"license": licence} if licence else {})}
    head = f"---\n{yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)}---\n\n# {title}\n"
    return "\n".join([head, *(f"{section.rstrip()}\n" for section in sections)])


def table(rows: Mapping[str, object]) -> str:
    """Two columns without a head."""
    return "\n".join(["| | |", "|---|---|", *(f"| {_cell(name)} | {_cell(rows[name])} |" for name in rows)])


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
