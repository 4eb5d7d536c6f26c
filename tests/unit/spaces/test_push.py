"""A Space pushed to a stand-in for the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from mascot.errors import HubError
from mascot.spaces.push import push
from tests.fixtures.servers import COMMIT, serve
from tests.fixtures.uploads import TOKEN, Kept, uploads


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    kept = Kept()
    writing: type = uploads(kept)

    class Hub(writing):
        def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
            tree = [{"type": "file", "path": f, "size": len(b), "oid": COMMIT} for f, b in kept.files.items()]
            self._json(
                tree
                if "/tree/" in self.path
                else {"id": "me/demo", "sha": COMMIT, "siblings": [{"rfilename": f} for f in kept.files]}
            )

    with serve(Hub) as url:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "*")
        yield kept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mascot").mkdir()
    (tmp_path / "app.py").write_text("print()\n")
    (tmp_path / "README.md").write_text("---\nsdk: gradio\n---\n")
    return tmp_path


def test_the_space_holds_exactly_what_was_assembled(kept: Kept, folder: Path) -> None:
    kept.files = {".gitattributes": b"", "old.py": b"gone", "app.py": b"old"}
    url = push(folder, ["README.md", "app.py"], "me/demo", private=True)
    assert set(kept.files) == {".gitattributes", "README.md", "app.py"}
    assert kept.files["app.py"] == b"print()\n"
    assert COMMIT in url
    assert len(kept.commits) == 1
    made = json.dumps(kept.repositories["me/demo"])
    assert '"space"' in made
    assert '"gradio"' in made


def test_a_wrong_token_is_one_line_without_the_token(
    kept: Kept, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(HubError, match="the hub refuses me/demo") as caught:
        push(folder, ["app.py"], "me/demo", private=False)
    assert "hf_wrong" not in str(caught.value)
    assert kept.commits == []
