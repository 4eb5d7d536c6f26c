"""`pip install .`: the wheel has every file, and what it installs talks, checks a study and is typed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("mascot", "studies", "annotations")
_TALK = """
from pathlib import Path
import mascot
from mascot import Conversation, ScriptedEngine, Utterance
with Conversation(ScriptedEngine(["I am here."]), policy="round-robin", max_turns=1) as talk:
    print([event.text for event in talk.say("Hello") if isinstance(event, Utterance)])
print(Path(mascot.__file__).parent)
"""
_WRONG = "from mascot import Conversation\n\nwith Conversation() as talk:\n    talk.say(3)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in a copy, so that nothing is left in the checkout."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(ROOT / name, source)
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own with the wheel in it, that sees the packages of this one."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    pip("--python", str(python), "install", str(wheel))
    return python


def pip(*arguments: str) -> None:
    options = ["--no-deps", "--no-index", "--quiet"]
    place = next(i for i, word in enumerate(arguments) if word in ("wheel", "install")) + 1
    run(Path(sys.executable), "-m", "pip", *arguments[:place], *options, *arguments[place:], cwd=ROOT)


def run(python: Path, *arguments: str, cwd: Path, code: int = 0) -> str:
    """What a command printed, in a process that knows nothing of this checkout."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MASCOT_", "PYTHON"))}
    done = subprocess.run(
        [str(python), *arguments], cwd=cwd, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_has_every_file_of_every_room_and_nothing_else(wheel: Path) -> None:
    there = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there == wanted
    assert {f"{room}/py.typed" for room in ROOMS} <= there


def test_what_is_installed_talks(python: Path, tmp_path: Path) -> None:
    said = run(python, "-c", _TALK, cwd=tmp_path)
    assert said.startswith("['I am here.']")
    assert "site-packages" in said
    assert run(python.with_name("mascot"), "--version", cwd=tmp_path).startswith("mascot ")
    assert "Anchor" in run(python, "-m", "mascot", "personas", cwd=tmp_path)


def test_what_is_installed_checks_a_study_and_opens_a_store(python: Path, tmp_path: Path) -> None:
    (packages,) = (python.parents[1] / "lib").glob("python*/site-packages")
    example = packages / "studies" / "examples" / "which-group.yaml"
    assert "can be used" in run(python, "-m", "studies", "check", str(example), cwd=tmp_path)
    assert "is ready" in run(python, "-m", "annotations", "init", cwd=tmp_path)


def test_what_is_installed_is_typed(python: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(_WRONG)
    said = run(
        Path(sys.executable), "-m", "pyright", "--pythonpath", str(python), "wrong.py", cwd=tmp_path, code=1
    )
    assert 'cannot be assigned to parameter "text"' in said
    assert "1 error" in said
