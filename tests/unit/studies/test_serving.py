"""What a study is served from is whole, or it is not served."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.errors import InputError
from mascot.settings import Settings
from studies.design.reading import read_design
from studies.web.serving import Place, close_served, open_served
from tests.fixtures.studies import prepared, write_study


def test_a_questionnaire_that_was_not_prepared_is_said_before_anybody_comes(tmp_path: Path) -> None:
    prepared(tmp_path, questionnaire=[])
    design = read_design(write_study(tmp_path))
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(InputError, match="prepare"):
        close_served(open_served(design, Place.of(design, settings), settings))


def test_a_scale_that_was_changed_after_preparing_is_refused(tmp_path: Path) -> None:
    design, place, settings = prepared(tmp_path)
    own = tmp_path / "mine.yaml"
    own.write_text(own.read_text() + "high: 7\n")
    with pytest.raises(InputError, match="than it was prepared with"):
        close_served(open_served(read_design(design.path), place, settings))


def test_an_empty_token_file_opens_the_desk_to_nobody(tmp_path: Path) -> None:
    _, place, _ = prepared(tmp_path)
    (place.folder / "desk-token").touch()
    token = place.token()
    assert len(token) >= 20
    assert place.token() == token
    assert (place.folder / "desk-token").stat().st_mode & 0o777 == 0o600
