"""The paper's own figures (its tables, 0 to 100), to stand beside ours as what they are: another judge's, of
another model, on other conversations. What can be compared is the difference between systems under one judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

AGENT_OVERALL: Final[Mapping[str, Mapping[str, float]]] = {
    "zero-shot": {"positive": 58.8, "negative": 55.1, "neutral": 58.4},
    "zero-shot-cot": {"positive": 61.8, "negative": 59.9, "neutral": 61.9},
    "few-shot": {"positive": 60.6, "negative": 57.8, "neutral": 61.0},
    "few-shot-cot": {"positive": 62.4, "negative": 60.7, "neutral": 62.6},
    "sft": {"positive": 47.1, "negative": 44.1, "neutral": 46.7},
    "self-consistency": {"positive": 66.7, "negative": 60.6, "neutral": 65.5},
    "multiagentesc": {"positive": 67.6, "negative": 63.0, "neutral": 68.5},
    "mascot": {"positive": 76.9, "negative": 70.5, "neutral": 76.4},
}
"""Agent-specific Overall on EmpatheticDialogues, by system and valence."""

GROUP_OVERALL: Final[Mapping[str, Mapping[str, float]]] = {
    "zero-shot": {"positive": 46.8, "negative": 46.7},
    "zero-shot-cot": {"positive": 48.3, "negative": 48.3},
    "few-shot": {"positive": 48.4, "negative": 48.5},
    "few-shot-cot": {"positive": 51.8, "negative": 51.6},
    "sft": {"positive": 46.0, "negative": 45.4},
    "self-consistency": {"positive": 52.4, "negative": 45.5},
    "multiagentesc": {"positive": 50.1, "negative": 48.1},
    "mascot": {"positive": 57.9, "negative": 55.9, "academic": 69.5, "committee": 77.1, "product": 72.3},
}
"""Collective Overall on EmpatheticDialogues by valence, and of MASCOT on QMSum by domain."""

ABLATION: Final[Mapping[str, tuple[float, float]]] = {
    "mascot": (73.7, 56.8),
    "mascot-p": (69.6, 53.9),
    "mascot-c": (72.8, 48.5),
}
"""Agent-specific and collective Overall."""

DIRECTOR_SIZE: Final[Mapping[str, tuple[float, float]]] = {
    "0.6B": (63.9, 51.7),
    "1.7B": (67.2, 69.1),
    "8B": (68.4, 71.5),
}
SPEAKER_SIZE: Final[Mapping[str, tuple[float, float]]] = {
    "0.6B": (57.6, 50.5),
    "1.7B": (64.5, 65.2),
    "8B": (68.4, 71.5),
}
"""Agent-specific and collective Overall, by size."""
