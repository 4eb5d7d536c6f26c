"""Every corpus becomes the same record, and a malformed row is refused with file, line and field."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mascot.corpora.empathetic import VALENCE
from mascot.corpora.load import load_corpus
from mascot.errors import InputError
from tests.fixtures.servers import hub, serve

DATA = Path(os.environ.get("MASCOT_DATA", "../shared/data"))
"""Corpora that may not be copied here; tests of the real ones are skipped where they are not."""
HEAD = "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n"
ED = (
    HEAD + "c1,1,proud,I won_comma_ once,7,I won_comma_ Mum!,,\nc1,2,proud,I won_comma_ once,8,Well done.,,\n"
    "c2,1,lonely,nobody,3,It is quiet here.,,\n"
)
MEETING = {
    "topic_list": [
        {"topic": "Warm-up", "relevant_text_span": [["0", "0"]]},
        {"topic": "The price", "relevant_text_span": [["1", "2"]]},
    ],
    "general_query_list": [],
    "specific_query_list": [],
    "meeting_transcripts": [
        {"speaker": "Project Manager", "content": "Okay {vocalsound} right ."},
        {"speaker": "Marketing", "content": "I think that twenty five euros is what people pay ."},
        {"speaker": "Project Manager", "content": "That 's half of what we planned , is n't it ?"},
    ],
}
SUPPORT = {
    "emotion_type": "sadness",
    "problem_type": "a break-up",
    "situation": "She left.",
    "dialog": [
        {"text": "Hello", "speaker": "usr"},
        {"text": "How are you?", "speaker": "sys", "strategy": "Question"},
    ],
}
STRANGER = {"text": "Hi", "speaker": "dog"}


def written(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


def test_all_32_emotions_have_a_valence() -> None:
    assert len(VALENCE) == 32
    assert set(VALENCE.values()) == {"positive", "negative", "neutral"}


def test_empathetic_dialogues_are_read_from_the_published_columns(tmp_path: Path) -> None:
    (tmp_path / "valid.csv").write_text(ED)
    first, second = load_corpus(str(tmp_path))
    assert (first.id, first.text, first.topic) == ("c1", "I won, Mum!", "I won, once")
    assert (first.emotion, first.valence, first.split, first.published) == (
        "proud",
        "positive",
        "valid",
        False,
    )
    assert [(turn.speaker, turn.text) for turn in first.turns] == [
        ("user", "I won, Mum!"),
        ("listener", "Well done."),
    ]
    assert second.valence == "negative"


def test_a_meeting_becomes_a_topic_its_agenda_and_its_opening(tmp_path: Path) -> None:
    (meeting,) = load_corpus(written(tmp_path / "val.jsonl", MEETING))
    assert (meeting.domain, meeting.topic, meeting.split) == ("product", "The price", "valid")
    assert "Warm-up; The price" in meeting.text
    assert "Marketing: I think that twenty five euros is what people pay." in meeting.text
    assert "vocalsound" not in meeting.text
    assert len(meeting.turns) == 3


@pytest.mark.parametrize(
    ("speaker", "domain"),
    [("PhD A", "academic"), ("Industrial Designer", "product"), ("The Chair", "committee")],
)
def test_the_domain_of_a_meeting_is_told_from_who_speaks(tmp_path: Path, speaker: str, domain: str) -> None:
    said = [{"speaker": speaker, "content": "We begin."}]
    (meeting,) = load_corpus(written(tmp_path / "val.jsonl", MEETING | {"meeting_transcripts": said}))
    assert meeting.domain == domain


def test_support_talks_keep_their_strategies(tmp_path: Path) -> None:
    (talk,) = load_corpus(written(tmp_path / "esc-valid.jsonl", SUPPORT))
    assert (talk.text, talk.topic, talk.split) == ("She left.", "a break-up", "valid")
    assert [(turn.speaker, turn.label) for turn in talk.turns] == [("user", ""), ("supporter", "Question")]
    published = SUPPORT | {
        "dialog": [
            {"speaker": "seeker", "annotation": {}, "content": "Hello\n"},
            {"speaker": "supporter", "annotation": {"strategy": "Question"}, "content": "How are you?"},
        ]
    }
    (tmp_path / "ESConv.json").write_text(json.dumps([published]))
    (other,) = load_corpus(str(tmp_path / "ESConv.json"))
    assert other.turns == talk.turns


def test_rows_of_ones_own_need_no_more_than_an_id_and_a_text(tmp_path: Path) -> None:
    (own,) = load_corpus(written(tmp_path / "mine.jsonl", {"id": "a", "text": "I am tired."}))
    assert (own.source, own.domain, own.published) == ("own", "everyday", True)


def test_our_own_corpora_load_by_name() -> None:
    for name in ("situations", "expert", "dialogues"):
        items = load_corpus(name)
        assert len({item.id for item in items}) == len(items) > 0
        assert all(item.published and item.text for item in items)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("valid.csv", ED.replace("c2,1,lonely", "c2,1,hungry"), "line 4, context: 'hungry' is none of"),
        ("valid.csv", ED.replace("c2,1,", "c2,2,"), "line 4, utterance_idx: the dialogue c2 begins with '2'"),
        ("valid.csv", ED.replace("It is quiet here.", " "), "line 4, utterance: is empty"),
        ("valid.csv", HEAD.replace("context", "contexts"), "line 1, context: this column is missing"),
        ("valid.csv", HEAD + "c1,1,proud\n", "line 2, prompt: the row ends before this column"),
        ("mine.jsonl", '{"id": "a", "text": "b"}\n{"id": "c"}\n', "line 2, text: is missing"),
        ("mine.jsonl", '{"id": "a", "text": "b", "colour": 1}\n', "line 1, colour: Extra inputs"),
        ("mine.jsonl", '{"id": "a", "text": "b"}\n{"id": ', "line 2: no JSON"),
        ("mine.jsonl", "[1]\n", "line 1: an object"),
        ("mine.jsonl", '{"id": "a", "text": "b"}\n{"id": "a", "text": "c"}\n', "id: 'a' occurs twice"),
        ("mine.jsonl", "", "is empty"),
        ("val.jsonl", json.dumps(MEETING | {"topic_list": []}), "line 1, topic_list"),
        ("esc.jsonl", json.dumps(SUPPORT | {"dialog": [STRANGER]}), "line 1, dialog.0.speaker"),
        ("esc.json", json.dumps(SUPPORT), "line 1: a list"),
    ],
)  # fmt: skip
def test_a_malformed_row_is_refused_with_file_line_and_field(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        load_corpus(str(tmp_path / name))
    assert name in str(caught.value)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_corpus_is_one_line_that_lists_what_there_is(tmp_path: Path) -> None:
    for name in ("poems", str(tmp_path / "none.csv"), str(tmp_path)):
        with pytest.raises(InputError) as caught:
            load_corpus(name)
        assert "\n" not in str(caught.value)


def test_a_data_set_of_the_hub_loads_by_its_id(tmp_path: Path) -> None:
    script = "from mascot.corpora.load import load_corpus; print(*(i.id for i in load_corpus('who/ed')))"
    with serve(hub("who/ed", {"valid.csv": ED.encode(), "README.md": b"Words."}, dataset=True)) as address:
        settings = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stdout == "c1 c2\n", done.stderr


@pytest.mark.skipif(not DATA.is_dir(), reason="the licensed corpora are not here")
def test_the_real_corpora_load_whole() -> None:
    valid = load_corpus(str(DATA / "empathetic_dialogues" / "valid.csv"))
    assert len(valid) == 2769
    assert {item.valence for item in valid} == {"positive", "negative", "neutral"}
    meetings = load_corpus(str(DATA / "qmsum" / "val.jsonl"))
    assert {item.domain for item in meetings} == {"academic", "committee", "product"}
    assert len(load_corpus(str(DATA / "esconv"))) == 326
    for domain in ("academic", "committee", "product"):
        named = load_corpus(str(DATA / "qmsum" / f"train-{domain}.jsonl"))
        assert {item.domain for item in named} == {domain}
