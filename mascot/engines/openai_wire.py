"""HTTP as the `openai` engine needs it: requests, event streams, and every failure as one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from mascot.errors import EngineError, EngineTimeoutError


class RefusedError(EngineError):
    """The server understood the request and refuses it (HTTP 400, 422, or 500 with a reason)."""


class Wire:
    """A connection to an OpenAI-compatible server.

    Args:
        base_url: its address, ending in `/v1`.
        api_key: sent as a bearer token.
        timeout_seconds: longest silence.
    """

    def __init__(self, base_url: str, api_key: str, timeout_seconds: float) -> None:
        self.base_url = base_url.rstrip("/")
        self._root = self.base_url.removesuffix("/v1")
        self._timeout = timeout_seconds
        try:
            self._http = httpx.Client(
                headers={"Authorization": f"Bearer {api_key}"},
                timeout=httpx.Timeout(timeout_seconds, connect=min(10.0, timeout_seconds)),
                limits=httpx.Limits(max_connections=None),
            )
        except (ValueError, UnicodeEncodeError) as error:
            raise EngineError(f"MASCOT_API_KEY is not usable: {error}") from error

    def get(self, path: str) -> Any:
        """The JSON at a path under `/v1`."""
        with self._translated():
            return self._json(self._http.get(self.base_url + path))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer at a path under `/v1`."""
        with self._translated():
            return self._json(self._http.post(self.base_url + path, json=body))

    def post_beside(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer at a path beside `/v1`, where servers keep what OpenAI does not have."""
        with self._translated():
            return self._json(self._http.post(self._root + path, json=body))

    def events(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a streamed answer; closing this iterator closes the connection."""
        with self._translated(), self._http.stream("POST", self.base_url + path, json=body) as response:
            if not response.is_success:
                response.read()
                raise self._refusal(response)
            for line in response.iter_lines():
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    return
                event = json.loads(data)
                if not isinstance(event, dict):
                    raise TypeError("an event is no object")
                if "error" in event:
                    raise EngineError(f"{self.base_url} broke off: {_message(event)}")
                yield event

    def close(self) -> None:
        self._http.close()

    def _json(self, response: httpx.Response) -> Any:
        if not response.is_success:
            raise self._refusal(response)
        return response.json()

    def _refusal(self, response: httpx.Response) -> EngineError:
        try:
            said = _message(response.json())
        except ValueError:
            said = response.text.strip().partition("\n")[0][:200]
        said = said or response.reason_phrase
        where = str(response.request.url)
        match response.status_code:
            case 401 | 403:
                return EngineError(f"{where} refuses the key ({said}): set MASCOT_API_KEY")
            case 404:
                return EngineError(f"{where} is not there ({said}): check MASCOT_BASE_URL and MASCOT_MODEL")
            case 429:
                return EngineError(f"{where} is overloaded or the quota is used up ({said}): try again later")
            case 400 | 422 | 500:
                return RefusedError(f"{where} refused (HTTP {response.status_code}): {said}")
            case code:
                return EngineError(f"{where} failed (HTTP {code}): {said}: look at the server's log")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Errors of the network and of its language, as one line of ours."""
        try:
            yield
        except httpx.ConnectTimeout:
            raise EngineError(self._unreachable("no answer")) from None
        except httpx.TimeoutException:
            raise EngineTimeoutError(
                f"{self.base_url} was silent for {self._timeout:g} s: set MASCOT_TIMEOUT_SECONDS higher"
            ) from None
        except httpx.RemoteProtocolError as error:
            raise EngineError(f"{self.base_url} broke off its answer ({error}): try again") from None
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            raise EngineError(self._unreachable(str(error) or type(error).__name__)) from None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise EngineError(
                f"{self.base_url} does not speak the OpenAI protocol ({type(error).__name__}): "
                "check MASCOT_BASE_URL"
            ) from error

    def _unreachable(self, reason: str) -> str:
        return f"{self.base_url} cannot be reached ({reason}): start the server or set MASCOT_BASE_URL"


def _message(body: Any) -> str:
    """The server's own words, wherever it put them, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else body
    said = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    return " ".join(str(said or "").split())[:300]
