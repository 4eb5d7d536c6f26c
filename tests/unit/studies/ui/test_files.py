"""The files of a study's pages."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from mascot.errors import NotFoundError
from studies.ui.files import BORROWED, static
from studies.ui.pages import PAGES

UI = files("studies.ui")
OWN = sorted(file.name for file in (UI / "static").iterdir())


@pytest.mark.parametrize("name", [*OWN, *BORROWED])
def test_every_file_is_handed_out_and_bears_no_name_of_a_system(name: str) -> None:
    file = static(name)
    assert file.content
    assert b"mascot" not in file.content.lower()
    assert file.media.startswith(
        {"js": "text/javascript", "css": "text/css", "json": "application/json"}[
            name.rsplit(".", maxsplit=1)[-1]
        ]
    )


@pytest.mark.parametrize(
    "name", ["", "../files.py", "nothing.js", "theme.js/..", "THEME.JS", "studio.js", ".js"]
)
def test_nothing_else_is_handed_out(name: str) -> None:
    with pytest.raises(NotFoundError):
        static(name)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_only_what_is_there_and_nothing_from_elsewhere(path: str) -> None:
    text = PAGES[path].content.decode()
    assert "$" not in text
    assert "mascot" not in text.lower()
    loaded = re.findall(r'(?:src|href)="((?!data:)[^"]+)"', text)
    assert loaded
    for address in loaded:
        assert re.fullmatch(r"(\.\./)?static/[a-z.]+", address)
        static(address.rsplit("/", maxsplit=1)[-1])
    for module in (name for name in OWN if name.endswith(".js")):
        for imported in re.findall(r'from "([^"]+)"', static(module).content.decode()):
            static(imported.removeprefix("./"))


def test_all_languages_say_the_same_things_with_the_same_blanks() -> None:
    languages = {
        name: json.loads(static(name).content) for name in OWN if re.fullmatch(r"words\.\w+\.json", name)
    }
    assert len(languages) >= 2
    english = languages["words.en.json"]
    for name, words in languages.items():
        assert words.keys() == english.keys(), name
        for key, text in words.items():
            assert text.strip(), f"{name}: {key}"
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), (
                f"{name}: {key}"
            )


def test_every_sentence_that_a_page_says_exists_and_none_is_left_over() -> None:
    code = "\n".join(static(name).content.decode() for name in OWN if name.endswith(".js"))
    english = json.loads(static("words.en.json").content)
    quoted = set(re.findall(r'"([a-z][a-z0-9-]*)"', code))
    said = set(re.findall(r'\bt\("([a-z0-9-]+)"', code))
    assert said <= english.keys()
    built = ("place-", "strength-")
    assert {key for key in english if key not in quoted and not key.startswith(built)} == set()


@pytest.mark.parametrize("name", [name for name in OWN if name.endswith((".js", ".css"))])
def test_a_file_of_the_page_can_be_read_in_one_sitting(name: str) -> None:
    assert len(static(name).content.splitlines()) < 400
