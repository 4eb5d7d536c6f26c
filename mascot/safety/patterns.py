"""The alarms: what people write when they, or someone near them, are in danger. Data in alarms.yaml.

Each pattern reads one sentence, already normalised and without apostrophes ("im", "dont", "hes").
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("alarms.yaml")
_NAME = re.compile(r"<(\w+)>")


def alarm_in(sentence: str) -> str | None:
    """The kind of the first alarm that the sentence sets off; kinds are tried in the file's order."""
    return next((kind for kind, pattern in _alarms() if pattern.search(sentence)), None)


@lru_cache(maxsize=1)
def _alarms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    words = {name: f"(?:{'|'.join(parts)})" for name, parts in content["words"].items()}
    groups = [*content["alarms"].items(), ("suicide", content["suicide_in_other_languages"])]
    return tuple((kind, _joined(patterns, words)) for kind, patterns in groups)


def _joined(patterns: list[str], words: dict[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_filled(pattern, words)})" for pattern in patterns))


def _filled(pattern: str, words: dict[str, str]) -> str:
    """The pattern with word lists put in, and those that they name themselves."""
    while _NAME.search(pattern):
        pattern = _NAME.sub(lambda found: words[found.group(1)], pattern)
    return pattern
