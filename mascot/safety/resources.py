"""Emergency numbers and help lines by country, from resources.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("resources.yaml")
INTERNATIONAL = "international"


@dataclass(frozen=True)
class Line:
    """A service that people can reach: by phone, by text, on the web; at least one of them is set."""

    name: str
    kinds: tuple[str, ...]
    phone: str | None = None
    text: str | None = None
    url: str | None = None
    hours: str | None = None


@dataclass(frozen=True)
class Resources:
    """What one country offers; `code` is ISO 3166 alpha-2, or "international"."""

    code: str
    name: str
    emergency: str
    lines: tuple[Line, ...]


def resources_for(country: str | None) -> Resources:
    """The country's resources, its code in any case; the international ones for None or one unknown."""
    code = (country or "").strip().upper()
    return _resources().get("GB" if code == "UK" else code, _resources()[INTERNATIONAL])


def countries() -> list[tuple[str, str]]:
    """Code and name of every country with resources, by name; for a selector."""
    found = [(each.code, each.name) for each in _resources().values() if each.code != INTERNATIONAL]
    return sorted(found, key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def _resources() -> dict[str, Resources]:
    content = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    found = {each["code"]: _country(each) for each in content["countries"]}
    everywhere = {"code": INTERNATIONAL, "name": "Anywhere else"} | content["international"]
    return found | {INTERNATIONAL: _country(everywhere)}


def _country(entry: dict) -> Resources:
    lines = tuple(Line(**{**line, "kinds": tuple(line["kinds"])}) for line in entry["lines"])
    return Resources(entry["code"], entry["name"], entry["emergency"], lines)
