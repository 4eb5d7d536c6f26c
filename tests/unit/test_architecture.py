"""Who may import whom, read from the imports themselves."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALWAYS = {"errors", "commandline"}
"""What every room may import: how a mistake is told, and how a command ends."""

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "commandline": set(),
    "settings": set(),
    "sqlite": set(),
    "conversation": set(),
    "hub": set(),
    "archive": {"hub"},
    "characters": {"conversation"},
    "engines": {"conversation", "settings"},
    "adapters": {"conversation", "engines", "hub", "settings"},
    "director": {"conversation", "engines"},
    "safety": {"conversation", "engines"},
    "live": {"conversation", "engines", "director", "safety", "sqlite"},
    "corpora": {"conversation"},
    "alignment": {
        "conversation",
        "engines",
        "director",
        "corpora",
        "adapters",
        "evaluation",
        "hub",
        "live",
        "safety",
        "settings",
    },
    "evaluation": {
        "conversation",
        "engines",
        "director",
        "corpora",
        "adapters",
        "live",
        "safety",
        "settings",
        "studio",
    },
    "bench": {"conversation", "engines", "director", "live", "settings", "corpora", "adapters"},
    "spaces": {"hub", "settings"},
    "ui": {"conversation", "live", "safety", "settings"},
    # A second door beside the page: the live loop without a journal, limited as the page's routes are; and
    # the persona editor, which tries a draft out by that loop.
    "interop": {"characters", "conversation", "director", "live", "safety", "ui"},
}
"""Rooms that know the others only through these; `studio`, `cli`, `api` and their like know everyone."""
EVERYONE = {"studio", "house", "doctor", "cli", "api", "__main__", "__init__"}
STUDIES_KNOW = {
    "conversation",
    "live",
    "settings",
    # `prepare` holds dialogues as every measurement does, on engines and adapters as the app opens them.
    "corpora",
    "engines",
    "evaluation",
    "studio",
    # Help lines behind the exit, and the recogniser where people talk live.
    "safety",
    # How routes read and answer: one way for the whole app.
    "ui",
}
MODULES = sorted((ROOT / "mascot").rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room(path: Path) -> str:
    """`mascot/engines/base.py` is in `engines`, `mascot/cli.py` in `cli`."""
    parts = path.relative_to(ROOT / "mascot").parts
    return parts[0] if len(parts) > 1 else path.stem


def imports(path: Path) -> set[str]:
    """Dotted names of everything a module imports, wherever the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} imports by a relative path: write the whole name"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_of(path: Path) -> set[str]:
    """The other rooms a module imports."""
    dotted = [module.split(".") for module in imports(path) if module.split(".")[0] == "mascot"]
    return {parts[1] for parts in dotted if len(parts) > 1} - {room(path), "__version__"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_room_imports_only_the_rooms_it_may_know(path: Path) -> None:
    if room(path) in EVERYONE:
        return
    assert room(path) in MAY_IMPORT, f"{room(path)} is a room this test has no rule for: add one"
    strangers = rooms_of(path) - MAY_IMPORT[room(path)] - ALWAYS
    assert not strangers, f"{name(path)} imports {sorted(strangers)}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_system_knows_nothing_of_the_studies_of_it(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports(path)} & {"studies", "annotations", "tests", "app"}


def test_only_the_outermost_rooms_know_the_pages() -> None:
    knowing = {room(path) for path in MODULES if "ui" in rooms_of(path)}
    assert knowing <= {"cli", "__main__", "interop"}


def test_annotations_know_records_only_and_studies_know_the_live_room_and_annotations() -> None:
    for folder, allowed in (
        # The hub is spoken with in one way: datasets, adapters, reward models, Spaces and the archive.
        ("annotations", {"conversation", "hub", "sqlite"}),
        ("studies", STUDIES_KNOW),
    ):
        for path in (ROOT / folder).rglob("*.py"):
            dotted = [module.split(".") for module in imports(path)]
            known = {parts[1] for parts in dotted if parts[0] == "mascot" and len(parts) > 1}
            assert known <= allowed | ALWAYS, name(path)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400
    assert path.name not in {"utils.py", "helpers.py", "misc.py", "common.py"}


def test_every_import_of_an_import_inside_a_function_is_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("def f():\n    from mascot.ui.page import build\n    import mascot.live as live\n")
    assert imports(module) == {"mascot.ui.page.build", "mascot.live"}
