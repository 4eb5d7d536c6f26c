"""The routes under /live: what they ask of the service, and how they refuse."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mascot.errors import EngineError
from mascot.ui.routes import LiveRoutes
from tests.unit.ui.fake import FakeLive

OWNER = {"X-Mascot-Owner": "0123456789abcdef" * 2}
KEY = "k" * 16


@pytest.fixture
def live() -> FakeLive:
    return FakeLive()


@pytest.fixture
def client(live: FakeLive) -> TestClient:
    return TestClient(Starlette(routes=LiveRoutes(live, "small model").all))  # pyright: ignore


@pytest.fixture
def conversation(client: TestClient) -> str:
    return client.post("/live/conversations", headers=OWNER).json()["id"]


def test_table_names_who_sits_there_and_where_to_start(client: TestClient) -> None:
    table = client.get("/live/table").json()
    assert [one["name"] for one in table["personas"]] == ["Anchor", "Catalyst", "Beacon", "Action Guide"]
    assert set(table["personas"][0]) == {"id", "name", "role", "summary", "face", "colour"}
    assert len(table["situations"]) == 4
    assert "not clinicians" in table["notice"]
    assert table["remark"] == "small model"


def test_answers_are_private(client: TestClient) -> None:
    headers = client.get("/live/table").headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_conversations_are_listed_to_their_owner_only(client: TestClient, conversation: str) -> None:
    assert [one["id"] for one in client.get("/live/conversations", headers=OWNER).json()] == [conversation]
    assert client.get("/live/conversations", headers={"X-Mascot-Owner": "f" * 32}).json() == []


@pytest.mark.parametrize("owner", [{}, {"X-Mascot-Owner": "me"}, {"X-Mascot-Owner": "A" * 32}])
def test_without_a_secret_nothing_is_listed(client: TestClient, owner: dict[str, str]) -> None:
    answer = client.get("/live/conversations", headers=owner)
    assert answer.status_code == 400
    assert "X-Mascot-Owner" in answer.json()["error"]


def test_a_message_is_said_once_per_key(client: TestClient, live: FakeLive, conversation: str) -> None:
    body = {"text": "hello", "key": KEY, "barge": "queue", "addressed": ["beacon"]}
    first, second = (client.post(f"/live/conversations/{conversation}/say", json=body) for _ in range(2))
    assert first.json() == second.json() == {"seq": 2}
    said = live.entries(conversation)[-1].event
    assert (said.text, said.barge, said.addressed) == ("hello", "queue", ("beacon",))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"key": "kkkkkkkkkk"}', "text"),
        (b'{"text": "a", "key": "k"}', "key"),
        (b'{"text": "a", "key": "kkkkkkkkkk", "barge": "shout"}', "barge"),
        (b'{"text": "a", "key": "kkkkkkkkkk", "extra": 1}', "extra"),
        (b'{"text": "  ", "key": "kkkkkkkkkk"}', "nothing"),
        (b'"' + b"a" * 70_000 + b'"', "64 KiB"),
    ],
)
def test_a_wrong_body_is_refused_in_one_line(
    client: TestClient, conversation: str, body: bytes, what: str
) -> None:
    answer = client.post(f"/live/conversations/{conversation}/say", content=body)
    assert answer.status_code == 400
    assert what in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "deed"),
    [
        ({"do": "ask", "agent": "beacon"}, ("ask", "beacon")),
        ({"do": "go-on"}, ("go-on",)),
        ({"do": "enough"}, ("enough",)),
        ({"do": "stop"}, ("stop",)),
        ({"do": "mute", "agent": "beacon", "muted": True}, ("mute", "beacon", True)),
        ({"do": "pace", "pace": "immediate"}, ("pace", "immediate")),
        ({"do": "acknowledge"}, ("acknowledge",)),
    ],
)
def test_deeds_reach_the_service(
    client: TestClient, live: FakeLive, conversation: str, body: dict, deed: tuple
) -> None:
    assert client.post(f"/live/conversations/{conversation}/act", json=body).status_code == 200
    assert live.deeds == [deed]


@pytest.mark.parametrize(
    "body", [{"do": "dance"}, {"do": "ask"}, {"do": "mute", "agent": "x"}, {"do": "pace"}]
)
def test_deeds_that_lack_something_are_refused(client: TestClient, conversation: str, body: dict) -> None:
    assert client.post(f"/live/conversations/{conversation}/act", json=body).status_code == 400


def test_an_unknown_persona_is_refused_by_name(client: TestClient, conversation: str) -> None:
    answer = client.post(f"/live/conversations/{conversation}/act", json={"do": "ask", "agent": "zorro"})
    assert answer.status_code == 400
    assert "zorro" in answer.json()["error"]


def test_a_conversation_is_renamed_and_deleted(client: TestClient, live: FakeLive, conversation: str) -> None:
    path = f"/live/conversations/{conversation}"
    assert client.patch(path, json={"title": "  My\n mother "}).json() == {"title": "My mother"}
    assert client.get(path).json() == {"id": conversation, "title": "My mother"}
    assert client.patch(path, json={"title": " "}).status_code == 400
    assert client.delete(path).status_code == 200
    assert client.get(path).status_code == 404
    assert live.talks == {}


@pytest.mark.parametrize("id", ["nobody-knows-this-one", "x", "a%2F..%2Fb", "é" * 10])
@pytest.mark.parametrize("what", ["", "/events", "/export.json", "/export.md"])
def test_a_conversation_that_is_not_there_is_a_404(client: TestClient, id: str, what: str) -> None:
    assert client.get(f"/live/conversations/{id}{what}").status_code == 404


def test_a_service_that_cannot_answer_is_a_503(
    client: TestClient, live: FakeLive, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_id: str) -> None:
        raise EngineError("the engine\nis gone")

    monkeypatch.setattr(live, "stop", fail)
    answer = client.post(f"/live/conversations/{conversation}/act", json={"do": "stop"})
    assert (answer.status_code, answer.json()) == (503, {"error": "the engine is gone"})


def test_the_page_s_files_are_served_and_asked_for_again(client: TestClient) -> None:
    answer = client.get("/live/static/main.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get("/live/static/main.js", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/live/static/..%2Froutes.py").status_code == 404


@pytest.mark.parametrize(("ending", "media"), [("json", "application/json"), ("md", "text/markdown")])
def test_an_export_is_a_file_with_a_plain_name(
    client: TestClient, live: FakeLive, conversation: str, ending: str, media: str
) -> None:
    live.say(conversation, "hello", key=KEY, barge="queue")
    live.rename(conversation, 'Mère & "moi"\r\n/..')
    answer = client.get(f"/live/conversations/{conversation}/export.{ending}")
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["content-disposition"] == f'attachment; filename="mere-moi.{ending}"'
    assert "hello" in answer.text
    assert client.get(f"/live/conversations/{conversation}/export.exe").status_code == 404


def test_in_a_crisis_there_are_numbers_for_every_country(client: TestClient) -> None:
    here = client.get("/live/crisis?kind=abuse&country=GB").json()
    assert (here["country"], here["emergency"]) == ("GB", "999")
    assert here["lines"][0]["phone"]
    elsewhere = client.get("/live/crisis?kind=nonsense&country=XX").json()
    assert elsewhere["country"] == "international"
    assert {"code": "international", "name": "Anywhere else"} in elsewhere["countries"]
    assert client.get("/live/crisis").json()["title"]
