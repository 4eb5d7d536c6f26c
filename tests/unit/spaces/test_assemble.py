"""What a Space gets, and that it gets no more."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mascot.errors import InputError
from mascot.spaces.assemble import assemble
from mascot.spaces.card import CPU_WHEELS, PYTHON, front_matter, read_front_matter, with_front_matter
from mascot.spaces.leaks import secrets_in

ROOT = Path(__file__).parents[3]
REQUIREMENTS = (ROOT / "requirements.txt").read_text()


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("space") / "out"
    assemble(ROOT, out, "cpu")
    return out


def test_a_space_has_the_app_and_no_tests(space: Path) -> None:
    names = {str(file.relative_to(space)) for file in space.rglob("*") if file.is_file()}
    assert {"app.py", "README.md", "requirements.txt", "packages.txt", "LICENSE"} <= names
    assert "mascot/ui/static/main.js" in names
    assert not [name for name in names if name.startswith(("tests", ".", "build"))]


def test_its_front_matter_is_what_the_app_is_pinned_to(space: Path) -> None:
    front = read_front_matter((space / "README.md").read_text())
    assert f"gradio=={front['sdk_version']}\n" in REQUIREMENTS
    assert front["python_version"] == PYTHON
    assert front["hf_oauth"] is True
    assert (space / front["app_file"]).is_file()
    assert len(front["short_description"]) <= 60
    assert front["models"]


def test_a_readme_that_has_front_matter_gets_it_once() -> None:
    front = front_matter(REQUIREMENTS, "cpu")
    once = with_front_matter("# Title\n\nWords.\n", front)
    assert with_front_matter(once, front) == once
    assert read_front_matter(once) == front
    assert once.endswith("---\n\n# Title\n\nWords.\n")


@pytest.mark.parametrize(("hardware", "has"), [("cpu", True), ("gpu", False), ("zero", False)])
def test_only_a_space_without_a_gpu_is_spared_cuda(hardware: str, has: bool, tmp_path: Path) -> None:
    assemble(ROOT, tmp_path / "out", hardware)  # pyright: ignore[reportArgumentType]
    requirements = (tmp_path / "out" / "requirements.txt").read_text()
    assert requirements.startswith(CPU_WHEELS) == has
    assert REQUIREMENTS in requirements


def test_every_module_that_is_imported_is_there(space: Path) -> None:
    """Nothing in a Space imports a room of ours that stayed at home."""
    missing = set()
    for file in space.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.split(".")[0] in {"mascot", "annotations", "studies", "tests"}:
                path = space / module.replace(".", "/")
                if not path.with_suffix(".py").is_file() and not path.is_dir():
                    missing.add(module)
    assert not missing


def test_what_git_does_not_know_stays_at_home(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "mascot").mkdir(parents=True)
    for name in ("app.py", "README.md", "requirements.txt", "mascot/known.py"):
        (checkout / name).write_text("gradio==6.31.0\n")
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    (checkout / "mascot" / "conversations.db").write_text("private")
    (checkout / ".env").write_text("HF_TOKEN=secret")
    assert assemble(checkout, tmp_path / "out", "cpu") == [
        "README.md",
        "app.py",
        "mascot/known.py",
        "requirements.txt",
    ]


def test_a_folder_of_somebody_elses_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds no Space"):
        assemble(ROOT, tmp_path, "cpu")
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_secret_in_a_file_stops_everything(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "README.md").write_text("words\n")
    (checkout / "requirements.txt").write_text("gradio==6.31.0\n")
    (checkout / "app.py").write_text('x = 1\nTOKEN = "hf_' + "a" * 34 + '"\n')
    subprocess.run(["git", "-C", str(checkout), "init", "-q"], check=True)
    subprocess.run(["git", "-C", str(checkout), "add", "."], check=True)
    with pytest.raises(InputError, match=r"app\.py, line 2, looks like a Hugging Face token"):
        assemble(checkout, tmp_path / "out", "cpu")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hf_" + "A1b2" * 9, "a Hugging Face token"),
        ("key=sk-" + "a1" * 20, "an OpenAI key"),
        ("AKIA" + "ABCD1234" * 2, "an AWS key"),
        ("ghp_" + "a" * 36, "a GitHub token"),
        ("-----BEGIN RSA PRIVATE " + "KEY-----", "a private key"),
        ("postgresql://anna:" + "h3bdkj33@db.example.org/x", "a password in an address"),
    ],
)
def test_secrets_are_recognised(text: str, what: str) -> None:
    assert secrets_in(f"one\ntwo {text} three\n".encode()) == [(2, what)]


def test_nothing_that_git_knows_holds_a_secret() -> None:
    """The secret scan of the whole checkout, offline."""
    listing = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True)
    names = [name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    assert len(names) > 300
    found = {name: secrets for name in names if (secrets := secrets_in((ROOT / name).read_bytes()))}
    assert not found


def test_the_command_shows_what_it_would_push(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mascot", "space", "--out", str(tmp_path / "out"), "--push", "me/demo"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "  app.py" in run.stdout
    assert run.stdout.splitlines()[-1].endswith("would be pushed to the Space me/demo: set HF_TOKEN to do so")
