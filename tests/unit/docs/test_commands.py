"""Every command that README and the guides publish is one that the programs take, and runs or says why not.

The blocks of a page are run here in turn, on the machine of `reader.py`, each unless a comment before it says
`<!-- not run: REASON -->`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.docs.commands import PAGES, ROOT, Block, blocks, commands_of, inline, program, refused
from tests.unit.docs.reader import settle

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
BLOCKS = [block for page in PAGES for block in blocks(page)]
RUN_HERE = [block for block in BLOCKS if not block.not_run]
NEVER_HERE = {
    "make": "sets a virtual environment up first; what a target does is read from the Makefile, below",
    "serve": "serves until Ctrl-C; tests/slow/test_studies_killed.py starts it, and kills it",
}


def name(block: Block) -> str:
    return block.name


@pytest.mark.parametrize("block", BLOCKS, ids=name)
def test_every_published_command_is_one_that_the_program_takes(block: Block) -> None:
    assert block.commands
    assert not [why for command in block.commands if (why := refused(command, MAKEFILE))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_in_running_text_is_one_that_the_program_takes(page: Path) -> None:
    assert not [why for command in inline(page) if (why := refused(command, MAKEFILE))]


def test_every_line_of_the_makefile_is_one_that_the_program_takes() -> None:
    recipes = "\n".join(
        line[1:] for line in MAKEFILE.replace("\\\n", " ").splitlines() if line.startswith("\t")
    )
    plain = re.sub(r"\$\(or \$\(\w+\),(\w+)\)", r"\1", recipes).replace("$(BIN)/", "").replace("@", "")
    plain = re.sub(r"\$\(if [^$()]*(\$\(\w+\))?[^()]*(\([^()]*\))?[^()]*\)", "", plain)
    lines = [line for line in plain.splitlines() if line.startswith("python -m ")]
    assert len(lines) > 10
    commands = [command for line in lines for command in commands_of(line.replace("$(", "").replace(")", ""))]
    assert not [why for command in commands if (why := refused(command, MAKEFILE))]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.not_run], ids=name)
def test_a_reason_is_a_sentence_and_the_tests_it_names_exist(block: Block) -> None:
    assert len(block.not_run.split()) >= 3
    assert not [path for path in re.findall(r"tests/[\w/.]+", block.not_run) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", sorted({block.page for block in RUN_HERE}))
def test_the_commands_of_a_page_run_one_after_another(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(tmp_path, monkeypatch)
    for command in [command for block in RUN_HERE if block.page == page for command in block.commands]:
        if not any(word in NEVER_HERE for word in command):
            assert run(command) == 0, capsys.readouterr().err
            assert capsys.readouterr().out.strip() or command[0] == "cp"


def run(command: tuple[str, ...]) -> object:
    """The exit code."""
    if "-m" not in command:
        return subprocess.run(command, check=False).returncode
    at = command.index("-m") + 1
    main = program(command[at])
    assert main is not None
    try:
        return main(list(command[at + 1 :]))
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("python -m mascot chat --speak Hello", "mascot: unrecognized arguments: --speak Hello"),
        ("python -m mascot dance", "dance"),
        ("MASCOT_POLITICS=random make run", "there is no setting MASCOT_POLITICS"),
        ("make tea", "no target tea"),
        ("make space COLOUR=red", "no variable COLOUR"),
        ("python -m mascot.nowhere", "mascot.nowhere"),
        ("pytest tests/slow/test_nothing.py", "there is no tests/slow/test_nothing.py"),
        ("accelerate launch -m mascot align large dpo --out out", "--model"),
        ("python -m mascot.safety.fit --fast", "takes no arguments"),
    ],
)
def test_a_command_that_is_not_there_any_more_is_found(text: str, said: str) -> None:
    (command,) = commands_of(text)
    assert said in (refused(command, MAKEFILE) or "")


def test_a_block_is_read_as_a_shell_reads_it() -> None:
    page = (
        "<!-- not run: needs a card -->\n```sh\nMODE=x make run &   # a comment\n"
        "for a in 1 2; do\n    python -m mascot chat \\\n        --turns $a --say 'a b'\ndone; wait\n```\n"
    )
    (block,) = blocks(ROOT / "README.md", page)
    assert (block.not_run, block.line) == ("needs a card", 2)
    assert block.commands == (
        ("MODE=x", "make", "run"),
        ("python", "-m", "mascot", "chat", "--turns", "1", "--say", "a b"),
        ("wait",),
    )
