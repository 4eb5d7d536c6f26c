"""Signing in with Hugging Face (OpenID Connect, authorization code with PKCE), for those who need a role.

The demo never asks for it. A Space with `hf_oauth` gives its app the four variables that `provider_from`
reads. Who signs in gets a signed cookie with their name and nothing else: no token is kept, and what they
may do is looked up at each request, so that a name taken off the list is out at once. (Gradio's own
`LoginButton` gates nothing, and its local mock asks the hub.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mascot.errors import ForbiddenError, InputError, StoreError
from mascot.ui.answers import answer, one_line

Role = Literal["rater", "researcher"]
SESSION, STEP = "mascot_session", "mascot_signin"
SESSION_SECONDS = 8 * 3600
STEP_SECONDS = 600
CALLBACK = "/login/callback"
_ADDRESSES = "/.well-known/openid-configuration"
_STRANGE = "Hugging Face does not answer as it should: please try again in a while"


@dataclass(frozen=True)
class Provider:
    """Who vouches for people."""

    url: str
    client: str
    secret: str
    scopes: str = "openid profile"


@dataclass(frozen=True)
class Person:
    """Somebody who signed in."""

    name: str
    role: Role


def provider_from(environment: Mapping[str, str]) -> Provider | None:
    """What a Space with `hf_oauth` is given; None where there is no sign-in."""
    names = ("OPENID_PROVIDER_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")
    url, client, secret = (environment.get(name, "") for name in names)
    if not (url and client and secret):
        return None
    return Provider(url.rstrip("/"), client, secret, environment.get("OAUTH_SCOPES") or "openid profile")


class SignIn:
    """The routes of signing in and out, and who somebody is.

    Args:
        provider: None: nobody can sign in, and nobody has a role.
        researchers: names at the provider.
        site: the app's own address as visitors see it, without a slash at its end; empty is what their
            browser asks for, which a proxy may have changed.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        provider: Provider | None,
        researchers: Collection[str] = (),
        site: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._provider = provider
        self._researchers = {name.casefold() for name in researchers}
        self._site = site
        self._clock = clock
        self._key = hashlib.sha256(f"mascot session {provider.secret if provider else ''}".encode()).digest()

    @property
    def all(self) -> list[Route]:
        return [
            Route("/live/me", one_line(self._me)),
            Route("/signin", one_line(self._begin)),
            Route(CALLBACK, one_line(self._end)),
            Route("/signout", one_line(self._out), methods=["POST"]),
        ]

    def person(self, request: Request) -> Person | None:
        """Who asks; None if they did not sign in, or not lately."""
        session = self._opened(request, SESSION) if self._provider else None
        if session is None:
            return None
        name = session["name"]
        return Person(name, "researcher" if name.casefold() in self._researchers else "rater")

    def require(self, request: Request, role: Role) -> Person:
        """Who asks, if they have the role; a researcher may do what a rater may.

        Raises:
            ForbiddenError: they did not sign in, or have another role.
        """
        person = self.person(request)
        if person is None:
            raise ForbiddenError("this page is for people who signed in with Hugging Face")
        if role == "researcher" and person.role != "researcher":
            raise ForbiddenError(
                f"this page is for this study's researchers, and {person.name} is not on their list"
            )
        return person

    async def _me(self, request: Request) -> Response:
        person = self.person(request)
        told = {"name": person.name, "role": person.role} if person else {"name": None, "role": None}
        return answer(told | {"possible": self._provider is not None})

    async def _begin(self, request: Request) -> Response:
        provider = self._must_be_possible()
        step = {
            "state": secrets.token_urlsafe(24),
            "verifier": secrets.token_urlsafe(48),
            "to": _inside(request.query_params.get("to", "/")),
        }
        digest = hashlib.sha256(step["verifier"].encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": self._callback(request),
            "scope": provider.scopes,
            "state": step["state"],
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        where = await self._ask("GET", provider.url + _ADDRESSES)
        response = RedirectResponse(f"{_named(where, 'authorization_endpoint')}?{urlencode(asked)}", 303)
        return self._with_cookie(request, response, STEP, step, STEP_SECONDS)

    async def _end(self, request: Request) -> Response:
        provider, step = self._must_be_possible(), self._opened(request, STEP)
        given = request.query_params
        if step is None or not _same(step["state"], given.get("state", "")):
            raise InputError("this sign-in was not begun here, or too long ago: please begin again")
        if "code" not in given:
            raise InputError("Hugging Face did not sign you in: you can go on without, or begin again")
        where = await self._ask("GET", provider.url + _ADDRESSES)
        token = await self._ask(
            "POST",
            _named(where, "token_endpoint"),
            auth=(provider.client, provider.secret),
            data={
                "grant_type": "authorization_code",
                "code": given["code"],
                "redirect_uri": self._callback(request),
                "client_id": provider.client,
                "code_verifier": step["verifier"],
            },
        )
        bearer = {"Authorization": f"Bearer {token.get('access_token', '')}"}
        profile = await self._ask("GET", _named(where, "userinfo_endpoint"), headers=bearer)
        name = str(profile.get("preferred_username") or "")
        if not name:
            raise StoreError("Hugging Face did not say who you are: please try again")
        response = RedirectResponse(step["to"], 303)
        response.delete_cookie(STEP)
        return self._with_cookie(request, response, SESSION, {"name": name}, SESSION_SECONDS)

    async def _out(self, _request: Request) -> Response:
        response = answer({})
        response.delete_cookie(SESSION)
        return response

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=10.0) as client:
                response = await client.request(method, url, **options)
                response.raise_for_status()
                return dict(response.json())
        except (httpx.HTTPError, ValueError, TypeError):
            # The provider's words are not repeated: they may hold a code or a token.
            raise StoreError(_STRANGE) from None

    def _must_be_possible(self) -> Provider:
        if self._provider is None:
            raise InputError("there is no sign-in here, and none is needed to talk")
        return self._provider

    def _callback(self, request: Request) -> str:
        return (self._site or str(request.base_url).rstrip("/")) + CALLBACK

    def _with_cookie(
        self, request: Request, response: Response, name: str, content: dict[str, Any], seconds: int
    ) -> Response:
        until = int(self._clock()) + seconds
        packed = base64.urlsafe_b64encode(json.dumps([name, content, until]).encode()).decode()
        secure = self._callback(request).startswith("https:")
        response.set_cookie(
            name,
            f"{packed}.{self._sign(packed)}",
            max_age=seconds,
            httponly=True,
            secure=secure,
            samesite="lax",
        )
        return response

    def _opened(self, request: Request, name: str) -> dict[str, Any] | None:
        packed, _, signature = request.cookies.get(name, "").partition(".")
        if not packed or not _same(signature, self._sign(packed)):
            return None
        signed_name, content, until = json.loads(base64.urlsafe_b64decode(packed))
        return content if signed_name == name and until > self._clock() else None

    def _sign(self, packed: str) -> str:
        return hmac.new(self._key, packed.encode(), hashlib.sha256).hexdigest()


def _named(where: Mapping[str, Any], endpoint: str) -> str:
    """One of the provider's addresses."""
    if not isinstance(address := where.get(endpoint), str):
        raise StoreError(_STRANGE)
    return address


def _same(one: str, other: str) -> bool:
    """Compared in constant time, and as bytes: what a browser sends may hold any letter."""
    return hmac.compare_digest(one.encode(), other.encode())


def _inside(to: str) -> str:
    """A path of this site and of no other."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable() else "/"
