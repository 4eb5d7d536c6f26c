"""The criteria as files have them: the paper's nine, and the dimensions of published expert ratings."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import yaml

from mascot.evaluation.judges.base import Criterion

_ROOM = files("mascot.evaluation.judges")


def paper_criteria(level: Literal["agent", "group", ""] = "") -> tuple[Criterion, ...]:
    """The paper's nine, or those of one level: five about an agent's reply, four about the group's talk."""
    found = _read("criteria.yaml")
    return tuple(criterion for criterion in found if level in ("", criterion.level))


def rated_dimensions() -> tuple[Criterion, ...]:
    """What people rated in `empathic_judging`, asked as they were asked (in our words, their scales)."""
    return _read("dimensions.yaml")


def _read(name: str) -> tuple[Criterion, ...]:
    rows = yaml.safe_load(_ROOM.joinpath(name).read_text("utf-8"))
    return tuple(Criterion.model_validate(row) for row in rows)
