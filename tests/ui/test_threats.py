"""Attacks on the running server, one per threat of docs/threat-model.md that needs one."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

MINE, THEIRS = {"X-Mascot-Owner": "a" * 32}, {"X-Mascot-Owner": "b" * 32}


@pytest.fixture
def site(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.rstrip("/"), timeout=20) as client:
        yield client


def begin(site: httpx.Client, owner: dict[str, str]) -> str:
    return site.post("/live/conversations", headers=owner).json()["id"]


def test_nobody_lists_what_is_somebody_elses(site: httpx.Client) -> None:
    id = begin(site, MINE)
    assert [one["id"] for one in site.get("/live/conversations", headers=MINE).json()] == [id]
    assert site.get("/live/conversations", headers=THEIRS).json() == []
    for nobody in ({}, {"X-Mascot-Owner": ""}, {"X-Mascot-Owner": "%"}, {"X-Mascot-Owner": "*" * 32}):
        assert site.get("/live/conversations", headers=nobody).status_code == 400


def test_one_that_was_deleted_looks_like_one_that_never_was(site: httpx.Client) -> None:
    id = begin(site, MINE)
    site.delete(f"/live/conversations/{id}")
    for what in ("", "/export.json", "/export.md", "/events", "/donation"):
        deleted = site.get(f"/live/conversations/{id}{what}")
        never = site.get(f"/live/conversations/{'0' * 32}{what}")
        assert (deleted.status_code, deleted.json()) == (never.status_code, never.json())
        assert deleted.status_code == 404


def test_ids_cannot_be_guessed(site: httpx.Client) -> None:
    ids = [begin(site, MINE) for _ in range(20)]
    assert {len(id) for id in ids} == {32}
    same = [
        sum(a == b for a, b in zip(one, other, strict=True)) for one in ids for other in ids if one != other
    ]
    assert max(same) < 12  # of 32 hexadecimal digits, 2 on average


@pytest.mark.parametrize(
    "path",
    [
        "/live/static/..%2froutes.py",
        "/live/static/%2e%2e%2f%2e%2e%2fsettings.py",
        "/live/static/....//routes.py",
        "/live/conversations/..%2f..%2fapp.py",
        "/live/conversations/%2e%2e/export.json",
        "/gradio_api/file=app.py",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../etc/passwd",
        "/file=app.py",
    ],
)
def test_no_path_leads_out_of_the_page(site: httpx.Client, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code in (403, 404)
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_a_large_body_is_refused_whoever_it_is_for(site: httpx.Client) -> None:
    id = begin(site, MINE)

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536

    for path in (f"/live/conversations/{id}/say", "/gradio_api/queue/join", "/signin"):
        assert site.post(path, content=b"x" * 2_000_000).status_code == 413
        try:
            assert site.post(path, content=endless()).status_code in (400, 404, 405, 413)
        except httpx.TransportError:
            continue  # cut off, which is as well
    assert site.get("/live/table").status_code == 200


def test_nobody_can_leave_files_here(site: httpx.Client) -> None:
    for path in ("/gradio_api/upload", "/gradio_api/upload/", "/gradio_api/upload?upload_id=1", "/upload"):
        assert site.post(path, files={"files": ("a.txt", b"mine")}).status_code == 404


def test_other_sites_do_not_learn_the_address_of_a_conversation(site: httpx.Client) -> None:
    for path in ("/", "/live/table", "/config"):
        assert site.get(path).headers["referrer-policy"] == "no-referrer"
    preflight = site.options("/live/table", headers={"Origin": "https://evil.example"})
    assert preflight.headers.get("access-control-allow-origin") != "*"
