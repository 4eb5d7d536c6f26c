"""A page that remembers: an HTTP client that keeps every event the server has shown it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

Shown = dict[int, dict[str, Any]]
OWNER = {"X-Mascot-Owner": "0123456789abcdef" * 2}
WAIT = 20.0


class TwiceError(AssertionError):
    """An event was shown twice on one connection."""


class Page:
    """One conversation as a browser sees it, over any number of server lives."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.seen: Shown = {}
        """Every event ever shown, by number."""
        self.said: dict[str, str] = {}
        """Messages by key."""
        self.acknowledged: set[str] = set()
        """Keys of the messages the server said it has."""

    def say(self, server: str, key: str, text: str) -> int:
        """Say something; returns its number, or 0 if the server died meanwhile."""
        self.said[key] = text
        body = {"text": text, "key": key}
        try:
            answer = httpx.post(f"{server}/live/conversations/{self.id}/say", json=body, timeout=WAIT)
        except httpx.TransportError:
            return 0
        assert answer.status_code == 200, answer.text
        self.acknowledged.add(key)
        return answer.json()["seq"]

    def read(self, server: str, after: int = 0, until: str = "") -> Shown:
        """Follow the event stream until the server dies, or shows the type of event one waits for."""
        shown: Shown = {}
        url = f"{server}/live/conversations/{self.id}/events?after={after}"
        try:
            with httpx.stream("GET", url, timeout=WAIT) as response:
                assert response.status_code == 200
                for block in _blocks(response):
                    kind = block.get("event", "")
                    if "id" in block:
                        seq, event = int(block["id"]), json.loads(block["data"])["event"]
                        if seq in shown:
                            raise TwiceError(seq, event)
                        shown[seq] = self.seen[seq] = event
                        kind = event["type"]
                    if until and kind == until:
                        break
        except httpx.TransportError:
            pass
        return shown

    @contextmanager
    def watching(self, server: str) -> Iterator[None]:
        """Read along in another thread until the server dies."""
        failures: list[BaseException] = []

        def watch() -> None:
            try:
                self.read(server, max(self.seen, default=0))
            except BaseException as error:  # noqa: BLE001 - raised below
                failures.append(error)

        thread = threading.Thread(target=watch)
        thread.start()
        yield
        thread.join(WAIT)
        assert not thread.is_alive()
        if failures:
            raise failures[0]


def open_page(server: str) -> Page:
    return Page(httpx.post(f"{server}/live/conversations", headers=OWNER, timeout=WAIT).json()["id"])


def _blocks(response: httpx.Response) -> Iterator[dict[str, str]]:
    block: dict[str, str] = {}
    for line in response.iter_lines():
        name, colon, value = line.partition(": ")
        if colon and name:
            block[name] = value
        elif not line and block:
            yield block
            block = {}
