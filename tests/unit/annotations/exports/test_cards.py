from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from annotations.cards import About, card
from annotations.croissant import croissant
from annotations.exports.dataset import Request, Written, write_judged
from annotations.exports.formats import FORMATS
from annotations.exports.tables import KINDS, Kind
from mascot.conversation.personas import load_cast
from tests.fixtures.judgements import study

mlcroissant = pytest.importorskip("mlcroissant")
# mlcroissant parses with rdflib in an old way.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlcroissant", "ignore:ConjunctiveGraph")
ABOUT = About("A pilot study", "cc-by-4.0", "Somebody", Counter({"consent 1, yes to publish": 3}), "publish")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dataset")


@pytest.fixture(scope="module")
def written(folder: Path) -> Written:
    judged = study()
    return write_judged(lambda words: judged, Request(tuple(FORMATS.values()), load_cast()), folder)


@pytest.mark.parametrize("kind", KINDS)
def test_the_croissant_file_is_valid_and_every_record_can_be_read(kind: Kind, tmp_path: Path) -> None:
    judged = study()
    request = Request(tuple(FORMATS.values()), load_cast(), kinds=(kind,))
    written = write_judged(lambda words: judged, request, tmp_path)
    (tmp_path / "croissant.json").write_text(json.dumps(croissant(written, ABOUT)))
    dataset = mlcroissant.Dataset(jsonld=str(tmp_path / "croissant.json"))
    assert dataset.metadata.ctx.issues.errors == set()
    assert str(dataset.metadata.ctx.conforms_to.value).endswith("1.1")
    assert "alpha" in str(dataset.metadata.data_annotation_analysis)
    there = {
        f"{part.format.name}/{s}": (part, n) for part in written.parts for s, n in part.rows.items() if n
    }
    assert {each.uuid for each in dataset.metadata.record_sets} == set(there)
    for name, (part, rows) in there.items():
        records = list(dataset.records(name))
        assert len(records) == rows
        assert {f"{name}/{column}" for column in part.schema.names} <= set(records[0])


def test_the_card_says_licence_consent_raters_agreement_and_limits(written: Written) -> None:
    text = card(written, ABOUT)
    _, front, body = text.split("---\n", 2)
    told = yaml.safe_load(front)
    assert told["license"] == "cc-by-4.0"
    assert [each["config_name"] for each in told["configs"]] == list(FORMATS)
    for said in (
        "Licence: cc-by-4.0.",
        "3 rater(s): consent 1, yes to publish.",
        'Only answers of raters who agreed to "publish" are in the data.',
        "| simulated | 3 |",
        "3 of 3 raters are a simulation.",
        f"| better | 24 | {written.survey.alpha('better'):.3f} | {written.survey.flip_rate('better'):.3f} |",
        "dpo: left out 4 × comparison with as many votes for the one as for the other.",
    ):
        assert said in body
    for part in written.parts:
        assert all(f"| `{name}` |" in body for name in part.schema.names)


def test_without_a_licence_the_card_permits_nothing(written: Written) -> None:
    assert "nobody but its owners may use it" in card(written, About("A pilot study"))
