from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import krippendorff
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.exports.comparisons import Judged, comparisons
from annotations.exports.dataset import NewFolder, Request, data_file, write_data, write_judged
from annotations.exports.format import Source
from annotations.exports.formats import FORMATS
from annotations.exports.preferences import margin
from annotations.exports.speech import diverging, passage, told
from annotations.exports.splits import SPLITS, Shares
from annotations.exports.survey import Agreement, Flips, survey, wrong_label_rate
from annotations.exports.tables import Row
from annotations.records import Withdrawal
from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.errors import InputError
from tests.fixtures.judgements import put_into, study, talk

CAST = load_cast()


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return study(dialogues=8, raters=3)


@pytest.fixture
def store(tmp_path: Path, judged: list[Judged]) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'ratings.db'}") as store:
        put_into(store, judged)
        yield store


def rows(judged: list[Judged], format: str) -> list[Row]:
    return list(FORMATS[format].rows(judged, Source(survey(judged), CAST)))


@pytest.mark.parametrize("format", FORMATS)
def test_both_files_hold_the_same_rows_in_the_declared_columns(
    judged: list[Judged], format: str, tmp_path: Path
) -> None:
    written = write_judged(lambda words: judged, Request([FORMATS[format]], CAST), tmp_path)
    schema = FORMATS[format].schema(written.survey)
    assert written.rows > 0
    for split in SPLITS:
        table = pq.read_table(tmp_path / data_file(format, split, "parquet"))
        assert table.schema.names == schema.names
        lines = (tmp_path / data_file(format, split, "jsonl")).read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == table.to_pylist()


@pytest.mark.parametrize("format", FORMATS)
def test_every_row_has_a_name_of_its_own_and_names_real_answers(judged: list[Judged], format: str) -> None:
    made = rows(judged, format)
    assert len({row["row"] for row in made}) == len(made)
    answers = {rated.answer.id: rated for each in judged for rated in each.rated}
    for row in made:
        named = [answers[id] for id in row.get("answers", [row.get("answer")])]
        assert {rated.item.dialogue for rated in named} == {row["dialogue"]}
        if format != "ratings":
            assert row["raters"] == len({rated.rater.id for rated in named}) > 0


def test_a_dialogue_is_in_one_split_whatever_the_format(judged: list[Judged], tmp_path: Path) -> None:
    shares = Shares(validation=0.3, test=0.3)
    write_judged(lambda words: judged, Request(tuple(FORMATS.values()), CAST, shares=shares), tmp_path)
    found: dict[str, set[str]] = {split: set() for split in SPLITS}
    for split in SPLITS:
        for format in FORMATS:
            table = pq.read_table(tmp_path / data_file(format, split, "parquet"), columns=["dialogue"])
            found[split] |= set(table["dialogue"].to_pylist())
    assert sum(map(len, found.values())) == len(set().union(*found.values())) == 8
    assert all(found.values())


@given(st.floats(0, 0.5), st.floats(0, 0.5))
def test_the_shares_of_the_splits_are_those_asked_for(validation: float, test: float) -> None:
    shares = Shares(validation, test)
    counts: dict[str, int] = dict.fromkeys(SPLITS, 0)
    for n in range(1000):
        counts[shares.of(f"dialogue {n}")] += 1
    assert counts["validation"] / 1000 == pytest.approx(validation, abs=0.06)
    assert counts["test"] / 1000 == pytest.approx(test, abs=0.06)


def test_the_target_speaks_as_the_assistant_and_the_others_as_named_users() -> None:
    found = diverging(told(talk(1, "one")), told(talk(1, "two")), "", CAST)
    assert found is not None
    first, second = found
    assert first.prompt == second.prompt
    assert [(m["role"], m["name"]) for m in first.prompt] == [
        ("system", None),
        ("user", "person"),
        ("user", "Anchor"),
        ("user", "director"),
    ]
    assert first.prompt[-1]["content"] == "(Catalyst, critical thinker: ask what it meant, curious.)"
    assert first.completion == [
        {"role": "assistant", "name": "Catalyst", "content": "What did plant 1 stand for, one?"}
    ]
    assert second.text == "What did plant 1 stand for, two?"


def test_a_stretch_of_several_speakers_is_the_group_s() -> None:
    found = passage(told(talk(1, "one")), 1, "", CAST)
    assert found is not None
    assert found.speaker == ""
    assert [m["content"] for m in found.completion] == [
        "Anchor: That hurts, plant 1 was dear to you.",
        "Catalyst: What did plant 1 stand for, one?",
    ]


def test_the_same_words_are_no_preference() -> None:
    assert diverging(told(talk(1, "one")), told(talk(1, "one")), "", CAST) is None


