"""The app as it is started, on the embedded model, talks with the openai client in a stream."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

ROOT = Path(__file__).parents[2]
SAID = (
    "My best friend got engaged and I feel jealous.",
    "Should I tell her, @Catalyst?",
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[str]:
    """The app's address; its conversations are kept apart from those of the machine."""
    settings = {
        "MASCOT_STORE": f"sqlite:///{tmp_path / 'app.db'}",
        "MASCOT_PORT": "0",
        "MASCOT_MAX_TURNS": "2",
    }
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=os.environ | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert "http" in line, (tmp_path / "log").read_text()
            yield line.split(": ", 1)[1].strip()
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


@pytest.mark.model
def test_the_embedded_group_holds_a_streamed_conversation_with_the_openai_client(app: str) -> None:
    messages: list[Any] = []
    led: list[str] = []
    with OpenAI(base_url=f"{app}v1", api_key="none", max_retries=0, timeout=120) as group:
        for said in SAID:
            messages.append({"role": "user", "content": said})
            chunks = list(
                group.chat.completions.create(model="mascot-group", messages=messages, seed=7, stream=True)
            )
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            beside: dict[str, Any] = chunks[-1].mascot  # pyright: ignore
            assert 1 <= len(beside["utterances"]) <= 2
            for one in beside["utterances"]:
                assert f"**{one['name']}:** {one['text']}" in text
            assert beside["yield"]["reason"] in ("bound", "director")
            assert sum(bool(chunk.choices[0].delta.content) for chunk in chunks) >= len(beside["utterances"])
            messages.append({"role": "assistant", "content": text})
            led.append(beside["directives"][0]["agent"])
    assert led[1] == "catalyst"
    assert messages[1]["content"] != messages[3]["content"]
