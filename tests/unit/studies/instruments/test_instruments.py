"""The ready-made instruments: complete in both languages, honest about where they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest

from studies.design.instruments import Instrument, instruments
from studies.design.yaml_file import MistakesError, parse
from studies.instruments import question_sets

LANGUAGES = {"en", "de"}
PAPER = {
    "emotional-expressiveness",
    "empathetic-support-quality",
    "consistency",
    "response-relevance",
    "social-contribution",
    "fidelity",
    "originality-specificity",
    "relevance-coherence",
    "engagement-contribution",
}


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Every text that is given by language, wherever it stands."""
    if isinstance(value, dict):
        if set(value) & LANGUAGES:
            yield value
        else:
            for each in value.values():
                yield from texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from texts(each)


def test_every_text_a_participant_reads_is_there_in_both_languages() -> None:
    for name, found in {**instruments(), **question_sets()}.items():
        shown = list(texts(found.model_dump()))
        assert shown, name
        for text in shown:
            assert set(text) == LANGUAGES, f"{name}: {text}"
            assert all(words.strip() for words in text.values()), f"{name}: {text}"
            assert text["en"] != text["de"] or text["en"].islower(), f"{name}: {text}"


def test_every_scale_says_what_its_ends_mean() -> None:
    for name, instrument in instruments().items():
        for item in instrument.items:
            anchors = item.anchors or instrument.anchors
            assert (anchors.low and anchors.high) or item.labels or instrument.labels, f"{name}: {item.id}"


def test_no_criterion_stands_in_two_instruments() -> None:
    counts = Counter(item.id for instrument in instruments().values() for item in instrument.items)
    counts.update(
        task.id for each in question_sets().values() for task in each.tasks if task.kind != "scales"
    )
    assert [name for name, count in counts.items() if count > 1] == []


def test_the_paper_s_nine_criteria_are_there_and_no_wording_is_passed_off_as_the_paper_s() -> None:
    ready = instruments()
    found = {item.id for name in ("companion-voice", "companion-group") for item in ready[name].items}
    assert found == PAPER
    for name in ("companion-voice", "companion-group"):
        assert "ours" in ready[name].source


def test_scales_have_the_published_lengths() -> None:
    ready = instruments()
    assert (ready["epitome"].low, ready["epitome"].high, len(ready["epitome"].items)) == (0, 2, 3)
    assert (ready["empathetic-dialogues"].low, ready["empathetic-dialogues"].high) == (1, 5)
    assert len(ready["perceived-empathy"].items) == 6
    lend = ready["lend-an-ear"].items
    assert [item.reverse for item in lend] == [False] * 3 + [True] * 3


def test_the_sets_cover_every_kind_of_task_but_scales_and_text() -> None:
    kinds = {task.kind for each in question_sets().values() for task in each.tasks}
    assert kinds == {"pairwise", "ranking", "contribution", "next-speaker", "attribution", "spans", "guess"}


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("high: 2", "high: 0", 1, "must be above low"),
        ("about: turn", "about: word", 7, "about"),
        ("licence: CC0", "license: CC0", 6, "license: there is no such field"),
        ("- id: explorations", "- id: Explorations", 27, "items.2.id"),
        (
            '      - {en: "no", de: nein}\n      - {en: "in general"',
            '      - {en: "in general"',
            1,
            "2 labels",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_line_and_field(right: str, wrong: str, line: int, said: str) -> None:
    text = (files("studies.instruments") / "epitome.yaml").read_text("utf-8")
    assert right in text
    with pytest.raises(MistakesError) as caught:
        parse(text.replace(right, wrong), "mine.yaml", Instrument, {"id": "mine"})
    assert any(said in str(mistake) for mistake in caught.value.mistakes), caught.value.mistakes
    assert "mine.yaml" in str(caught.value)
    assert any(mistake.line == line for mistake in caught.value.mistakes), caught.value.mistakes
