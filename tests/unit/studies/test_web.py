"""The study over HTTP: blind, one line for every mistake, and a desk that needs its token."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from studies.flow.steps import Step
from studies.web.serving import StudyServer, close_served, open_served
from tests.fixtures.participants import answer_to
from tests.fixtures.studies import ARMS, prepared

TOKEN = "the-desk-token"


class Browser:
    """A participant over HTTP, who keeps every byte that passed."""

    def __init__(self, client: httpx.Client, code: str) -> None:
        self._client = client
        self.traffic: list[str] = []
        self.bodies: list[str] = []
        self._headers: dict[str, str] = {}
        self._headers = {"X-Study-Key": self.post("enter", {"parameters": {"code": code}})["key"]}

    def post(self, name: str, body: dict[str, Any], status: int = 200) -> Any:
        return self._seen(self._client.post(name, json=body, headers=self._headers), status)

    def get(self, name: str, status: int = 200) -> Any:
        return self._seen(self._client.get(name, headers=self._headers), status)

    def _seen(self, answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        self.traffic.append(f"{answer.request.url} {answer.headers} {answer.text}")
        self.bodies.append(answer.text)
        return answer.json()

    def walk(self) -> Step:
        """To the end."""
        for number in range(40):
            step = Step.model_validate(self.get("step"))
            if step.kind == "complete":
                return step
            for place, question in enumerate(step.questions):
                body = {
                    "step": step.id,
                    "question": question.id,
                    "value": answer_to(question),
                    "key": f"answer-{number}-{place}",
                    "seconds": 3.5,
                }
                self.post("answer", body)
            self.post("next", {"step": step.id, "key": f"forward-{number}"})
        raise AssertionError("there is no end")


@contextmanager
def client_of(folder: Path, **changed: Any) -> Iterator[httpx.Client]:
    """A served study."""
    design, place, settings = prepared(folder, **changed)
    served = open_served(design, place, settings)
    try:
        with (
            StudyServer(served, TOKEN) as server,
            httpx.Client(base_url=f"{server.address}/study/{design.study.id}/", trust_env=False) as client,
        ):
            yield client
    finally:
        close_served(served)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with client_of(tmp_path_factory.mktemp("web")) as client:
        yield client


def desk(client: httpx.Client, name: str, token: str = TOKEN) -> httpx.Response:
    return client.get(f"desk/{name}", headers={"Authorization": f"Bearer {token}"})


def test_nothing_that_reaches_a_participant_names_or_orders_the_arms(client: httpx.Client) -> None:
    person = Browser(client, "blind")
    person.walk()
    everything = "\n".join(person.traffic).casefold()
    for arm in ARMS:
        assert arm not in everything
    for word in ("policy", "adapter", "engine", "seed", "candidate", "condition", "ordinal", "action-guide"):
        assert word not in "\n".join(person.bodies).casefold(), word


def test_two_people_with_opposite_orders_get_pages_of_the_same_shape(tmp_path: Path) -> None:
    tasks = [{"kind": "pairwise", "id": "better", "text": "Which?"}]
    with client_of(tmp_path, situations=1, tasks=tasks, items_per_person=1, attention=[]) as client:
        pages: list[Step] = []
        for code in ("one", "two"):
            person = Browser(client, code)
            for _ in range(4):
                step = Step.model_validate(person.get("step"))
                if step.kind == "task":
                    pages.append(step)
                    break
                for question in step.questions:
                    person.post(
                        "answer", given(question.id, answer_to(question), step.id) | {"key": question.id * 4}
                    )
                person.post("next", {"step": step.id, "key": "forward-1"})
    bare = [page.model_dump(exclude={"dialogues", "progress"}) for page in pages]
    assert bare[0] == bare[1]
    assert [[line.speaker for line in each.lines] for each in pages[0].dialogues] == [
        [line.speaker for line in each.lines] for each in pages[1].dialogues
    ]


def given(question: str, value: dict[str, Any], step: str = "consent") -> dict[str, Any]:
    return {"step": step, "question": question, "value": value, "key": "a-key-of-ours"}


@pytest.mark.parametrize(
    ("name", "body", "status", "said"),
    [
        ("enter", {"parameters": {"code": "x" * 300}}, 400, "parameters.code"),
        ("enter", {"nonsense": 1}, 400, "nonsense"),
        ("answer", given("nothing", {"kind": "scale", "value": 1}), 400, "no question 'nothing'"),
        ("answer", given("better", {"kind": "scale", "value": 1}, "item-7"), 409, "moved on"),
        ("answer", given("publish", {"kind": "choice", "options": ["perhaps"]}), 400, "choose among"),
        ("answer", given("publish", {"kind": "song"}), 400, "value"),
        ("say", {"text": "hello", "key": "a-key-of-ours"}, 400, "nobody talks"),
        ("withdraw", {"secret": "unknown", "key": "a-key-of-ours"}, 404, "not known"),
    ],
)
def test_mistakes_get_one_line(client: httpx.Client, name: str, body: dict, status: int, said: str) -> None:
    person = Browser(client, "mistaken")
    error = person.post(name, body, status)["error"]
    assert said in error
    assert "\n" not in error


def test_without_a_key_or_with_a_strange_one_there_is_no_page(client: httpx.Client) -> None:
    assert client.get("step").status_code == 400
    assert client.get("step", headers={"X-Study-Key": "somebody-else"}).status_code == 404
    assert client.get("../elsewhere/step", headers={"X-Study-Key": "somebody-else"}).status_code == 404


def test_no_answer_is_kept_by_caches_or_tells_other_sites_where_it_came_from(client: httpx.Client) -> None:
    person = Browser(client, "private")
    answer = client.get("step", headers=person._headers)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


def test_the_desk_is_not_there_without_its_token(client: httpx.Client) -> None:
    for name in ("status", "strengths", "export/ratings", "nothing"):
        assert desk(client, name, "a-guess").status_code == 404
    assert client.post("desk/pause").status_code == 404


def test_the_desk_shows_what_is_there(tmp_path: Path) -> None:
    tasks = [
        {"kind": "pairwise", "id": "better", "text": "Which?"},
        {"kind": "scales", "instrument": "mine.yaml"},
        {"kind": "guess", "systems": {arm: f"group {n}" for n, arm in enumerate(ARMS)}},
    ]
    with client_of(tmp_path, tasks=tasks, items_per_person=4, attention=[]) as client:
        assert desk(client, "strengths").status_code == 400
        for number in range(6):
            Browser(client, f"p{number}").walk()
        status = desk(client, "status").json()
        assert (status["state"], status["entered"], status["finished"]) == ("open", 6, 6)
        assert status["completed"] == 24
        assert status["imbalance"] <= 1
        assert sum(cell["completed"] for cell in status["cells"]) == 24
        assert {arm["name"] for arm in desk(client, "strengths").json()["better"]["arms"]} == set(ARMS)
        assert {each["place"] for each in desk(client, "positions").json()} == {0, 1}
        assert len(desk(client, "agreement").json()) >= 3
        assert len(desk(client, "quality").json()) == 6
        blinding = desk(client, "blinding")
        assert blinding.status_code == 400 or 0 <= blinding.json()["low"] <= blinding.json()["share"]
        archive = zipfile.ZipFile(io.BytesIO(desk(client, "export/ratings").content))
        assert {"README.md", "croissant.json"} <= set(archive.namelist())
        json.dumps(status)


def test_pause_resume_release_and_close_from_the_desk(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with client_of(tmp_path) as client:
        person = Browser(client, "held")
        for number in range(3):
            step = person.get("step")
            for question in Step.model_validate(step).questions:
                sent = given(question.id, answer_to(question), step["id"])
                person.post("answer", sent | {"key": f"answer-{number}"})
            person.post("next", {"step": step["id"], "key": f"forward-{number}"})
        assert client.post("desk/pause", headers=headers).json()["state"] == "paused"
        assert person.get("step")["kind"] == "paused"
        held = client.post("desk/resume", headers=headers).json()["held"]
        assert len(held) == 1
        released = client.post(f"desk/release/{held[0]['assignment']}", headers=headers).json()
        assert released["held"] == []
        assert person.get("step")["kind"] == "task"
        assert client.post("desk/close", headers=headers).json()["state"] == "closed"
        assert Browser(client, "late").get("step")["kind"] == "full"
