"""The machine of somebody who reads the guides: files that the pages speak of, scripts for models."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import mascot.cli
import mascot.studio
import studies.cli
from annotations.records import Consent
from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.engines.base import Engine
from mascot.engines.scripted import ScriptedEngine
from mascot.evaluation.systems import System, make_system
from mascot.live import pacing
from mascot.live.journal import Journal
from mascot.live.service import Defaults
from mascot.live.speaker import INSTRUCTED
from mascot.settings import Settings
from mascot.studio import Studio
from studies.design.study import Arm
from tests.fixtures.judgements import STUDY, put_into, study
from tests.unit.annotations.imports.test_imports import ARGILLA, result, task
from tests.unit.characters.cards import SERAPHINA, picture
from tests.unit.docs.commands import ROOT
from tests.unit.live.support import all_different, open_live


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `folder` the reader's project, and script every model that a command would load."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASCOT_{name.upper()}", raising=False)
    monkeypatch.chdir(folder)
    for room in ("mascot", "studies"):
        (folder / room).symlink_to(ROOT / room)
    _write_personas(folder)
    _write_study(folder)
    _write_imports(folder)
    monkeypatch.setattr(pacing, "_AT_ONCE", 0.0)
    monkeypatch.setattr(mascot.cli, "open_studio", _scripted_studio)
    monkeypatch.setattr(studies.cli, "open_arm", _scripted_arm)
    monkeypatch.setattr(studies.cli, "fetch_embedded", lambda models: None)
    monkeypatch.setattr(mascot.studio, "select_engine", lambda settings, tell: _engine())
    monkeypatch.setattr(mascot.studio, "MiniLM", lambda folder: None)


def _write_personas(folder: Path) -> None:
    """The card that the guide shows, word for word, and one by another program."""
    guide = (ROOT / "docs" / "personas.md").read_text(encoding="utf-8")
    shown = re.search(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert shown is not None
    personas = folder / ".mascot" / "personas"
    personas.mkdir(parents=True)
    (personas / "historian.yaml").write_text(shown[1], encoding="utf-8")
    (folder / "seraphina.png").write_bytes(picture(chara=SERAPHINA))


def _write_study(folder: Path) -> None:
    example = ROOT / "studies" / "examples" / "which-group.yaml"
    (folder / "my-study.yaml").write_text(example.read_text(encoding="utf-8"), encoding="utf-8")


def _write_imports(folder: Path) -> None:
    """What other programs leave, and a store with answers in it."""
    (folder / "old.csv").write_text("id,who,score\na,ann,4\na,bob,3\n", encoding="utf-8")
    long = "item,rater,score\na,ann,4\na,bob,3\nb,ann,2\nb,bob,2\nc,ann,5\nc,bob,4\n"
    (folder / "ratings.csv").write_text(long, encoding="utf-8")
    (folder / "records.json").write_text(json.dumps(ARGILLA), encoding="utf-8")
    exported = [task(1, result("stars", "rating", rating=5), result("best", "pairwise", selected="right"))]
    (folder / "export.json").write_text(json.dumps(exported), encoding="utf-8")
    state = {"user_id": "ann", "instance_id_to_label_to_value": {"i1": {"why": {"text_box": "Because."}}}}
    (folder / "annotation_output" / "ann").mkdir(parents=True)
    (folder / "annotation_output" / "ann" / "user_state.json").write_text(json.dumps(state), encoding="utf-8")
    with Store.open(f"sqlite:///{folder / 'ratings.db'}") as store:
        put_into(store, study())
        consent = Consent(rater="rater-0", study=STUDY.id, version="1", digest="0", choices={"publish": True})
        store.add_consent(consent, "consent")


def _scripted_studio(settings: Settings, defaults: Defaults) -> Studio:
    engine = _engine()
    journal = Journal(settings.store_url)
    live = open_live(journal, engine, policy=defaults.policy, max_turns=defaults.max_turns)
    return Studio(live, engine, journal)


def _scripted_arm(name: str, arm: Arm, settings: Settings, folder: Path) -> System:
    return make_system(name, _engine(), load_cast(), INSTRUCTED, arm.policy)


def _engine() -> Engine:
    return ScriptedEngine(all_different)
