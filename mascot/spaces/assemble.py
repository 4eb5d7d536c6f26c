"""What a Space gets: the app, what it imports and what it is installed with; no tests, no tools."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from mascot.errors import InputError
from mascot.spaces.card import Hardware, front_matter, requirements_for, with_front_matter
from mascot.spaces.leaks import secrets_in

ROOTS = ("mascot", "annotations", "studies")
FILES = ("app.py", "packages.txt", "LICENSE")
_IMAGE = re.compile(r"\]\((docs/images/[\w./-]+)\)")


def assemble(checkout: Path, out: Path, hardware: Hardware) -> list[str]:
    """Write a Space into a folder, which is emptied first; returns its files, sorted.

    Only files that git knows are taken, so that nothing which happens to lie about is published.

    Raises:
        InputError: this is no checkout, the folder is not one of ours, or a file holds what looks like a
            secret.
    """
    tracked = _tracked(checkout)
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    requirements = (checkout / "requirements.txt").read_text(encoding="utf-8")
    wanted = {name for name in tracked if name.split("/")[0] in ROOTS or name in FILES}
    wanted |= set(_IMAGE.findall(readme)) & tracked
    _empty(out)
    for name in sorted(wanted):
        _copy(checkout / name, out / name)
    (out / "README.md").write_text(
        with_front_matter(readme, front_matter(requirements, hardware)), encoding="utf-8"
    )
    (out / "requirements.txt").write_text(requirements_for(requirements, hardware), encoding="utf-8")
    return sorted([*wanted, "README.md", "requirements.txt"])


def _tracked(checkout: Path) -> set[str]:
    listing = subprocess.run(["git", "-C", str(checkout), "ls-files", "-z"], capture_output=True, check=False)
    names = {name for name in listing.stdout.decode().split("\0") if name and (checkout / name).is_file()}
    if "app.py" not in names:
        raise InputError(f"{checkout} is no git checkout of this project: a Space is made from one")
    return names


def _empty(out: Path) -> None:
    if out.exists():
        if any(out.iterdir()) and not (out / "app.py").is_file():
            raise InputError(f"{out} is not empty and holds no Space: name another folder")
        shutil.rmtree(out)
    out.mkdir(parents=True)


def _copy(source: Path, target: Path) -> None:
    for line, what in secrets_in(source.read_bytes()):
        raise InputError(f"{source}, line {line}, looks like {what}: nothing was published")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
