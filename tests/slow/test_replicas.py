"""Two apps behind the nginx of docs/scale.md: a conversation stays with one, and moves when that one dies."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.slow.client import WAIT, Page, open_page
from tests.slow.test_crash import Server, serving

NGINX = shutil.which("nginx")
DOCUMENTED = Path(__file__).parents[2] / "docs" / "scale.md"
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(folder: Path, front: int, apps: Sequence[Server]) -> str:
    """The documented one, with these ports, and a header that tells which app has answered."""
    block = re.search(r"```nginx\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    text = block[1].replace("listen 8080", f"listen 127.0.0.1:{front}")
    for documented, app in zip(("127.0.0.1:7861", "127.0.0.1:7862"), apps, strict=True):
        assert documented in text
        text = text.replace(documented, app.address.removeprefix("http://"))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    told = "add_header X-App $upstream_addr always;"
    return f"daemon off; pid {folder}/pid; events {{}}\nhttp {{ access_log off; {paths} {told}\n{text} }}"


@contextmanager
def proxy(folder: Path, apps: Sequence[Server]) -> Iterator[str]:
    """The address of nginx before these apps."""
    front = free_port()
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, front, apps))
    log = folder / "error.log"
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-e", str(log), "-c", str(file)])
    try:
        deadline = time.monotonic() + WAIT
        while not (folder / "pid").exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "nginx did not start"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{front}"
    finally:
        process.terminate()
        process.wait(WAIT)


def app_of(front: str, page: Page) -> str:
    """The app that answers for a conversation."""
    answer = httpx.get(f"{front}/live/conversations/{page.id}", timeout=WAIT, trust_env=False)
    assert answer.status_code == 200, answer.text
    return "http://" + answer.headers["X-App"].split(",")[-1].strip()


def test_a_conversation_stays_with_one_app_and_goes_on_at_the_other_when_that_one_dies(
    tmp_path: Path,
) -> None:
    store = tmp_path / "live.db"
    with serving(store) as one, serving(store) as other, proxy(tmp_path, (one, other)) as front:
        pages = [open_page(front) for _ in range(24)]
        homes = {page.id: app_of(front, page) for page in pages}
        assert set(homes.values()) == {one.address, other.address}, "both apps have work"
        assert {page.id: app_of(front, page) for page in pages} == homes, "asked again, the same app answers"

        page = next(page for page in pages if homes[page.id] == one.address)
        page.read(front, page.say(front, "key-before", "Something happened."), until="yield")
        assert any(event["type"] == "utterance" for event in page.seen.values())

        one.kill()
        assert app_of(front, page) == other.address
        before = dict(page.seen)
        said = page.say(front, "key-after-", "And then something else.")
        page.read(front, said, until="yield")
        stored = page.read(front, until="ready")
        assert all(stored[seq] == event for seq, event in before.items() if event["type"] != "speech")
        assert [e["text"] for e in stored.values() if e["type"] == "user"] == list(page.said.values())
        unmoved = [page for page in pages if homes[page.id] == other.address]
        assert {app_of(front, page) for page in unmoved} == {other.address}
