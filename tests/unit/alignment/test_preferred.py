"""Systems are held to the first one in the situations that both have, by a judge that may say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.alignment.judging import criteria_of
from mascot.alignment.preferred import scores, table, wins
from mascot.evaluation import kept
from mascot.evaluation.dialogue import Dialogue, Said
from mascot.evaluation.judges.base import Case, Criterion, Judge, Verdict
from mascot.evaluation.starts import held_out_starts

STARTS = {start.id: start for start in held_out_starts()[:4]}


class Curious(Judge):
    """Likes questions, and has nothing to say of silence."""

    name = "curious"

    def knows(self, criterion: Criterion) -> bool:
        return True

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        asked = sum("?" in line.text for line in case.said)
        failed = "" if all(line.text != "…" for line in case.said) else "nothing was said"
        return Verdict(
            case=case.id,
            criterion=criterion.id,
            judge=self.name,
            score=None if failed else 1 + asked,
            failed=failed,
        )


def held(folder: Path, name: str, texts: list[str]) -> Path:
    said = [(Said(agent="anchor", text=text),) if text else () for text in texts]
    dialogues = {id: Dialogue(id=id, source="test", said=s) for id, s in zip(STARTS, said, strict=True)}
    file = folder / f"{name}.jsonl"
    kept.finish_all(lambda start: dialogues[start.id], list(STARTS.values()), file, {"model": "none"})
    return file


def test_the_same_situations_are_compared_and_no_others(tmp_path: Path) -> None:
    judge = Curious()
    assert criteria_of(judge)
    before = scores(held(tmp_path, "before", ["I see.", "Go.", "", "Why?"]), STARTS, judge)
    after = scores(held(tmp_path, "after", ["Why?", "What?", "How?", "…"]), STARTS, judge)
    first, second, third, fourth = STARTS
    assert before == {first: 1, second: 1, fourth: 2}
    assert after == {first: 2, second: 2, third: 2}
    ahead = wins(before, after)
    assert (ahead.value, ahead.n) == (1.0, 2)
    assert wins(before, before).value == 0.5
    assert "| after | 2.000 [2.000, 2.000] | 1.000 [1.000, 1.000] |" in table(
        {"before": before, "after": after}
    )


def test_rounds_of_elsewhere_are_left_out(tmp_path: Path) -> None:
    file = held(tmp_path, "some", ["Why?"] * 4)
    only = dict(list(STARTS.items())[:1])
    assert scores(file, only, Curious()) == pytest.approx(dict.fromkeys(only, 2.0))
