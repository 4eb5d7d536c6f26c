"""Agreement of a CSV file, and what is said of one that cannot be right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from annotations.statistics.errors import StatisticsError
from annotations.statistics.long_table import LongTable, agreement_of_csv, lines

GOOD = "who,what,says,about\n" + "".join(
    f"{rater},t{item},{(item + extra) % 5 + 1},{about}\n"
    for about, extra in (("warmth", 0), ("clarity", 2))
    for item in range(10)
    for rater in ("Ada", "Bo", "Cy")
)


@pytest.fixture
def table(tmp_path: Path) -> LongTable:
    path = tmp_path / "ratings.csv"
    path.write_text(GOOD, encoding="utf-8")
    return LongTable(path, item="what", rater="who", value="says", criterion="about", level="ordinal")


def test_columns_of_any_name_are_read_and_each_criterion_is_reported(table: LongTable) -> None:
    found = agreement_of_csv(table, draws=50)
    assert [each.criterion for each in found] == ["clarity", "warmth"]
    assert [each.alpha.value for each in found] == pytest.approx([1, 1])
    assert json.loads(json.dumps([each.as_dict() for each in found]))[0]["krippendorff_alpha"]["items"] == 10


def test_the_lines_for_people_show_every_statistic(table: LongTable) -> None:
    text = "\n".join(lines(agreement_of_csv(table, draws=50)))
    for name in ("Krippendorff's α (ordinal)", "Fleiss' κ", "ICC(2,1)", "ICC(2,k)", "κ quadratic Ada – Bo"):
        assert name in text


def test_an_empty_answer_is_one_not_given(table: LongTable) -> None:
    table.path.write_text(GOOD + "Dee,t1,,warmth\n", encoding="utf-8")
    assert agreement_of_csv(table, draws=0)[1].alpha.raters == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Bo,t3,4,warmth", "Bo,t3,four,warmth"), r"row 12, column 'says': 'four' is no number"),
        (("Bo,t3,4,warmth", ",t3,4,warmth"), r"row 12, column 'who': empty"),
        (("Bo,t3,4,warmth", "Ada,t3,4,warmth"), r"row 12: rater 'Ada' answered item 't3' twice"),
        (("who,what", "whom,what"), r"no column 'who' \(--rater\); there are: whom, what, says, about"),
        (("Ada,t0,1,warmth", "Ada,t0,1,warmth,more,cells"), "row 2 has more cells than the header"),
        (("Bo,t3,4,warmth", "Bo,t3,4,warmth,more,cells"), "cannot be read as CSV: .*line 12"),
        ((GOOD, ""), "cannot be read as CSV"),
        ((GOOD, "who,what,says,about\n"), "no rows"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line_that_names_the_place(
    table: LongTable, change: tuple[str, str], message: str
) -> None:
    table.path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(StatisticsError, match=message) as caught:
        agreement_of_csv(table, draws=0)
    assert str(table.path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_one_of_other_bytes_are_refused(table: LongTable) -> None:
    with pytest.raises(StatisticsError, match="no such file"):
        agreement_of_csv(replace(table, path=table.path.with_name("none.csv")))
    table.path.write_bytes(b"who,what\n\xff\xfe\n")
    with pytest.raises(StatisticsError, match="UTF-8"):
        agreement_of_csv(table)
