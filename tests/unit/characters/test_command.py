"""Cards in and out on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mascot import cli
from mascot.characters.files import read_file
from tests.unit.characters.cards import SERAPHINA, charx, picture, v3

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MASCOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "personas"


def test_a_card_of_another_program_is_imported_edited_exported_and_equal_outside_the_edit(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    card = tmp_path / "sera.png"
    card.write_bytes(picture(chara=SERAPHINA))
    assert cli.main(["personas", "--import", str(card)]) == 0
    out = capsys.readouterr().out
    assert "does: is missing; does_not: is missing; repertoire: is missing; tones: is missing" in out
    draft = folder / "seraphina.yaml.draft"
    assert cli.main(["personas"]) == 0, "an unfinished persona does not keep the studio from starting"
    fields = yaml.safe_load(draft.read_text())
    more = {"does": ["listens"], "does_not": ["hurry"], "repertoire": ["ask about rest"], "tones": ["quiet"]}
    draft.with_name("seraphina.yaml").write_text(yaml.safe_dump(fields | more))
    for name in ("out.png", "out.json", "out.charx"):
        assert cli.main(["personas", "--export", "seraphina", str(tmp_path / name)]) == 0
        after = read_file((tmp_path / name).read_bytes(), name).card
        assert after["data"]["extensions"].pop("mascot") == more
        if name == "out.png":
            assert after == SERAPHINA
        else:
            added = {"spec": "chara_card_v3", "spec_version": "3.0"}
            assert after == SERAPHINA | added | {"data": SERAPHINA["data"] | {"group_only_greetings": []}}


def test_one_of_the_group_goes_out_as_a_card_and_comes_back(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    for kind in ("json", "png", "charx", "yaml"):
        file, place = tmp_path / f"card.{kind}", tmp_path / kind
        assert cli.main(["personas", "--export", "action-guide", str(file)]) == 0
        assert cli.main(["personas", "--import", str(file), "--out", str(place)]) == 0
        assert "this card can be used" in capsys.readouterr().out
        assert cli.main(["personas", "--check", str(place / "action-guide.yaml")]) == 0
    assert json.loads((tmp_path / "card.json").read_text())["spec"] == "chara_card_v3"


def test_nothing_is_overwritten_and_every_refusal_is_one_line(
    folder: Path, tmp_path: Path, capsys: Captured
) -> None:
    card = tmp_path / "a.charx"
    card.write_bytes(charx(v3()))
    half = tmp_path / "half.json"
    half.write_bytes(rb'{"name": "Half", "personality": "kind \ud83d"}')
    assert cli.main(["personas", "--import", str(half)]) == 0
    assert cli.main(["personas", "--import", str(card)]) == 0
    capsys.readouterr()
    for arguments, what in (
        (["--import", str(card)], "exists already"),
        (["--import", str(tmp_path / "none.png")], "cannot be read"),
        (["--export", "nobody", str(tmp_path / "b.png")], "unknown persona"),
        (["--export", "anchor", str(tmp_path / "b.gif")], ".charx"),
        (["--export", "anchor", str(card)], "exists already"),
    ):
        assert cli.main(["personas", *arguments]) == 2
        line = capsys.readouterr().err
        assert what in line
        assert line.count("\n") == 1
