"""What the server itself says to participants, by language."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml


def said(key: str, language: str, **filled: object) -> str:
    """The text of a key; English where the language has none."""
    texts = _texts()
    text = texts.get(language, texts["en"]).get(key) or texts["en"][key]
    return text.format(**filled)


@cache
def _texts() -> dict[str, dict[str, str]]:
    return yaml.safe_load((files("studies.flow") / "texts.yaml").read_text("utf-8"))
