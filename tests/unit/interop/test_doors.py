"""Which doors there are, by the settings."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from starlette.routing import Route

from annotations.store import Store
from app import doors
from mascot.errors import SettingsError
from mascot.settings import Settings
from mascot.ui.page import Doors, start
from tests.unit.live.support import open_live


def paths(doors: Doors) -> list[str]:
    return [route.path for route in doors.routes if isinstance(route, Route)]


def test_without_the_setting_no_program_comes_in(tmp_path: Path) -> None:
    live = open_live(tmp_path / "a.db")
    closed = doors(live, None, [])
    assert not [path for path in paths(closed) if path.startswith("/v1")]
    assert list(closed.functions) == []
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as ratings:
        opened = doors(live, ratings, [])
    assert {"/v1/models", "/v1/models/{id:path}", "/v1/chat/completions"} <= set(paths(opened))
    assert [function.__name__ for function in opened.functions] == ["turn", "conversation", "export", "rate"]
    live.close()


def test_mcp_without_its_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mcp" else found(name))
    live = open_live(tmp_path / "a.db")
    with pytest.raises(SettingsError, match="pip install mcp"):
        start(live, Settings(home=tmp_path, port=0, mcp=True))
    live.close()