def test_the_chosen_one_has_more_votes_and_ties_give_no_pair(judged: list[Judged]) -> None:
    made = {row["row"]: row for row in rows(judged, "dpo")}
    even = 0
    for each in judged:
        for comparison in comparisons(each):
            pair = "-".join(map(str, comparison.question.pair))
            row = made.get(f"dpo~{each.item.id}~{comparison.question.criterion}~{pair}")
            if comparison.winner is None:
                even += 1
                assert row is None
            else:
                assert row is not None
                assert row["chosen_arm"] == each.item.arms[comparison.winner]
                assert row["votes_chosen"] > row["votes_rejected"]
                assert row["votes_chosen"] + row["votes_rejected"] + row["ties"] == row["raters"]
    assert even > 0


@given(st.integers(0, 50), st.integers(0, 50))
def test_the_margin_is_odd_and_grows_with_the_lead(wins: int, losses: int) -> None:
    assert margin(wins, losses) == pytest.approx(-margin(losses, wins))
    assert margin(wins + 1, losses) > margin(wins, losses)


@given(st.lists(st.lists(st.integers(1, 5), max_size=5), min_size=2, max_size=12))
def test_streamed_alpha_is_krippendorff_s(units: list[list[int]]) -> None:
    paired = [unit for unit in units if len(unit) > 1]
    if len({value for unit in paired for value in unit}) < 2:
        return
    counts = np.array([[unit.count(value) for value in range(1, 6)] for unit in paired])
    for numbers, level in ((True, "interval"), (False, "nominal")):
        streamed = Agreement(numbers)
        for unit in units:
            streamed.add([float(v) for v in unit] if numbers else [str(v) for v in unit])
        expected = krippendorff.alpha(
            value_counts=counts,
            value_domain=[1, 2, 3, 4, 5],
            level_of_measurement=level,  # type: ignore[arg-type]
        )
        assert streamed.alpha == pytest.approx(expected)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3])
def test_the_measured_flip_rate_is_the_one_the_raters_have(rate: float) -> None:
    luck = np.random.default_rng(1)
    flips = Flips()
    for _ in range(4000):
        wrong = int(luck.binomial(3, rate))
        flips.add(3 - wrong, wrong)
    assert flips.rate == pytest.approx(rate, abs=0.02)


def test_a_label_is_wrong_as_often_as_its_votes_say() -> None:
    """Of simulated questions with 2 votes to 1, that share really has the wrong winner."""
    luck = np.random.default_rng(2)
    wrong = luck.binomial(3, 0.2, size=200_000)
    two_to_one = wrong[(wrong == 1) | (wrong == 2)]
    assert wrong_label_rate(2, 1, 0.2) == pytest.approx(float((two_to_one == 2).mean()), abs=0.01)


def test_withdrawn_answers_never_leave(store: Store, tmp_path: Path) -> None:
    before = write_data(store, Request([FORMATS["ratings"]], CAST), tmp_path / "before")
    store.withdraw(Withdrawal(rater="rater-1"), "gone")
    after = write_data(store, Request(tuple(FORMATS.values()), CAST), tmp_path / "after")
    assert after.survey.answers < before.survey.answers
    for split in SPLITS:
        table = pq.read_table(tmp_path / "after" / data_file("ratings", split, "parquet"))
        assert "rater-1" not in table["rater"].to_pylist()
    gone = set()
    for split in SPLITS:
        found = pq.read_table(tmp_path / "before" / data_file("ratings", split, "parquet")).to_pylist()
        gone |= {row["answer"] for row in found if row["rater"] == "rater-1"}
    for file in (tmp_path / "after").rglob("*.parquet"):
        if "answers" in pq.read_schema(file).names:
            assert not gone & {id for each in pq.read_table(file)["answers"].to_pylist() for id in each}


def test_an_export_of_nothing_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with pytest.raises(InputError, match="no answers"), NewFolder(folder) as partial:
        write_judged(lambda words: [], Request([FORMATS["dpo"]], CAST), partial)
    assert list(tmp_path.iterdir()) == []


def test_a_persona_without_a_card_is_named(judged: list[Judged], tmp_path: Path) -> None:
    few = CAST.only(["anchor"])
    with pytest.raises(InputError, match=r"item pair-0: unknown persona 'catalyst'.*--personas FOLDER"):
        write_judged(lambda words: judged, Request([FORMATS["dpo"]], few), tmp_path)


def test_a_criterion_that_is_called_as_a_column_has_a_column_of_its_own(judged: list[Judged]) -> None:
    renamed = [
        replace(
            one,
            rated=[
                rated.model_copy(
                    update={"answer": rated.answer.model_copy(update={"criterion": "agreement"})}
                )
                if rated.answer.criterion == "empathy"
                else rated
                for rated in one.rated
            ],
        )
        for one in judged
    ]
    names = FORMATS["helpsteer"].schema(survey(renamed)).names
    assert len(names) == len(set(names))
    given = [row["rating.agreement"] for row in rows(renamed, "helpsteer")]
    assert given == [row["empathy"] for row in rows(judged, "helpsteer")]
