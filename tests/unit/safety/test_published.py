"""The published figures and the shipped weights, with the embedded model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mascot.engines.embedding import MiniLM
from mascot.safety import likeness
from mascot.safety.fit import fit
from mascot.safety.labelled import labelled
from mascot.safety.measure import held_out
from mascot.safety.recogniser import CrisisRecogniser

PUBLISHED = json.loads(Path("docs/results/safety.json").read_text(encoding="utf-8"))["held_out"]
TOLERANCE = 0.02  # a message or three: embeddings differ in their last digits from processor to processor


@pytest.mark.model
def test_the_held_out_half_gives_the_published_figures(recogniser: CrisisRecogniser) -> None:
    measured = held_out(recogniser)
    assert measured["recall"]["rate"] >= PUBLISHED["recall"]["rate"] - TOLERANCE
    assert measured["false_positives"]["rate"] <= PUBLISHED["false_positives"]["rate"] + TOLERANCE
    assert measured["kind_right"]["rate"] >= PUBLISHED["kind_right"]["rate"] - TOLERANCE


@pytest.mark.model
def test_every_kind_is_recognised_more_often_than_not(recogniser: CrisisRecogniser) -> None:
    by_kind = held_out(recogniser)["recall_by_kind"]
    assert set(by_kind) == set(likeness.KINDS)
    assert all(share["rate"] > 0.5 for share in by_kind.values())


def test_the_shipped_weights_belong_to_the_tuning_half() -> None:
    shipped = likeness.load()
    assert shipped.examples.shape == (len(labelled("tune")), MiniLM.dimension)
    assert shipped.votes.shape == (len(shipped.examples), 1 + len(likeness.KINDS))
    assert 0 < shipped.threshold < 1


@pytest.mark.model
@pytest.mark.long
def test_the_shipped_weights_are_what_fit_makes(embedder: MiniLM) -> None:
    shipped, made = likeness.load(), fit(embedder)
    probe = made.examples[::50]
    assert shipped.examples.shape == made.examples.shape
    np.testing.assert_allclose(shipped.scores(probe), made.scores(probe), atol=0.02)
    assert shipped.threshold == pytest.approx(made.threshold, abs=0.02)


@pytest.mark.model
def test_the_embedder_adds_crises_that_no_pattern_knows(recogniser: CrisisRecogniser) -> None:
    rows = [row for row in labelled("held_out") if row.kind]
    alone = CrisisRecogniser(None).check_all([row.text for row in rows])
    together = recogniser.check_all([row.text for row in rows])
    assert sum(each.crisis for each in together) > sum(each.crisis for each in alone)
    assert all(both.crisis for both, one in zip(together, alone, strict=True) if one.crisis)
