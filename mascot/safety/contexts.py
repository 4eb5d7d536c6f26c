"""What makes alarming words harmless: figures of speech, films, the settled past, the job, a denial.

All of it reads one sentence, normalised and without apostrophes. Figures of speech are cut out, so that what
else the sentence says is still heard ("this queue is killing me and I want to die"). A sentence that speaks
of now is never excused by its past. Data in contexts.yaml.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

_FILE = Path(__file__).with_name("contexts.yaml")


class _Contexts(NamedTuple):
    figures: re.Pattern[str]
    frames: re.Pattern[str]
    now: re.Pattern[str]


def without_figures(sentence: str) -> str:
    """The sentence with its figures of speech cut out."""
    return _contexts().figures.sub(" # ", sentence)


def excused(sentence: str) -> bool:
    """Whether a frame takes an alarm back: a film, the past and so on, and nothing says it happens now."""
    found = _contexts()
    return bool(found.frames.search(sentence)) and not found.now.search(sentence)


@lru_cache(maxsize=1)
def _contexts() -> _Contexts:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    frames = [pattern for patterns in content["frames"].values() for pattern in patterns]
    return _Contexts(_joined(content["figures"]), _joined(frames), _joined(content["now"]))


def _joined(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
