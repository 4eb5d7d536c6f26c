"""Studies as pages of the app."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from mascot.errors import InputError
from mascot.settings import Settings
from studies.web.rooms import study_rooms
from tests.fixtures.studies import prepared, write_study


def test_the_app_serves_the_studies_that_its_settings_name(tmp_path: Path) -> None:
    design, _, settings = prepared(tmp_path)
    named = settings.model_copy(update={"study": f"{design.path}, "})

    def signed_in(request: Request) -> bool:
        return request.headers.get("x-name") == "ada"

    with ExitStack() as opened:
        routes, desks = study_rooms(named, opened, signed_in)
        with TestClient(Starlette(routes=routes)) as client:
            page = client.get("/study/which-group?code=x")
            assert page.status_code == 200
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert client.get("/study/elsewhere").status_code == 404
            key = client.post("/study/which-group/enter", json={"parameters": {"code": "x"}}).json()["key"]
            step = client.get("/study/which-group/step", headers={"X-Study-Key": key}).json()
            assert step["kind"] == "consent"
            status = "/study/which-group/desk/status"
            assert client.get(status).status_code == 404
            assert client.get(status, headers={"X-Name": "ada"}).status_code == 200
            token = desks[0].split("#")[1]
            assert client.get(status, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_without_studies_the_app_has_no_such_pages(tmp_path: Path) -> None:
    with ExitStack() as opened:
        assert study_rooms(Settings(home=tmp_path), opened, lambda _: True) == ([], [])


def test_a_study_that_is_not_prepared_is_one_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", study=str(write_study(tmp_path)))
    with ExitStack() as opened, pytest.raises(InputError, match="is not prepared"):
        study_rooms(settings, opened, lambda _: True)
