"""A server in a process of its own, and a real browser that looks at it."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.ui.rater import Rater
from tests.ui.study_process import StudyProcess
from tests.ui.table import Table

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def studio(home: Path, *options: str) -> Iterator[str]:
    """The studio with a scripted engine; its address."""
    command = [sys.executable, "-m", "tests.ui.server", str(home), *options]
    with (home / "server.log").open("w+") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert "http" in line, f"the server did not start: {(home / 'server.log').read_text()}"
            yield line.split(": ", 1)[1].strip()
        finally:
            process.terminate()
            process.wait(10)
            process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One studio for all tests that do not need one of their own."""
    with studio(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine: install it to run the tests of the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


Opens = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Opens]:
    """Opens the page in a browser of its own; fails the test for any error in it or word to strangers."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def stranger(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:")):
            wrong.append(f"asked {request.url}")

    def visit(query: str = "", context: BrowserContext | None = None, **options: object) -> Page:
        if context is None:
            context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))  # pyright: ignore
            context.set_default_timeout(8000)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        page.on("request", stranger)
        page.goto(server + query)
        page.locator(".mascot.ready").wait_for(timeout=20_000)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def table(visit: Opens) -> Table:
    """The page, with hands."""
    return Table(visit())


def eventually(check: Callable[[], object], seconds: float = 5.0) -> None:
    """Waits for something outside the page."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def journal(server: str) -> Callable[[Page], list[dict]]:
    """What the server says was said in the page's conversation."""

    def read(page: Page) -> list[dict]:
        conversation = page.url.split("c=")[1]
        return httpx.get(f"{server}live/conversations/{conversation}/export.json").json()["events"]

    return read


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyProcess]:
    """A server with the two small studies."""
    with StudyProcess(tmp_path_factory.mktemp("study")) as process:
        yield process


Joins = Callable[..., Rater]


@pytest.fixture
def join(browser: Browser, study: StudyProcess) -> Iterator[Joins]:
    """Comes to a study in a browser of one's own; fails the test for any error in it or word to strangers."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def stranger(request: Request) -> None:
        if not request.url.startswith((study.address, "data:", "blob:")):
            wrong.append(f"asked {request.url}")

    def join(
        path: str = "closely",
        query: str | None = None,
        context: BrowserContext | None = None,
        **options: Any,
    ) -> Rater:
        if context is None:
            usual: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"}
            context = browser.new_context(**{**usual, **options})
            context.set_default_timeout(10_000)
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
        page.on("request", stranger)
        code = secrets.token_hex(4) if query is None else query
        page.goto(
            f"{study.address}/study/{path}?code={code}"
            if "/" not in path
            else f"{study.address}/study/{path}"
        )
        page.locator(".room.ready").wait_for(timeout=20_000)
        return Rater(page)

    yield join
    for context in contexts:
        context.close()
    assert not wrong
