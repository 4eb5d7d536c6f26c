"""Signing in, with a provider that runs beside the test and speaks OpenID Connect."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from mascot.ui.figures import FigureRoutes
from mascot.ui.signin import SESSION, SESSION_SECONDS, Provider, SignIn, provider_from
from tests.fixtures.servers import Handler, serve

SITE = "http://testserver"


@dataclass
class People:
    """What the provider knows: one person, and the codes it gave out."""

    name: str = "Anna"
    challenges: dict[str, str] = field(default_factory=dict)
    broken: bool = False


def provider(people: People) -> type[BaseHTTPRequestHandler]:
    class OpenId(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
            here = f"http://{self.headers['Host']}"
            if self.path.endswith("/openid-configuration"):
                names = ("authorization", "token", "userinfo")
                self._json({f"{name}_endpoint": f"{here}/oauth/{name}" for name in names})
            elif self.path == "/oauth/userinfo" and self.headers["Authorization"] == "Bearer a-token":
                self._json({"sub": "1", "preferred_username": people.name})
            else:
                self._json({"error": "no"}, 401)

        def do_POST(self) -> None:  # noqa: N802 - the base class calls it so
            sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            basic = base64.b64encode(b"client:secret").decode()
            digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            right = (
                self.headers["Authorization"] == f"Basic {basic}"
                and people.challenges.pop(sent["code"][0], None) == challenge
                and sent["redirect_uri"] == [f"{SITE}/login/callback"]
            )
            if people.broken or not right:
                self._json({"error": "invalid_grant secret-code"}, 400)
            else:
                self._json({"access_token": "a-token", "token_type": "bearer"})

        def _json(self, content: object, status: int = 200) -> None:
            self.answer(json.dumps(content).encode(), "application/json", status)

    return OpenId


class Site:
    """The app with one page for researchers, and a browser."""

    def __init__(self, url: str, people: People) -> None:
        self.people, self.now = people, 1_000_000.0
        self.signin = SignIn(Provider(url, "client", "secret"), ["anna"], clock=lambda: self.now)

        routes = [*self.signin.all, *FigureRoutes(self.signin, lambda: {"turns today": 7}).all]
        self.browser = TestClient(Starlette(routes=routes), follow_redirects=False)

    def begin(self, to: str = "/live/figures") -> tuple[str, str]:
        """Go to the provider; the state, and a code that it would give."""
        response = self.browser.get("/signin", params={"to": to})
        asked = parse_qs(urlsplit(response.headers["location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        code = f"code-{len(self.people.challenges)}"
        self.people.challenges[code] = asked["code_challenge"][0]
        return asked["state"][0], code

    def sign_in(self, to: str = "/live/figures") -> Response:
        state, code = self.begin(to)
        return self.browser.get("/login/callback", params={"state": state, "code": code})  # pyright: ignore


@pytest.fixture
def site() -> Iterator[Site]:
    people = People()
    with serve(provider(people)) as url:
        yield Site(url, people)


def test_a_researcher_signs_in_and_out(site: Site) -> None:
    assert site.browser.get("/live/figures").status_code == 403
    back = site.sign_in()
    assert back.headers["location"] == "/live/figures"
    assert site.browser.get("/live/me").json() == {"name": "Anna", "role": "researcher", "possible": True}
    assert site.browser.get("/live/figures").json() == {"turns today": 7}
    site.browser.post("/signout")
    assert site.browser.get("/live/figures").status_code == 403


def test_who_is_not_on_the_list_is_a_rater(site: Site) -> None:
    site.people.name = "Ben"
    site.sign_in()
    assert site.browser.get("/live/me").json()["role"] == "rater"
    refusal = site.browser.get("/live/figures")
    assert refusal.status_code == 403
    assert "Ben is not on their list" in refusal.json()["error"]


def test_a_session_ends_by_itself(site: Site) -> None:
    site.sign_in()
    site.now += SESSION_SECONDS + 1
    assert site.browser.get("/live/me").json()["name"] is None


def test_a_forged_or_changed_cookie_is_nobody(site: Site) -> None:
    site.sign_in()
    packed, _, signature = site.browser.cookies[SESSION].partition(".")
    content = json.loads(base64.urlsafe_b64decode(packed))
    content[1]["name"] = "root"
    forged = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    for cookie in (f"{forged}.{signature}", f"{forged}.", "nonsense", f"{packed}.{'0' * 64}"):
        site.browser.cookies.set(SESSION, cookie, domain="testserver.local", path="/")
        me = TestClient(site.browser.app, cookies={SESSION: cookie}).get("/live/me")
        assert me.json()["name"] is None


def test_letters_that_no_signature_has_are_nobodys(site: Site) -> None:
    site.sign_in()
    packed = site.browser.cookies[SESSION].partition(".")[0]
    for cookie in (f"{packed}.é", f"é{packed}.{'0' * 64}"):
        header = {"cookie": f"{SESSION}={cookie}".encode("latin-1")}
        me = TestClient(site.browser.app).get("/live/me", headers=header)  # pyright: ignore
        assert me.json()["name"] is None
    _, code = site.begin()
    refusal = site.browser.get("/login/callback", params={"state": "é", "code": code})
    assert refusal.status_code == 400


def test_a_cookie_holds_a_name_and_no_token(site: Site) -> None:
    back = site.sign_in()
    header = back.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=lax" in header
    packed = site.browser.cookies[SESSION].partition(".")[0]
    assert json.loads(base64.urlsafe_b64decode(packed))[1] == {"name": "Anna"}


def test_a_sign_in_begun_elsewhere_is_refused(site: Site) -> None:
    _, code = site.begin()
    refusal = site.browser.get("/login/callback", params={"state": "another", "code": code})
    assert refusal.status_code == 400
    assert "not begun here" in refusal.json()["error"]
    stranger = TestClient(site.browser.app, follow_redirects=False)
    state, code = site.begin()
    assert stranger.get("/login/callback", params={"state": state, "code": code}).status_code == 400


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_nobody_is_sent_to_another_site(site: Site, to: str) -> None:
    assert site.sign_in(to).headers["location"] == "/"


def test_a_provider_that_refuses_is_one_line_without_its_words(site: Site) -> None:
    site.people.broken = True
    refusal = site.sign_in()
    assert refusal.status_code == 503
    assert "secret" not in refusal.text  # pyright: ignore


@pytest.mark.parametrize("answer", [{}, []])
def test_a_provider_that_answers_something_else_is_one_line(answer: object) -> None:
    class Strange(Handler):
        def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
            self.answer(json.dumps(answer).encode(), "application/json", 200)

    with serve(Strange) as url:
        browser = TestClient(Starlette(routes=SignIn(Provider(url, "client", "secret")).all))
        refusal = browser.get("/signin")
    assert refusal.status_code == 503
    assert "does not answer as it should" in refusal.json()["error"]


def test_who_declines_can_go_on_without(site: Site) -> None:
    state, _ = site.begin()
    refusal = site.browser.get("/login/callback", params={"state": state, "error": "access_denied"})
    assert refusal.status_code == 400
    assert "go on without" in refusal.json()["error"]


def test_where_there_is_no_sign_in_nobody_is_anybody() -> None:
    browser = TestClient(Starlette(routes=SignIn(None, ["anna"]).all))
    assert browser.get("/live/me").json() == {"name": None, "role": None, "possible": False}
    assert browser.get("/signin").status_code == 400


def test_a_spaces_variables_make_a_provider() -> None:
    given = {
        "OPENID_PROVIDER_URL": "https://huggingface.co",
        "OAUTH_CLIENT_ID": "id",
        "OAUTH_CLIENT_SECRET": "s",
    }
    assert provider_from(given) == Provider("https://huggingface.co", "id", "s")
    assert provider_from(given | {"OAUTH_CLIENT_SECRET": ""}) is None
    assert provider_from({}) is None
